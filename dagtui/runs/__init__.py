"""Runs: looking at one, driving one, and what became of the one before."""
