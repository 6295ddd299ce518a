"""A run in a process of its own, and the terminals that are lent to it."""
