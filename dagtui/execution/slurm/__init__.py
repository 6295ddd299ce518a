"""Attempts as jobs of Slurm, by its commands: sbatch, squeue, scancel, scontrol."""
