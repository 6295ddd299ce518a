"""The traversal engine: statuses, messages, events, commands, previews, and the run that drives them.

Suggested reading order: `rules` (the numbered rules), `status` and `rules.triggers` (the tables), `messages` and
`events` (input and output), `state` (all data of a run), `rules.propagation` (statuses that follow from parents),
`traversal` (results, alarms and slots), `control` (commands). `run` adds the clock, the journal and the executor.
"""
