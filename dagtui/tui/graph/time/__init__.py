"""The view Time: attempts as bars on one axis."""
