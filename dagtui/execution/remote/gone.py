"""Attempts that go on, and whose nodes the graph does not have any more: noted until they are known to have ended."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.execution.remote.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dagtui.text.amounts import Seconds

NAME = "gone.json"
"""The file in the folder of an executor."""
_LARGEST = 1 << 26


class GoneAttempt(NamedTuple):
    """An attempt that an earlier process of the run handed over."""

    label: str
    key: str
    grace: Seconds


def note_gone(folder: Path, gone: Iterable[GoneAttempt]) -> None:
    """Note the attempts that are to end, in place of those noted before. Raises OSError."""
    found = list(gone)
    path = folder / NAME
    if not found:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    os.makedirs(folder, 0o700, exist_ok=True)
    write_whole(path, json.dumps(found))


def gone_attempts(folder: Path) -> list[GoneAttempt]:
    """Return the attempts that are to end."""
    try:
        with open(folder / NAME, "rb") as file:
            found = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return []
    entries = found if isinstance(found, list) else []
    return [
        GoneAttempt(str(entry[0]), str(entry[1]), float(cast("float", entry[2])))
        for entry in entries
        if isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], (int, float))
    ]
