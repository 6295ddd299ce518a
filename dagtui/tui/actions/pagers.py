"""Pagers: how to open a file at a line."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_EDITORS = frozenset({"emacs", "micro", "nano", "nvim", "vi", "view", "vim", "vimpager"})
_BY_LINE = _EDITORS | {"moar", "moor", "more", "most", "w3m"}
"""Programs that take `+N` for the line to begin at."""


class PagedLine(NamedTuple):
    """A line of a log file, as programs can find it."""

    offset: int
    """Where it starts in the file, in bytes."""
    number: int | None
    """Which line of the file it is, from 1. None: unknown."""
    last: bool
    """Whether the end is shown."""


def place_in_pager(program: str, line: PagedLine | None, path: str | None) -> Sequence[str]:
    """Return the arguments with which a pager opens a file at a line, or none if it can't, or if it isn't known how.

    less finds bytes, so that lines that were drawn over don't mislead it. `path` is where programs are looked for.
    """
    if line is None:
        return ()
    name = _real_name(program, path)
    if name == "less":
        return ("+G",) if line.last else (f"+{line.offset}P",) if line.offset else ()
    return (f"+{line.number}",) if name in _BY_LINE and line.number is not None else ()


def _real_name(program: str, path: str | None) -> str:
    """Return the name of a program, by which it behaves. The one of busybox takes no such arguments."""
    found = shutil.which(program, path=path)
    if found is not None and os.path.basename(os.path.realpath(found)) == "busybox":
        return "busybox"
    return os.path.basename(program)
