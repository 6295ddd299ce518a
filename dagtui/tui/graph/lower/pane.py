"""Below the rows of the left pane, where these leave room: the cells of the cursor's task, and the last minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.lower.minute_lines import MinuteLines
from dagtui.tui.graph.lower.task_cells import TaskCells
from dagtui.tui.lines.page import JumpTo
from dagtui.tui.lines.painter import PaintedRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth, ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.lower.lines import LowerLine
    from dagtui.tui.graph.tree import TreePane

LEAST_ROWS: Final = 8
"""The least number of free rows in which it is shown."""
_CALM: Final = 0.2
"""Minimum seconds between two paintings that the run causes."""
_MINUTE_ROWS: Final = 4
"""Minimum rows for the last minute below the cells."""


class LowerPane(PaintedRows, can_focus=False):
    """Draws one or both of them."""

    def __init__(self, run: RunView, tree: TreePane, look: Look = IN_UNICODE) -> None:
        super().__init__(look, id="lower")
        self._run = run
        self._tree = tree
        self._cells = TaskCells(run, tree, look)
        self._minute = MinuteLines(run, look)
        self._clock = run.clock()
        self._drawn: tuple[object, ...] = ()
        self._drawn_at = self._clock
        self._outdated = False
        """Whether something has happened since it was drawn."""
        self._lines: Sequence[LowerLine] = ()

    def take_up(self) -> None:
        """Show the graph that the run has now."""
        self._minute, self._drawn, self._clock = MinuteLines(self._run, self.look), (), self._run.clock()

    def flush(self, clock: ClockTime, *, changed: bool) -> int:
        """Draw what differs: at once where the cursor has moved, else a few times a second. Return how many rows."""
        if not self.size:
            return 0
        run, navigator = self._run, self._tree.navigator
        self._clock = clock
        self._outdated |= changed
        key = (navigator.cursor, navigator.generation, navigator.view, run.settled)
        ticked = int(clock) != int(self._drawn_at) and not run.settled
        calm = abs(clock - self._drawn_at) >= _CALM or run.stands_still
        if key == self._drawn and not ticked and not (self._outdated and calm):
            return 0
        self._drawn, self._drawn_at, self._outdated = key, clock, False
        return self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the cells of the cursor's task if there are several, and the last minute in the rest."""
        for_cells = height if height < 2 * _MINUTE_ROWS + 1 else height - _MINUTE_ROWS
        lines = self._cells.lines(width, for_cells, self._clock)
        if height - len(lines) >= _MINUTE_ROWS:
            lines += self._minute.lines(width, height - len(lines), self._clock)
        self._lines = lines[:height]
        return [self.painter.strip(line.spans, width) for line in self._lines]

    def on_click(self, event: events.Click) -> None:
        """Lead to the node under the pointer."""
        places = self._lines[event.y].places if event.y < len(self._lines) else ()
        nodes = [node for column, node in places if column <= event.x]
        if nodes:
            self.post_message(JumpTo(nodes[-1]))
