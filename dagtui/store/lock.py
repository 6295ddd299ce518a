"""The lock of a run directory: the process that holds the lock on its `lock` file owns the run."""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.files import open_file, read_file, write_new_file
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LARGEST = 200
_TRIES = 20
_PAUSE = 0.005


class RunLock:
    """A lock file. Its first line is the run's identifier and never changes. The second line is the last holder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor >= 0

    def make(self, run_id: str) -> None:
        """Write a new lock file and take the lock. Raises StoreError."""
        write_new_file(self.path, f"{run_id}\n".encode())
        self.take()

    def rewrite(self, run_id: str) -> None:
        """Write the file that this object holds again. Raises StoreError."""
        content = f"{run_id}\n{_holder_line()}".encode()
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, content, 0)
        except OSError as error:
            raise StoreError.of("write the lock", self.path, error) from error

    def take(self) -> None:
        """Take the lock until `release` or until this process ends. Raises StoreError if it is held."""
        self._hold(os.O_RDWR, "open the lock", self._seize)

    def claim(self) -> None:
        """Lock a file that is not a lock file, without writing to it. Raises StoreError if it is locked."""
        self._hold(os.O_RDONLY, "open", self._lock_only)

    def _hold(self, flags: int, action: str, lock: Callable[[int], None]) -> None:
        try:
            descriptor = open_file(self.path, flags)
        except OSError as error:
            raise StoreError.of(action, self.path, error) from error
        with ExitStack() as failing:
            failing.callback(os.close, descriptor)
            try:
                lock(descriptor)
            except OSError as error:
                raise StoreError.of("lock", self.path, error) from error
            failing.pop_all()
        self._descriptor = descriptor

    def _lock_only(self, descriptor: int) -> None:
        if not any(_tries(descriptor)):
            raise StoreError(f"the run in {self._where()} is live: another process writes its {self.path.name}")

    def _seize(self, descriptor: int) -> None:
        if not any(_tries(descriptor)):
            raise StoreError(f"the run in {self._where()} is live: {self.holder() or 'another process'} has it")
        if os.fstat(descriptor).st_ino != os.lstat(self.path).st_ino:
            raise StoreError(f"the run in {self._where()} was just removed")
        run_id = os.pread(descriptor, _LARGEST, 0).partition(b"\n")[0]
        if _RUN_ID.fullmatch(run_id.decode("ascii", "replace")):
            os.pwrite(descriptor, _holder_line().encode(), len(run_id) + 1)

    def is_there(self) -> bool:
        """Return whether the file that this object holds is still at its path. True if it holds none."""
        if not self.held:
            return True
        try:
            return os.fstat(self._descriptor).st_ino == os.lstat(self.path).st_ino
        except OSError:
            return False

    def is_taken(self) -> bool:
        """Return whether any process holds the lock, this process included."""
        if self.held:
            return True
        try:
            descriptor = open_file(self.path, os.O_RDONLY)
        except (OSError, StoreError):
            return False
        try:
            return not _try(descriptor, fcntl.LOCK_SH)
        except OSError:  # this file system can't lock files
            return False
        finally:
            os.close(descriptor)

    def run_id(self) -> str:
        """Return the run's identifier. Raises StoreError, also if the file has none."""
        found = self._lines()[0]
        if not _RUN_ID.fullmatch(found):
            raise StoreError(f"the lock {label(self.path, 1000)} is damaged: it does not name its run")
        return found

    def holder(self) -> str:
        """Return who took the lock last, such as "process 123", or an empty string. Safe to show. Raises StoreError."""
        return label(" ".join(self._lines()[1].split()))

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def _where(self) -> str:
        return label(self.path.parent, 1000)

    def _lines(self) -> list[str]:
        try:
            content = read_file(self.path, _LARGEST)
        except OSError as error:
            raise StoreError.of("read the lock", self.path, error) from error
        return [*content.decode("ascii", "replace").split("\n"), ""]


def _holder_line() -> str:
    return f"process {os.getpid():>10}\n"


def _tries(descriptor: int) -> Iterator[bool]:
    """Try a few times, because another process may just be testing whether the lock is held."""
    yield _try(descriptor, fcntl.LOCK_EX)
    for _ in range(_TRIES):
        time.sleep(_PAUSE)  # waiting in flock(2) itself could take for ever
        yield _try(descriptor, fcntl.LOCK_EX)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
