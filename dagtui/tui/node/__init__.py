"""Pages about a node or a group of nodes: why, details and summaries."""
