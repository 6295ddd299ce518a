"""Which parameters of a graph file and of those that it includes must be given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.graph.errors import GraphError, ValueProblem
from dagtui.graph.expressions.parameters import without_default
from dagtui.graph.toml.parse import MOST_BYTES, decode, parse, read_bytes
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path


def required_parameters(path: Path) -> tuple[str, ...]:
    """Return the parameters of a graph file that must be given. Raises GraphError if it can't be parsed."""
    shown = label(path)
    document = parse(decode(read_bytes(path, shown), shown), shown)
    names = without_default(document.tables)
    if "include" in document.tables:
        names += _required_in(document.tables["include"], path)
    return tuple(names)


def _required_in(value: object, path: Path) -> list[str]:
    """Return the parameters of the included files that must be given. Files that can't be read are left out."""
    from dagtui.graph.includes import MOST_FILES, read_entry
    from dagtui.graph.other_files import content_of

    found: list[str] = []
    waiting = [(value, path.parent, "")]
    for entries, folder, before in waiting:
        for position, table in enumerate(entries if isinstance(entries, list) else ()):
            try:
                entry = read_entry(position, table)
                inner = folder / os.path.expanduser(entry.path)
                tables = parse(decode(content_of(inner, MOST_BYTES, ""), ""), "").tables
            except (ValueProblem, GraphError):
                continue
            prefix = before + entry.prefix
            found += [prefix + name for name in without_default(tables)]
            if len(waiting) <= MOST_FILES:  # files that include each other would have no end
                waiting.append((tables.get("include"), inner.parent, prefix))
    return found
