"""The process that has a run, and the terminals attached to it."""
