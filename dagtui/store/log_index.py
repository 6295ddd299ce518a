"""The attempts that left a log, from the names of files alone, for use without a journal."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from dagtui.engine.messages import FIRST_ATTEMPT, NO_ATTEMPT, AttemptNumber
from dagtui.store.paths import log_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


_LOG = re.compile(r"(.+)\.([1-9][0-9]{0,8})\.log")


def attempts_on_disk(log_path: Path) -> list[AttemptNumber]:
    """Return the numbers of a node's attempts that left a log, given the path of any of its logs."""
    found = _LOG.fullmatch(log_path.name)
    return sorted(_attempts(log_path.parent).get(found[1], ())) if found else []


def last_logged(folder: Path, labels: Iterable[str]) -> list[AttemptNumber]:
    """Return the last attempt of each node that left a log below a folder, or 0. What can't be read counts as empty."""
    last: dict[str, AttemptNumber] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            last |= {f"{name}/{stem}": max(attempts) for stem, attempts in _attempts(folder / name).items()}
    if not last:
        return [NO_ATTEMPT for _ in labels]
    return [last.get(log_name(label, FIRST_ATTEMPT).removesuffix(".1.log"), NO_ATTEMPT) for label in labels]


def _attempts(folder: Path) -> dict[str, list[AttemptNumber]]:
    """Return the attempts by what precedes their number in the names of their logs."""
    found: dict[str, list[AttemptNumber]] = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        log = _LOG.fullmatch(name)
        if log is not None:
            found.setdefault(log[1], []).append(AttemptNumber(int(log[2])))
    return found
