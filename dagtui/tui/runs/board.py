"""The list of runs above the grid of tasks and runs, each with a cursor: one of them has the keys."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from dagtui.runs.run_grid import Grid, GridOrder
from dagtui.text.amounts import CellWidth, now
from dagtui.tui.lines.page import ScrolledRows
from dagtui.tui.lines.rows import Role, Span, muted
from dagtui.tui.runs.grid_rows import columns_for, grid_heading, grid_row
from dagtui.tui.runs.list_rows import list_heading, list_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.strip import Strip

    from dagtui.runs.listed_runs import ListedRuns
    from dagtui.runs.run_grid import GridRow
    from dagtui.text.look import Look
    from dagtui.tui.runs.grid_rows import GridColumns

_BOTH_FROM: Final = 12
"""Rows from which both parts are shown."""
_LIST_SHARE: Final = 0.4
_WAIT: Final = "reading the journals"


class BoardPart(enum.Enum):
    """The parts of the board."""

    LIST = "list"
    GRID = "grid"


class Window:
    """A cursor in rows of which some are shown."""

    def __init__(self) -> None:
        self.cursor = 0
        self.first = 0
        self.height = 1
        """The number of rows that are shown."""

    def fit(self, rows: int, height: int) -> range:
        """Show `height` of some rows, with the cursor among them. Return their indices."""
        self.height = max(1, height)
        self.cursor = max(0, min(self.cursor, rows - 1))
        self.first = min(max(self.first, self.cursor - self.height + 1), self.cursor)
        self.first = max(0, min(self.first, rows - self.height))
        return range(self.first, min(rows, self.first + self.height))


class RunBoard(ScrolledRows):
    """Draws what is known of the runs. What is shown and not known yet is in `lacking`."""

    def __init__(self, runs: ListedRuns, look: Look) -> None:
        super().__init__(look, id="rows")
        self.runs = runs
        self.part = BoardPart.LIST
        self.order = GridOrder.FAILURES
        self.marked: int | None = None
        """The run that others are compared with."""
        self._list, self._grid = Window(), Window()
        self.rows = Grid()
        """The rows of the grid."""
        self.shown: Sequence[int] = ()
        """The numbers of the runs that the grid's rows are of, oldest first."""

    # What the cursor is on

    @property
    def number(self) -> int | None:
        """The run under the cursor."""
        numbers = self.runs.numbers
        return numbers[min(self._list.cursor, len(numbers) - 1)] if numbers else None

    @property
    def row(self) -> GridRow | None:
        """The row of the grid under its cursor."""
        return self.rows[self._grid.cursor] if 0 <= self._grid.cursor < len(self.rows) else None

    def go_to(self, number: int) -> None:
        """Put the cursor on a run."""
        numbers = self.runs.numbers
        self._list.cursor = numbers.index(number) if number in numbers else 0

    def show_rows(self, shown: Sequence[int], rows: Grid, name: str) -> None:
        """Show the rows of a grid of some runs, with its cursor on the row of that name, if there is one."""
        self.shown, self.rows = shown, rows
        at = rows.index_of(name)
        self._grid.cursor = self._grid.cursor if at is None else at

    @property
    def shows_both(self) -> bool:
        """Whether list and grid are both shown."""
        return self.size.height >= _BOTH_FROM

    @property
    def shows_grid(self) -> bool:
        """Whether the grid is shown."""
        return self.shows_both or self.part is BoardPart.GRID

    def lacking(self) -> tuple[list[int], list[int]]:
        """Return the runs of which a summary is shown, and those of which tasks are, that are still to be read."""
        numbers = self.runs.numbers
        shown = numbers[self._list.first : self._list.first + self._list.height]
        summaries = [number for number in shown if self.runs.lacks_summary(number)]
        if not self.shows_grid:
            return summaries, []
        return summaries, [number for number in self.wanted_columns()[::-1] if self.runs.lacks_tasks(number)]

    def wanted_columns(self) -> list[int]:
        """Return the runs that have room in the grid, oldest first: up to the newest, or around the cursor's."""
        numbers = self.runs.numbers[::-1]
        if not numbers:
            return []
        room = self._columns(len(numbers)).runs
        at = numbers.index(self.number) if self.number in numbers else len(numbers) - 1
        end = max(room, min(len(numbers), at + 1 + room // 2)) if at < len(numbers) - room else len(numbers)
        return numbers[max(0, end - room) : end]

    def _columns(self, runs: int) -> GridColumns:
        return columns_for(CellWidth(max(20, self.size.width)), runs, max(self.runs.numbers, default=1))

    # Drawing

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return list and grid, or the one with the keys where there is no room for both."""
        if not self.shows_both:
            return self._draw_list(width, height) if self.part is BoardPart.LIST else self._draw_grid(width, height)
        count = len(self.runs.numbers)
        above = 1 + max(1, min(count, int(height * _LIST_SHARE)))
        rule = self.painter.strip([muted(self.look.glyphs.dash * width)], width)
        return [*self._draw_list(width, above), rule, *self._draw_grid(width, height - above - 1)]

    def _draw_list(self, width: CellWidth, height: int) -> list[Strip]:
        numbers, present = self.runs.numbers, now()
        shown = self._list.fit(len(numbers), height - 1)
        strips = [self.painter.strip(list_heading(width, self.look), width)]
        for index in shown:
            number = numbers[index]
            spans = list_row(
                self.runs.summaries[number],
                self.runs.share(number),
                present,
                width,
                self.look,
                is_whole=not self.runs.lacks_summary(number),
                mark=self.look.glyphs.selected if number == self.marked else "",
            )
            strips.append(self._strip(spans, width, BoardPart.LIST, is_cursor=index == self._list.cursor))
        return strips

    def _draw_grid(self, width: CellWidth, height: int) -> list[Strip]:
        columns = self._columns(len(self.shown))
        at = self.shown.index(self.number) if self.number in self.shown else None
        heading = grid_heading(columns, self.shown, None if at is None else self.shown[at], self.order.value)
        strips = [self.painter.strip(heading, width)]
        if not self.rows:
            return [*strips, self.painter.strip([muted(f"  {_WAIT if any(self.lacking()) else 'no task'}")], width)]
        for index in self._grid.fit(len(self.rows), height - 1):
            spans = grid_row(self.rows[index], columns, at, self.look)
            strips.append(self._strip(spans, width, BoardPart.GRID, is_cursor=index == self._grid.cursor))
        return strips

    def _strip(self, spans: Sequence[Span], width: CellWidth, part: BoardPart, *, is_cursor: bool) -> Strip:
        if not is_cursor:
            return self.painter.strip(spans, width)
        first = Span(self.look.glyphs.cursor, Role.KEY)
        rest = [spans[0]._replace(text=spans[0].text[1:]), *spans[1:]]
        return self.painter.strip([first, *rest], width, Role.CURSOR if part is self.part else None)

    # Moving

    @property
    def _window(self) -> Window:
        return self._list if self.part is BoardPart.LIST else self._grid

    def _go(self, index: int) -> None:
        window = self._window
        count = len(self.runs.numbers) if window is self._list else len(self.rows)
        window.cursor = max(0, min(index, count - 1))
        self.repaint()

    def move(self, step: int) -> None:
        """Go up or down one row."""
        self._go(self._window.cursor + step)

    def scroll_rows(self, rows: int) -> None:
        """Go up or down some rows."""
        self._go(self._window.cursor + rows)

    def page(self, direction: int) -> None:
        """Go up or down one page."""
        self._go(self._window.cursor + direction * self._window.height)

    def half_page(self, direction: int) -> None:
        """Go up or down half a page."""
        self._go(self._window.cursor + direction * max(1, self._window.height // 2))

    def top(self) -> None:
        """Go to the first row."""
        self._go(0)

    def bottom(self) -> None:
        """Go to the last row."""
        self._go(1 << 30)

    def activate(self) -> bool:
        """Return whether there is a run to open. The page opens it."""
        return self.number is not None
