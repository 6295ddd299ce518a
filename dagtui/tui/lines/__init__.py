"""Painting lines: segments, rows, widths, wrapping, the theme."""
