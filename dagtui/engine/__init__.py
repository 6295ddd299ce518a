"""The traversal: statuses, messages, decisions, previews, and the worker that drives a run.

To hold it in the head, read `status` and `triggers` (the tables), `messages` and `events` (what goes in and comes out),
`state` (all that is known), `propagation` (what follows from what), `traversal` (results, time and slots) and `control`
(what a person's commands do); `run` puts clock, journal and executor around them.
"""
