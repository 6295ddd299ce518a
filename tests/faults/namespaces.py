"""Process namespaces of their own, for tests that count or choose process numbers."""

from __future__ import annotations

import os
import subprocess

# A process namespace hands its numbers out one by one, to threads, too: the last one counts all that was ever started.
OWN_NUMBERS = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--pid", "--fork"]
OWN_NUMBERS += ["--mount-proc", "--kill-child"]


def has_own_numbers() -> bool:
    """Whether this user can have a process namespace."""
    return subprocess.run([*OWN_NUMBERS, "cat", "/proc/sys/kernel/ns_last_pid"], capture_output=True).returncode == 0
