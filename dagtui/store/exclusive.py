"""Runs that let no other run of their graph be live. Imported only by a graph that asks for it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagtui.store.directory import held_runs
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.store.paths import make_graph_folder
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK = "exclusive.lock"


class NotAloneError(StoreError):
    """Another run of the graph is live."""


@contextmanager
def alone(graph_path: Path, resumed: Path | None = None) -> Iterator[None]:
    """Check that no run of a graph is live but the one that is resumed, and let no other such start pass meanwhile.

    The caller takes the lock of its run inside, which the next one then sees. Raises NotAloneError and StoreError.
    """
    path = make_graph_folder(graph_path) / _LOCK
    try:
        descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StoreError.of("open the lock", path, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # it is held for as long as a directory takes to make
        except OSError as error:
            raise StoreError.of("lock", path, error) from error
        for run in held_runs(graph_path):
            if run.path != resumed:
                raise NotAloneError(_words(graph_path, run.number))
        yield
    finally:
        os.close(descriptor)


def _words(graph_path: Path, number: int) -> str:
    shown = label(graph_path, 1000)
    return (
        f'run {number} of {shown} is live, and "exclusive = true" in [run] allows one live run of this graph; '
        "dagtui status reports on it, dagtui wait waits for it, dagtui cancel cancels it"
    )
