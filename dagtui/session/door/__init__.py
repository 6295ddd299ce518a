"""The door of a live run: a socket through which scripts and terminals of its own user reach it."""
