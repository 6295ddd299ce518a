"""The view Nodes: each node once, below the last node that every way to it passes."""
