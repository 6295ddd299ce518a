"""Graphs that come from a pipe: what their text says about itself, by which their runs are found again."""

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
    """The path that stands for a graph with this text; `title` is its name if it gives none."""
    return piped_graph(_name_in(content) or title, Path.cwd(), state_in(content))


def _name_in(content: bytes) -> str:
    """The `name` of a graph. Keys of the top stand before the first table: a long text is not parsed twice."""
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
