"""Below the rows of the left pane: the cells of the cursor's task, and the last minute."""
