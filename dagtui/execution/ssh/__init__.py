"""Attempts on other machines, which the user's own ssh reaches."""
