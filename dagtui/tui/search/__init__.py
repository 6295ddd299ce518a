"""Find in all logs of a run: what was found, and the page that lists it."""
