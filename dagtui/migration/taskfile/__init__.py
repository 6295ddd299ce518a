"""Graphs from the Taskfiles of Task (taskfile.dev, version 3)."""
