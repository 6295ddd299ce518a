"""The command line: each module parses one command, calls the rest, and prints."""
