"""Tree of nodes: its rows as flat arrays, and the pane that draws them."""
