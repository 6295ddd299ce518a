"""Runs as lines of text: without a screen, after it, and beside it."""
