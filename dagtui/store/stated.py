"""What the text of a graph says about where its runs lie, read without loading the graph."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 64 * 1024 * 1024
_MENTION = rb"\bstate[\"']?[ \t]*="
_HEADER = re.compile(rb"^[ \t]*\[", re.MULTILINE)
_known: dict[Path, str] = {}
"""What files said when first read. The location of a run stays the same while a process has the run."""


def remember(path: Path, state: str) -> None:
    """Remember what a loaded graph says, so that its file need not be read again."""
    _known[path] = state


def stated_folder(path: Path) -> str:
    """Return the `state` in `[run]` of a graph file, or an empty string if there is none or the file can't be read."""
    found = _known.get(path)
    if found is None:
        try:
            found = _read(path)
        except OSError:
            return ""
        _known[path] = found
    return found


def _read(path: Path) -> str:
    """Read the file without blocking on a pipe. Raises OSError."""
    if not os.path.isfile(path):
        raise FileNotFoundError
    with path.open("rb") as file:
        return state_in(file.read(_MOST_BYTES))


def state_in(content: bytes) -> str:
    """Return the `state` in `[run]` of a graph's text, or an empty string."""
    # Few files mention it, and parsing a large one is slow.
    if not re.search(_MENTION, content):
        return ""
    from dagtui.graph.toml import parse

    try:
        run = parse.parse(parse.decode(content, ""), "").tables.get("run")
    except GraphError:
        return ""
    state = run.get("state") if isinstance(run, dict) else None
    return state if isinstance(state, str) else ""


def name_in(content: bytes) -> str:
    """Return the `name` of a graph. Only the keys before the first table are parsed, because the text may be long."""
    import tomllib

    from dagtui.graph.toml import parse

    header = _HEADER.search(content)
    head = content[: header.start()] if header else content
    try:
        name = tomllib.loads(head.decode("utf-8-sig")).get("name")
    except (ValueError, RecursionError):
        try:
            name = parse.parse(parse.decode(content, ""), "").tables.get("name")
        except GraphError:
            return ""
    return name if isinstance(name, str) else ""
