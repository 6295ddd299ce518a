"""The log pane: one attempt's log, read a little at a time while it grows."""
