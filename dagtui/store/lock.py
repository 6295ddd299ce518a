"""Whose a run directory is: the process that holds the lock on its `lock` file."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.files import open_file, read_file, write_new_file

if TYPE_CHECKING:
    from pathlib import Path

_TRIES = 20
_PAUSE = 0.005


class RunLock:
    """A lock file: the run's identifier in its first line, which never changes, and who last held it in its second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor >= 0

    def make(self, run_id: str) -> None:
        """Write a new lock file and take the lock; raises StoreError."""
        write_new_file(self.path, f"{run_id}\n".encode())
        self.take()

    def take(self) -> None:
        """Take the lock, for as long as this process lives or until `release`; raises StoreError when it is held."""
        descriptor = self._open(os.O_RDWR)
        try:
            for _ in range(_TRIES):
                if _try(descriptor, fcntl.LOCK_EX):
                    break
                time.sleep(_PAUSE)  # somebody may just be asking whether it is held
            else:
                raise StoreError(f"the run in {self.path.parent} is live: {self.holder() or 'another process'} has it")
            if os.fstat(descriptor).st_ino != os.lstat(self.path).st_ino:
                raise StoreError(f"the run in {self.path.parent} was just removed")
            run_id = os.pread(descriptor, 200, 0).partition(b"\n")[0]
            os.pwrite(descriptor, f"process {os.getpid():>10}\n".encode(), len(run_id) + 1)
        except OSError as error:
            os.close(descriptor)
            raise StoreError.of("lock", self.path, error) from error
        except StoreError:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def is_taken(self) -> bool:
        """Whether any process holds the lock, this one included."""
        if self.held:
            return True
        try:
            descriptor = open_file(self.path, os.O_RDONLY)
        except (OSError, StoreError):
            return False
        try:
            return not _try(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def run_id(self) -> str:
        """The run's identifier; raises StoreError."""
        return self._lines()[0]

    def holder(self) -> str:
        """Who took the lock last, "process 123"; empty if nobody did. Raises StoreError."""
        return " ".join(self._lines()[1].split())

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _lines(self) -> list[str]:
        try:
            content = read_file(self.path, 200)
        except OSError as error:
            raise StoreError.of("read the lock", self.path, error) from error
        return [*content.decode("ascii", "replace").split("\n"), ""]

    def _open(self, flags: int) -> int:
        try:
            return open_file(self.path, flags)
        except OSError as error:
            raise StoreError.of("open the lock", self.path, error) from error


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
