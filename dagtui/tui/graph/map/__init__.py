"""The view Map: one place for each node, in cells that show the worst of several."""
