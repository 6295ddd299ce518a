"""Graphs from the files of other tools."""
