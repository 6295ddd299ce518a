"""Line painting: segments, rows, widths, wrapping and the theme."""
