"""The state directory that a graph file names in `[run]`: commands on a run know only the path of the file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 64 * 1024 * 1024
_MENTION = re.compile(rb"\bstate[\"']?[ \t]*=")
_known: dict[Path, str] = {}
"""What files said when they were read first: the place of a run does not move while a process has the run."""


def remember(path: Path, state: str) -> None:
    """Note what a graph that was loaded says, so that its file need not be read again."""
    _known[path] = state


def stated_folder(path: Path) -> str:
    """The `state` in `[run]` of a graph file; empty when there is none, or the file can't be read."""
    found = _known.get(path)
    if found is None:
        try:
            found = _read(path)
        except OSError:
            return ""
        _known[path] = found
    return found


def _read(path: Path) -> str:
    """Read the file without running into a pipe; raises OSError."""
    if not os.path.isfile(path):
        raise FileNotFoundError
    with path.open("rb") as file:
        return state_in(file.read(_MOST_BYTES))


def state_in(content: bytes) -> str:
    """The `state` in `[run]` of a graph's text; empty when there is none."""
    # Few files mention it, and to parse a large one takes long.
    if not _MENTION.search(content):
        return ""
    from dagtui.graph.toml import parse

    try:
        run = parse.parse(parse.decode(content, ""), "").tables.get("run")
    except GraphError:
        return ""
    state = run.get("state") if isinstance(run, dict) else None
    return state if isinstance(state, str) else ""
