"""Files on disk: run directories, the journal, logs and the history of durations."""
