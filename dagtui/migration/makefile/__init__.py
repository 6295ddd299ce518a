"""Graphs from Makefiles. make itself reads the file, and says what it would do; none of its recipes are run."""
