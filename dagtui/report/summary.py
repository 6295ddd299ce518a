"""Summary printed on the normal screen after a run: verdict, counts, each root failure, and how to continue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.staleness import topmost_stale
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import limit_why
from dagtui.runs.resume_command import rerun_command, resume_command
from dagtui.runs.wording import counts
from dagtui.text import duration, label, plural
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

FAILURES_SHOWN = 10
"""Most distinct failures shown."""
NAMED = 8
"""Most stale nodes named."""

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
    if next(run.state.failures(), None) is not None:
        lines += _failures(run, look, width)
        lines += ["", f"{headline}: {counts(run.state)}"]
    if stale := topmost_stale(run.state):
        lines += ["", f"  {_stale(run, stale, look, folder)}"]
    if goes_on := run.goes_on:
        lines += ["", f"  {goes_on_words(goes_on)}"]
    can_go_on = run.graph_path is not None and run.lost_record is None
    if can_go_on and run.state.verdict() is not Verdict.COMPLETED:
        lines += ["", f"to resume: {resume_command(run, look, folder=folder)}"]
    return "\n".join(lines)


def goes_on_words(counts: Mapping[str, int]) -> str:
    """Say what goes on elsewhere without this process. Safe to show."""
    from dagtui.store.summary import going_on

    return f"{going_on(counts)}: resuming the run takes them up"


def _failures(run: RunView, look: Look, width: CellWidth) -> list[str]:
    from dagtui.report.failures import failure_groups, failure_lines  # most runs have none

    lines: list[str] = []
    groups, unread = failure_groups(run)
    for group in groups[:FAILURES_SHOWN]:
        lines += ["", *map(look.written, failure_lines(run, group, width, look))]
    left = sum(len(group.nodes) for group in groups[FAILURES_SHOWN:]) + unread
    if left:
        lines += ["", f"and {plural(left, 'more failure')}"]
    return lines


def _headline(run: RunView, look: Look) -> str:
    verdict = run.state.verdict()
    mark = look.glyphs.statuses[_MARKS[verdict]]
    word = "left while running" if verdict is Verdict.RUNNING else verdict.value
    return look.painted(f"{mark} {label(run.name)} {word}", _COLOURS[verdict])


def _stale(run: RunView, nodes: list[NodeIndex], look: Look, folder: str) -> str:
    """Name the nodes that are stale, because an ancestor ran again after them, and the command to rerun them."""
    names = [name_label(run.graph.labels[node]) for node in nodes[:NAMED]]
    text = f"stale: {first_of(names, len(nodes), ', ')}"
    if run.graph_path is None:
        return text
    them = "it" if len(nodes) == 1 else "them"
    return f"{text}; to run {them} again: {rerun_command(run, nodes, look, folder=folder)}"
