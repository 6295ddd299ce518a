"""Which attempts left a log, told by the names of files alone; for when no journal tells."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dagtui.store.paths import log_name

if TYPE_CHECKING:
    from pathlib import Path

_LOG = re.compile(r"(.+)\.([1-9][0-9]{0,8})\.log")


def attempts_on_disk(log_path: Path) -> list[int]:
    """The numbers of a node's attempts that left a log, given where any one of them is."""
    found = _LOG.fullmatch(log_path.name)
    return sorted(_attempts(log_path.parent).get(found[1], ())) if found else []


class LoggedAttempts:
    """The logs of a run, looked for once."""

    def __init__(self, folder: Path) -> None:
        """The folder of all logs; what can't be read of it counts as empty."""
        self._last: dict[str, int] = {}
        try:
            names = os.listdir(folder)
        except OSError:
            return
        for name in names:
            for stem, attempts in _attempts(folder / name).items():
                self._last[f"{name}/{stem}"] = max(attempts)

    def last(self, node_label: str) -> int:
        """The last attempt of a node that left a log; 0 when none did."""
        if not self._last:
            return 0
        return self._last.get(log_name(node_label, 1).removesuffix(".1.log"), 0)


def _attempts(folder: Path) -> dict[str, list[int]]:
    """The attempts by what precedes their number in the names of their logs."""
    found: dict[str, list[int]] = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        log = _LOG.fullmatch(name)
        if log is not None:
            found.setdefault(log[1], []).append(int(log[2]))
    return found
