"""Runs as lines of text and JSON: without a screen, after it, and beside it."""
