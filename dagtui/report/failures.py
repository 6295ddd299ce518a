"""The failures in a run's summary: those that are alike once, with the end of a log. Most runs need none of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.engine.why import why
from dagtui.report.decisive_lines import decisive_of, tail_of
from dagtui.text import label, plural
from dagtui.text.amounts import CellWidth, first_of
from dagtui.text.labels import name_label
from dagtui.text.lines import for_terminal, plain_line
from dagtui.text.shapes import shape

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

FAILURES_READ = 500
"""Most failures whose logs are read to find those that are alike."""
NAMED = 8
"""Nodes named after the one whose log is shown, if they failed alike."""
LINES_SHOWN = 20
_NAME_CELLS = CellWidth(200)
_RED = "1;31"


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures with the same message."""

    nodes: list[NodeIndex]
    """In the order of the file. The first one is shown."""
    tail: list[bytes]
    """The last lines of the first node's log."""


def failure_groups(run: RunView) -> tuple[list[FailureGroup], int]:
    """Group the failures by message. Return the groups, and how many failures were not read."""
    failures = list(run.state.failures())
    groups: dict[tuple[str, str], FailureGroup] = {}
    for node in failures[:FAILURES_READ]:
        tail = _tail(run.log_path(node, run.state.attempt[node]))
        key = why(run.state, node, run.clock()), shape(decisive_of(tail))
        group = groups.setdefault(key, FailureGroup([], tail))
        group.nodes.append(node)
    return list(groups.values()), len(failures) - min(len(failures), FAILURES_READ)


def failure_lines(run: RunView, group: FailureGroup, width: CellWidth, look: Look) -> list[str]:
    """Return what is said about failures that are alike: the first one, and the end of its log."""
    node = group.nodes[0]
    mark = look.glyphs.statuses[NodeStatus.FAILED]
    name = look.painted(f"{mark} {name_label(run.graph.labels[node], _NAME_CELLS)}", _RED)
    lines = [f"{name}  {label(why(run.state, node, run.clock()))}"]
    if len(group.nodes) > 1:
        lines.append(f"  {look.painted(_others(run, group.nodes), _RED)}")
    path = run.log_path(node, run.state.attempt[node])
    for line in group.tail:
        shown = for_terminal(line) if look.colours else label(plain_line(line), width)
        lines.append(f"  │ {shown}")
    if os.path.exists(path):
        lines.append(f"  log: {label(path, 4096)}")
    return lines


def _others(run: RunView, nodes: list[NodeIndex]) -> str:
    """Name the other nodes that failed alike: the first ones by name, then a count."""
    names = [name_label(run.graph.labels[node]) for node in nodes[1 : NAMED + 1]]
    return f"{plural(len(nodes), 'node')} failed alike, also {first_of(names, len(nodes) - 1)}"


def _tail(path: Path) -> list[bytes]:
    """Return the last lines of a log. Reads only its end."""
    try:
        with path.open("rb") as file:
            return tail_of(file)[-LINES_SHOWN:]
    except OSError:
        return []
