"""Graphs that come from a pipe: their runs are found again by the name and the state directory in their text."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from dagtui.graph.errors import GraphError
from dagtui.graph.toml import parse
from dagtui.store.paths import piped_graph
from dagtui.store.stated import state_in

_HEADER = re.compile(rb"^[ \t]*\[", re.MULTILINE)


def identified(content: bytes, title: str) -> Path:
    """Return the path that stands for a graph with this text. `title` is its name if it does not give one."""
    return piped_graph(_name_in(content) or title, Path.cwd(), state_in(content))


def _name_in(content: bytes) -> str:
    """Return the `name` of a graph. Only the keys before the first table are parsed, because the text may be long."""
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
