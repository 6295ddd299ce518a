"""The traversal: statuses, messages, decisions, previews, and the worker that drives a run."""
