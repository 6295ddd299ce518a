"""The local executor: the supervisor that starts and ends processes, the reaper, and the log process."""
