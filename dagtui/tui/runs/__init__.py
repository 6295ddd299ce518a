"""Screen of the runs of a graph: list, grid of tasks and runs, comparison."""
