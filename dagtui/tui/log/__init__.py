"""Log pane: one attempt's log, read in small steps while it grows."""
