"""Runs as text and JSON: progress lines, lists, plans, logs and the summary."""
