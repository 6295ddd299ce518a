"""Executors: how attempts become processes, and how none of these outlives its node."""
