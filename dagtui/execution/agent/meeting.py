"""Where a hub and the joints of connections meet: files in the spool, and the lock under which hubs begin and end."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET = "socket"
"""The hub's socket. It is named relative to the spool, because the path of a socket has to be short."""
MACHINE = "machine"
"""The file with the name of the hub's machine. Machines may share a home directory."""
_LOCK = ".lock"


@contextmanager
def beginning_and_ending(path: str) -> Iterator[None]:
    """Hold the lock under which hubs begin and end."""
    lock = os.open(os.path.join(os.path.dirname(path), _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:  # noqa: SIM105 - contextlib.suppress would hide what this is about
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(lock)
