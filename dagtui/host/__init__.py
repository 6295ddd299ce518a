"""The process that has a run, and the terminals that are attached to it."""
