"""What became of the last run, as cheaply as possible: looked at on every launch."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from dagtui.store.directory import runs
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.store.journal import is_whole

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.directory import RunDirectory

_TAIL = 65_536


class NothingToResumeError(StoreError):
    """There is no run to go on with, or nothing left to do in it; one line says which, and what to do."""

    def __init__(self, text: str, *, completed: bool) -> None:
        """`completed`: the last run did all that there is to do."""
        super().__init__(text)
        self.completed = completed


def last_directory(graph_path: Path) -> RunDirectory | None:
    """The directory of the last run of a graph file; raises StoreError."""
    found = runs(graph_path)
    return found[-1] if found else None


def ending(directory: RunDirectory) -> str | None:
    """How a run stood when it was closed: completed, failed, cancelled or running; None: it never was.

    Only the end of its journal is read.
    """
    try:
        with open(open_file(directory.journal_path, os.O_RDONLY), "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            line = file.read().removesuffix(b"\n").rpartition(b"\n")[2]
    except (OSError, StoreError):
        return None
    try:
        record = json.loads(line) if is_whole(line) else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("what") != "ended":
        return None
    return str(record.get("verdict", record.get("why", "")))
