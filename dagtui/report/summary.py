"""Summary printed on the normal screen after a run: verdict, counts, each root failure, and how to continue."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.staleness import topmost_stale
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import limit_why, why
from dagtui.runs.resume_command import rerun_command, resume_command
from dagtui.runs.wording import counts
from dagtui.store.log_queries import ErrorLine
from dagtui.text import duration, label, plural
from dagtui.text.amounts import REMARK, CellWidth, first_of
from dagtui.text.labels import name_label
from dagtui.text.lines import for_terminal, plain_line
from dagtui.text.redraws import final_lines

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

FAILURES_SHOWN = 10
"""Most distinct failures shown."""
FAILURES_READ = 500
"""Most failures whose logs are read to find those that are alike."""
NAMED = 8
"""Nodes named after the one whose log is shown, if they failed alike."""
LINES_SHOWN = 20
TAIL_BYTES = 64 * 1024
_NAME_CELLS = CellWidth(200)

_COLOURS = {Verdict.COMPLETED: "32", Verdict.FAILED: "1;31", Verdict.CANCELLED: "33", Verdict.RUNNING: "33"}
_MARKS = {
    Verdict.COMPLETED: NodeStatus.COMPLETED,
    Verdict.FAILED: NodeStatus.FAILED,
    Verdict.CANCELLED: NodeStatus.CANCELLED,
    Verdict.RUNNING: NodeStatus.CANCELLING,
}


def exit_summary(run: RunView, look: Look, *, width: CellWidth, folder: str = "") -> str:
    """Return the summary as text with SGR codes at most. Its commands are for a shell in a folder.

    An empty folder means this process's.
    """
    headline = _headline(run, look)
    lines = [
        f"{headline}  run {run.number}, {duration(run.elapsed)}",
        f"  {counts(run.state)}",
    ]
    if run.state.ran_out_of_time:
        lines.append(f"  {limit_why(run.state)}")
    lines.append(f"  {label(run.path, 4096)}")
    # The changed file is read again when the run is resumed.
    lines += [f"  ! {notice.text}" for notice in run.notices if notice is not run.changed_file]
    groups, unread = _alike(run)
    for group in groups[:FAILURES_SHOWN]:
        failure = _failure(run, group, width, look)
        lines += ["", *map(look.written, failure)]
    left = sum(len(group.nodes) for group in groups[FAILURES_SHOWN:]) + unread
    if left:
        lines += ["", f"and {plural(left, 'more failure')}"]
    if groups:
        lines += ["", f"{headline}: {counts(run.state)}"]
    if stale := topmost_stale(run.state):
        lines += ["", f"  {_stale(run, stale, look, folder)}"]
    can_go_on = run.graph_path is not None and run.lost_record is None
    if can_go_on and run.state.verdict() is not Verdict.COMPLETED:
        lines += ["", f"to resume: {resume_command(run, look, folder=folder)}"]
    return "\n".join(lines)


def _painted(text: str, code: str, look: Look) -> str:
    return f"\x1b[{code}m{text}\x1b[m" if look.colours else text


def _headline(run: RunView, look: Look) -> str:
    verdict = run.state.verdict()
    mark = look.glyphs.statuses[_MARKS[verdict]]
    word = "left while running" if verdict is Verdict.RUNNING else verdict.value
    return _painted(f"{mark} {label(run.name)} {word}", _COLOURS[verdict], look)


def _stale(run: RunView, nodes: list[NodeIndex], look: Look, folder: str) -> str:
    """Name the nodes that are stale, because an ancestor ran again after them, and the command to rerun them."""
    names = [name_label(run.graph.labels[node]) for node in nodes[:NAMED]]
    text = f"stale: {first_of(names, len(nodes), ', ')}"
    if run.graph_path is None:
        return text
    them = "it" if len(nodes) == 1 else "them"
    return f"{text}; to run {them} again: {rerun_command(run, nodes, look, folder=folder)}"


@dataclass(frozen=True, slots=True)
class _Alike:
    nodes: list[NodeIndex]
    """In the order of the file. The first one is shown."""
    tail: list[bytes]
    """The last lines of the first node's log."""


def _alike(run: RunView) -> tuple[list[_Alike], int]:
    """Group the failures by message. Return the groups, and how many failures were not read."""
    failures = list(run.state.failures())
    groups: dict[tuple[str, str], _Alike] = {}
    for node in failures[:FAILURES_READ]:
        tail = _tail(run.log_path(node, run.state.attempt[node]))
        key = why(run.state, node, run.clock()), shape(_decisive(tail))
        group = groups.setdefault(key, _Alike([], tail))
        group.nodes.append(node)
    return list(groups.values()), len(failures) - min(len(failures), FAILURES_READ)


def _decisive(tail: list[bytes]) -> str:
    """Return the line that says what went wrong: the first that looks like an error, else the last with any text."""
    said = [line for line in tail if line.strip() and not plain_line(line).startswith(REMARK)]
    is_error = ErrorLine().matches
    return plain_line(next(filter(is_error, said), said[-1] if said else b""))


def _failure(run: RunView, group: _Alike, width: CellWidth, look: Look) -> list[str]:
    node = group.nodes[0]
    mark = look.glyphs.statuses[NodeStatus.FAILED]
    name = _painted(f"{mark} {name_label(run.graph.labels[node], _NAME_CELLS)}", "1;31", look)
    lines = [f"{name}  {label(why(run.state, node, run.clock()))}"]
    if len(group.nodes) > 1:
        lines.append(f"  {_painted(_others(run, group.nodes), '1;31', look)}")
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
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL_BYTES))
            text = file.read(TAIL_BYTES)
    except OSError:
        return []
    return final_lines(text.rstrip(b"\n"))[-LINES_SHOWN:] if text.strip() else []


_LIMIT = 500
"""Characters of a message that make its shape."""

# Each alternative is bounded by the characters it excludes, so that no input is scanned many times.
_VARYING = re.compile(
    r"(?P<path>(?<![\w/])(?:~|\.{0,2})/[^\s:'\",;()\[\]]*)"
    r"|(?P<id>\b(?=[0-9a-fA-F-]{6,}\b)(?=[a-fA-F-]*[0-9])[0-9a-fA-F-]+\b|\b0x[0-9a-fA-F]+\b)"
    r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)"
)


def shape(message: str) -> str:
    """Blank paths, identifiers and numbers in a message, so that similar messages compare equal."""
    return _VARYING.sub("#", message[:_LIMIT]).strip()
