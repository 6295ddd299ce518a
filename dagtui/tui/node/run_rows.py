"""Rows of the tab Runs: one for each run, with what became of a node in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import ALIVE, NodeStatus
from dagtui.graph.model import NO_NODE
from dagtui.report.run_words import when_words
from dagtui.runs.node_runs import NodeRun, failures_in_words, share_of, usual_of
from dagtui.text import duration, label, plural
from dagtui.text.amounts import CellWidth, now
from dagtui.tui.graph.amounts import SHORTEST, time_text
from dagtui.tui.lines.rows import Role, Row, Span, muted, row, spaces, status_run, width_of
from dagtui.tui.lines.share_bar import share_bar, share_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime, Seconds, WallTime
    from dagtui.text.look import Look

_WIDE: Final = CellWidth(60)
"""Columns from which there is room for bars."""
_BAR_CELLS: Final = CellWidth(10)
_SHARE: Final = CellWidth(7)
_BELOW: Final = 5
"""Where the time begins, and words below it."""


def run_now(run: RunView, node: NodeIndex, clock: ClockTime) -> NodeRun:
    """Return what became of a node in the run that is looked at, so far."""
    state = run.state
    status = state.status_of(node)
    results = run.attempts.of(node)
    seconds = results[-1].seconds if results else None
    ended = run.wall(results[-1].at) if results else None
    if status in ALIVE:
        seconds, ended = clock - state.started[node], run.wall(state.started[node])
    return NodeRun(run.number, status, state.attempt[node], ended, seconds, state.why.get(node) or "")


def _about(seconds: Seconds) -> str:
    return duration(seconds) if seconds >= SHORTEST else f"less than {duration(SHORTEST)}"


def rows_of_runs(found: Sequence[NodeRun], number: int, left_out: int, look: Look, columns: CellWidth) -> list[Row]:
    """Return a row for each run, newest first, below what is usual. `number` is the run that is looked at.

    `left_out` older runs were not looked at.
    """
    usual = usual_of(found, number)
    head = f"usually {_about(usual)}" if usual is not None else "no other run tells how long it takes"
    rows = [row(muted(", ".join(filter(None, (head, failures_in_words(found)))))), row()]
    present = now()
    for one in sorted(found, key=lambda one: -one.number):
        jump = NO_NODE if one.number == number else one.number
        rows += _rows_of(one, found, present, look, columns, jump=jump)
    if left_out:
        rows += [row(), row(muted(f"and {plural(left_out, 'older run')}: dagtui runs lists them all"))]
    return rows


def _rows_of(
    one: NodeRun, found: Sequence[NodeRun], present: WallTime, look: Look, columns: CellWidth, *, jump: int
) -> list[Row]:
    """Return the row of a run. Words that have no room behind its figures stand below them, in whole."""
    spans = _spans(one, found, present, look, columns, is_shown=jump == NO_NODE)
    said = ", ".join(_words(one, is_shown=jump == NO_NODE)) if one.status is not None else ""
    if not said:
        return [row(*spans, jump=jump, indent=_BELOW)]
    line = [*spans, muted(f"  {said}")]
    if width_of(line) <= columns:
        return [row(*line, jump=jump)]
    whole = "".join(span.text for span in line)
    return [row(*spans, jump=jump)._replace(whole=whole), row(spaces(_BELOW), muted(said), indent=_BELOW)]


def _spans(
    one: NodeRun, found: Sequence[NodeRun], present: WallTime, look: Look, columns: CellWidth, *, is_shown: bool
) -> list[Span]:
    number = Span(f"{one.number:>3} ", Role.PLAIN if is_shown else Role.LINK)
    when = muted(f" {when_words(one.ended, present) if one.ended else '':<13}")
    if one.status is None:
        return [number, when, muted("not part of it" if one.is_readable else label(one.why, 200))]
    share = share_of(found, one)
    times = time_text(one.seconds) if one.seconds is not None else ""
    spans = [number, when, status_run(one.status, look), Span(f" {times:>8}")]
    spans.append(share_span(share, _SHARE))
    if columns >= _WIDE:
        spans.append(muted(f" {share_bar(share, _BAR_CELLS, look):<{_BAR_CELLS}}"))
    return spans


def _words(one: NodeRun, *, is_shown: bool) -> list[str]:
    words = ["this run"] if is_shown else []
    if one.attempts > 1:
        words.append(plural(one.attempts, "attempt"))
    if one.why and one.why != "succeeded" and one.status is not NodeStatus.RUNNING:
        words.append(label(one.why, 200))
    return words
