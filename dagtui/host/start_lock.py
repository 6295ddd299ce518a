"""Lock that serialises the launch of a graph: of two processes that race, one starts the run and the other attaches."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, Self

from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.store.paths import make_graph_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class StartLock:
    """The lock on a graph's folder, held from the check for live runs until the run's control socket is open.

    It belongs to the open file, which a forked process shares. It is free when both have closed it.
    """

    def __init__(self, graph_path: Path) -> None:
        """Create the graph's folder if necessary, and wait for the lock. Raises StoreError."""
        path = make_graph_folder(graph_path) / "start.lock"
        try:
            self._descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError.of("lock", path, error) from error

    def let_go(self) -> None:
        """Close this process's copy of the lock. Calling it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.let_go()
