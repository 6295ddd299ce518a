"""Executors on other machines: what SSH, Slurm and Dask have in common on this side."""
