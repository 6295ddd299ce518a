"""Executors: they run attempts as processes, and ensure that no process outlives its node."""
