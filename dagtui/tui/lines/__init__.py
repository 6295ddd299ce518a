"""Line painting: spans, rows, the painter, widths, wrapping and the theme."""
