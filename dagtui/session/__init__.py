"""The owner of a live run: whoever shows it may come and go."""
