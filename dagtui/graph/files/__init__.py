"""The files that tasks read and write: paths, patterns, and the edges that follow from them."""
