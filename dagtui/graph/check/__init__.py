"""Checking a graph: diagnostics, suggestions, words of other tools."""
