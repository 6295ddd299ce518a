"""The view Tasks: families of nodes in the order of the graph, with lanes of edges and strips of cells."""
