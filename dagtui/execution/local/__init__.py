"""The executor of this machine: the supervisor that starts and ends processes, and the log process."""
