"""Judges from what files hold whether a node is up to date, before another executor would run it."""
