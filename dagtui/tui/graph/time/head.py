"""Head of the view Time: the marks of its axis, and the slots in use, above all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.views import View
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import spaces, width_of
from dagtui.tui.node.measuring import measure

if TYPE_CHECKING:
    from textual.strip import Strip

    from dagtui.text.amounts import CellWidth, ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.tree import TreePane

HEAD_ROWS: Final = 2
"""The rows that it takes."""


class TimeHead(PaintedRows, can_focus=False):
    """The rows above those of the view Time. They stay where they are when the rows scroll."""

    def __init__(self, tree: TreePane, look: Look = IN_UNICODE) -> None:
        super().__init__(look, id="time")
        self._tree = tree
        self._clock = tree.clock
        self._drawn: tuple[object, ...] = ()
        self.display = False

    def flush(self, clock: ClockTime) -> None:
        """Show the present state: once a second, and when the axis shows something else."""
        self.display = self._tree.view is View.TIME
        if not self.display:
            return
        timeline = self._tree.rows.time.timeline
        drawn = (*timeline.axis.key, timeline.is_filling, int(clock), self._tree.row_width, self._tree.settled)
        self._measure()
        if drawn != self._drawn or timeline.is_filling:
            self._drawn, self._clock = drawn, clock
            self.repaint()

    def _measure(self) -> None:
        """Measure what the running nodes in sight use."""
        tree, time = self._tree, self._tree.rows.time
        top, outline = tree.scroll_offset.y, tree.outline
        rows = range(top, min(top + tree.size.height, len(outline)))
        nodes = time.measured((outline.item(row) for row in rows), tree.row_width)
        if nodes:
            measure(self, time.run, nodes, lambda: tree.flush(time.run.clock()))

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows."""
        if self._tree.view is not View.TIME:
            return []
        lines = self._tree.rows.time.head(self._tree.row_width, self._clock)
        padded = [[*line, spaces(width - width_of(line))] for line in lines]
        return [self.painter.strip(line, width) for line in padded[:height]]
