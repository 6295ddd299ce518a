"""Matrices: axes, their cells, and selecting nodes by label, axis and pattern."""
