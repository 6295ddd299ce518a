"""What became of the last run, and going on with it."""
