"""The rules of the traversal: what follows from what, when a node may run, and which commands are refused."""
