"""Rows of the list of runs: number, beginning, outcome, active time, against what is usual, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.report.run_words import ending_words, when_words
from dagtui.store.summary import RunOutcome
from dagtui.text import cell_width, count, duration, fit, label
from dagtui.text.amounts import CellWidth
from dagtui.text.shortening import shortened
from dagtui.tui.lines.rows import Role, Span, muted, sign_role, spaces, width_of
from dagtui.tui.lines.share_bar import share_span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import WallTime
    from dagtui.text.look import Look

_SIGNS: Final[Mapping[RunOutcome, NodeStatus]] = {
    RunOutcome.LIVE: NodeStatus.RUNNING,
    RunOutcome.COMPLETED: NodeStatus.COMPLETED,
    RunOutcome.FAILED: NodeStatus.FAILED,
    RunOutcome.CANCELLED: NodeStatus.CANCELLED,
}
_COUNTED: Final = (
    (NodeStatus.COMPLETED, (NodeStatus.COMPLETED,)),
    (NodeStatus.FAILED, (NodeStatus.FAILED,)),
    (NodeStatus.FAILED_PARENT, (NodeStatus.FAILED_PARENT,)),
    (NodeStatus.CANCELLED, (NodeStatus.CANCELLED,)),
)
"""The columns of counts, each with the statuses that it counts."""
_NUMBER, _WHEN, _ACTIVE, _USUAL, _COUNT = (CellWidth(width) for width in (6, 13, 9, 8, 6))
_LEAST_OUTCOME: Final = 18
"""The least cells for the outcome: other columns are left out for it."""


class ListColumns(NamedTuple):
    """The columns that have room."""

    outcome: CellWidth
    has_when: bool
    has_usual: bool
    counts: int


def columns_for(width: CellWidth) -> ListColumns:
    """Return the columns of a list of that width."""
    room = width - _NUMBER - _ACTIVE - 2
    has_when = room - _WHEN >= _LEAST_OUTCOME
    room -= _WHEN * has_when
    has_usual = room - _USUAL >= _LEAST_OUTCOME
    room -= _USUAL * has_usual
    counts = max(0, min(len(_COUNTED), (room - _LEAST_OUTCOME) // _COUNT)) if has_usual else 0
    return ListColumns(CellWidth(max(4, room - counts * _COUNT)), has_when, has_usual, counts)


def list_heading(width: CellWidth, look: Look) -> list[Span]:
    """Return the names of the columns."""
    shown = columns_for(width)
    text = f"  {'#':>3} " + (f"{'began':<{_WHEN}}" if shown.has_when else "")
    text += f"{'outcome':<{shown.outcome}} {'active':>{_ACTIVE}}"
    text += f"{'usual':>{_USUAL}}" if shown.has_usual else ""
    signs = [look.glyphs.statuses[status] for status, _ in _COUNTED[: shown.counts]]
    return [muted(text + "".join(f"{sign:>{_COUNT}}" for sign in signs))]


def list_row(
    summary: RunSummary, share: float | None, now: WallTime, width: CellWidth, look: Look, *, is_whole: bool, mark: str
) -> list[Span]:
    """Return a run. `mark` stands before its number. Where it is not whole, what is not known yet is left out."""
    shown = columns_for(width)
    spans = [Span(f" {mark or ' '}"), Span(f"{summary.number:>3} ", Role.KEY if mark else Role.PLAIN)]
    if shown.has_when:
        when = when_words(summary.began, now) if summary.began is not None else ""
        spans.append(muted(f"{fit(when, CellWidth(_WHEN - 1), look):<{_WHEN}}"))
    outcome = _outcome(summary, shown.outcome, look)
    spans += [*outcome, spaces(shown.outcome - width_of(outcome) + 1)]
    active = duration(summary.seconds) if summary.seconds is not None else "" if is_whole else look.glyphs.cut
    spans.append(Span(f"{active:>{_ACTIVE}}"))
    if shown.has_usual:
        spans.append(share_span(share, _USUAL))
    return [*spans, *_counts(summary, shown.counts, is_whole=is_whole)]


def _outcome(summary: RunSummary, room: CellWidth, look: Look) -> Sequence[Span]:
    status = _SIGNS.get(summary.outcome)
    sign = Span("!", Role.WARNING) if status is None else Span(look.glyphs.statuses[status], sign_role(status))
    words = ending_words(summary)
    left = CellWidth(room - cell_width(sign.text) - 1)
    if summary.failure is not None and summary.outcome is RunOutcome.FAILED:
        name, why = (label(text, 200) for text in summary.failure)
        words = f"{shortened(name, CellWidth(max(6, left - cell_width(why) - 1)), look)} {why}"
    role = Role.WARNING if status is None else Role.PLAIN
    return sign, Span(f" {fit(words, left, look)}", role)


def _counts(summary: RunSummary, number_of_columns: int, *, is_whole: bool) -> list[Span]:
    found = []
    for status, counted in _COUNTED[:number_of_columns]:
        number = sum(summary.counts.get(one.name, 0) for one in counted)
        known = is_whole and bool(summary.counts)
        role = sign_role(status) if number and status is not NodeStatus.FAILED else Role.MUTED
        role = Role.BAD if number and status is NodeStatus.FAILED else role
        found.append(Span(f"{count(number) if known else '':>{_COUNT}}", role))
    return found
