"""Header above a log: node, attempt and status, and how the log is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import word_for
from dagtui.text import cell_width, count, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import told_apart
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import Role, Span, muted, node_sign, spaces, status_run, width_of
from dagtui.tui.log.empty_log import spent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.log.hits import Finder
    from dagtui.tui.log.view import LogView


NAME_CELLS = CellWidth(12)
"""Cells of a node's name that always stay."""


class HeaderLine(PaintedRows, can_focus=False):
    """One row: the subject on the left, the display settings on the right. The left is shortened first."""

    def __init__(self, look: Look = IN_UNICODE) -> None:
        super().__init__(look)
        self._left: Sequence[Span] = ()
        self._right: Sequence[Span] = ()

    def set_runs(self, left: Sequence[Span], right: Sequence[Span]) -> None:
        """Show other spans."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the row."""
        right = list(self._right)
        while right and width_of(right) > width * 2 // 3:
            right.pop(0)
        room = width - width_of(right) - (1 if right else 0)
        left: list[Span] = []
        for run in _with_short_name(self._left, room, self.look):
            shown = fit(run.text, room, self.look)
            left.append(run._replace(text=shown))
            room -= cell_width(shown)
            if shown != run.text:
                break
        gap = spaces(width - width_of(left) - width_of(right))
        return [self.painter.strip([*left, gap, *right], width)][:height]


def heading(run: RunView, node: NodeIndex, attempt: AttemptNumber, clock: ClockTime, look: Look) -> list[Span]:
    """Return node, status and attempt."""
    state = run.state
    latest = state.attempt[node]
    result = run.attempts.result(node, attempt) if attempt != latest else None
    status = result.status if result else state.status_of(node)
    sign = status_run(status, look) if result else node_sign(state, node, look)
    runs = [
        Span(f"{sign.text} ", sign.role),
        Span(label(run.graph.labels[node], NAME_CHARACTERS), Role.HEADING),
    ]
    if latest > 1:
        # Failed attempts show how many there may be: "attempt 1 of 3".
        earlier = attempt != latest
        words = f"  attempt {attempt}, the latest is {latest}" if earlier else f"  attempt {attempt}"
        runs.append(Span(words, Role.WARNING if earlier else Role.PLAIN))
    time = "" if result else spent(run, node, clock)
    word = "stale" if status is NodeStatus.COMPLETED and state.stale[node] else word_for(state, node)
    place = "" if result else _place(state, node)
    runs.append(muted(f"  {NOT_SELECTED if state.is_outside(node) else word}{place}{time}"))
    return runs


def _place(state: RunState, node: NodeIndex) -> str:
    """Return on which machine the attempt runs or ran, or on whose queue it waits."""
    if node in state.queued_since:
        return f" on {label(state.executor_of[node])}"
    where = state.where.get(node, "") if state.attempt[node] else ""
    return f" on {label(where)}" if where else ""


def indicators(view: LogView, note: str) -> list[Span]:
    """Return what to show of the log's display state. The first ones are dropped in narrow headers."""
    found: list[Span] = []
    log, finder = view.document.log, view.finder
    if log is not None and log.exists and not log.complete:
        found.append(muted(f" indexing {log.progress:.0%}"))
    if view.document.column:
        found.append(muted(f" from column {view.document.column + 1}"))
    if finder is not None:
        found.append(muted(f" {label(finder.text, 20)}"))
        found.append(Span(f" {_hits(finder)}", Role.KEY if finder.found else Role.WARNING))
        if view.hit_is_overwritten:
            found.append(muted(" overwritten since"))
    if note:
        found.append(Span(f" {note}", Role.WARNING))
    if selected := view.cursor.selected:
        found.append(Span(f" {plural(selected[1] - selected[0] + 1, 'line')} selected", Role.KEY))
    if view.lines_below:
        found.append(Span(f" +{plural(view.lines_below, 'line')}", Role.WARNING))
    elif not view.follows and view.line_count and not selected:
        found.append(muted(" not following"))
    return found


def _hits(finder: Finder) -> str:
    """Return the number of the current hit, the number of hits, and the share of the log searched so far."""
    number, total, progress = finder.tally()
    words = f"{count(number)}/{count(total)}" if number else plural(total, "hit")
    if progress < 1:
        return f"{words} ({progress:.0%})"
    return words if total else "no hits"


def _with_short_name(runs: Sequence[Span], room: CellWidth, look: Look) -> list[Span]:
    """Return the spans with the name shortened, so that the status after it fits. Its last parts say most."""
    excess = width_of(runs) - room
    if excess <= 0:
        return list(runs)
    return [
        run._replace(text=told_apart(run.text, max(NAME_CELLS, cell_width(run.text) - excess), (), (), look))
        if run.role == Role.HEADING and cell_width(run.text) > NAME_CELLS
        else run
        for run in runs
    ]
