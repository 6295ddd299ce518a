"""What lies on disk: run directories, the journal, logs, the history of durations."""
