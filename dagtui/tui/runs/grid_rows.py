"""Rows of the grid: a task in each run, and its time in one of them against what is usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.runs.run_grid import against
from dagtui.text import plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import time_text
from dagtui.tui.lines.rows import Role, Span, muted, sign_role, spaces, width_of
from dagtui.tui.lines.share_bar import share_bar, share_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.status import NodeStatus
    from dagtui.runs.run_grid import GridRow
    from dagtui.text.look import Look

_TIME: Final = 10
_SHARE: Final = CellWidth(8)
_ATTEMPTS: Final = 9
_BAR: Final = CellWidth(14)
_LEAST_NAME, _MOST_NAME = 14, 44
_NAME_CELLS: Final = CellWidth(200)
_CELL: Final = CellWidth(2)
"""Cells of a run's column with a number of one digit."""


class GridColumns(NamedTuple):
    """The columns that have room."""

    name: CellWidth
    runs: int
    """How many runs are shown, the newest ones."""
    run: CellWidth
    """Cells of each of them."""
    has_bar: bool
    has_attempts: bool


def columns_for(width: CellWidth, runs: int, widest_number: int) -> GridColumns:
    """Return the columns of a grid of that width."""
    run = max(_CELL, CellWidth(len(str(widest_number)) + 1))
    room = width - 2 - _TIME - _SHARE
    least = _LEAST_NAME + run * min(runs, 3)
    has_attempts = room - _ATTEMPTS >= least + 4 * run
    room -= _ATTEMPTS * has_attempts
    has_bar = room - _BAR - 2 >= least + 4 * run
    room -= (_BAR + 2) * has_bar
    name = max(_LEAST_NAME, min(_MOST_NAME, room // 2))
    shown = max(1, min(runs, (room - name) // run))
    return GridColumns(
        CellWidth(max(_LEAST_NAME, min(_MOST_NAME, room - shown * run))), shown, run, has_bar, has_attempts
    )


def grid_heading(columns: GridColumns, numbers: Sequence[int], number: int | None, words: str) -> list[Span]:
    """Return the names of the columns. The column of the run under the cursor is marked."""
    spans = [muted(f"  {'task':<{columns.name}}")]
    spans += [Span(f"{one:>{columns.run}}", Role.KEY if one == number else Role.MUTED) for one in numbers]
    if number is None:
        return spans
    spans.append(muted(f"{f'in {number}':>{_TIME}}{'usual':>{_SHARE}}"))
    if columns.has_bar:
        spans.append(spaces(_BAR + 2))
    if columns.has_attempts:
        spans.append(muted(f"{'attempts':>{_ATTEMPTS}}"))
    return [*spans, muted(f"   {words}")]


def grid_row(row: GridRow, columns: GridColumns, at: int | None, look: Look) -> list[Span]:
    """Return a task, or a node that failed in one of the runs. `at` is the index of the run under the cursor."""
    spans = [spaces(4 if row.is_node else 2), *_name(row, columns.name - 2 * row.is_node, look)]
    for status in row.statuses:
        spans += _cell(status, columns.run, look)
    if at is None:
        return spans
    seconds = row.seconds[at]
    share = against(seconds, row.usual(at))
    spans.append(Span(f"{time_text(seconds) if seconds is not None else '':>{_TIME}}"))
    spans.append(share_span(share, _SHARE))
    if columns.has_bar:
        spans.append(muted(f"  {share_bar(share, _BAR, look):<{_BAR}}"))
    if columns.has_attempts:
        attempts = row.attempts[at]
        spans.append(muted(f"{attempts or '':>{_ATTEMPTS}}"))
    failures = row.failures
    if row.is_node and failures > 1:
        spans.append(muted(f"   fails in {failures} of {plural(len(row.statuses), 'run')}"))
    return spans


def _name(row: GridRow, room: CellWidth, look: Look) -> list[Span]:
    name = name_label(row.name, _NAME_CELLS)
    size = f" x{row.nodes}" if look.ascii else f" ×{row.nodes}"
    size = size if row.nodes > 1 else ""
    shown = Span(shortened(name, CellWidth(room - len(size) - 1), look), Role.MUTED if row.is_node else Role.PLAIN)
    return [shown, muted(size), spaces(room - shown.width - len(size))]


def _cell(status: NodeStatus | None, cells: CellWidth, look: Look) -> list[Span]:
    if status is None:
        return [spaces(cells)]
    sign = Span(look.glyphs.statuses[status], sign_role(status))
    return [spaces(cells - width_of((sign,))), sign]
