"""Rows of the left pane: those of each view, and which view has which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dagtui.tui.graph.bodies import Bodies
from dagtui.tui.graph.map.rows import MapRows, no_key
from dagtui.tui.graph.nodes.rows import NodeRows
from dagtui.tui.graph.row_names import RowNames
from dagtui.tui.graph.tasks.rows import TaskRows
from dagtui.tui.graph.tree_rows import TreeRows
from dagtui.tui.graph.trouble.rows import TroubleRows
from dagtui.tui.graph.views import View
from dagtui.tui.lines.rows import SPACE, Role, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import CellWidth, ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.navigator import Navigator
    from dagtui.tui.graph.time.rows import TimeRows


class ViewRows(Protocol):
    """The rows of one view. They draw the items of the navigator's outline."""

    @property
    def lights_edges(self) -> bool:
        """Whether rows show which edges lead to the cursor's row."""

    @property
    def is_grid(self) -> bool:
        """Whether a row is made of cells that change one by one. It then shows itself which one has the cursor."""

    def lit(self, item: int) -> tuple[object, ...]:
        """Return what is lit in a row of the edges that lead to the cursor's row. Equal values look the same."""

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the row of an item depends on, and its time. Equal values look the same."""

    def spans(self, item: int, width: CellWidth, clock: ClockTime) -> list[Span]:
        """Return the row of an item without the cursor's mark, in exactly `width` cells with it.

        The last span is its time, if it has one.
        """

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:
        """Return the cell of a row's fold marker, counted from after the cursor's mark."""


class Rows:
    """The rows that a navigator has in sight, as segments of text. Those of the present view draw them."""

    def __init__(self, run: RunView, navigator: Navigator, look: Look, keys: Callable[[str], str] = no_key) -> None:
        self.glyphs = look.glyphs
        self._navigator = navigator
        self._run = run
        self._look = look
        self._time: TimeRows | None = None
        self.names = names = RowNames(run.graph, navigator, look)
        self.bodies = Bodies(run, navigator, names, look)
        folders = TreeRows(self.bodies, navigator, run.graph, names, look)
        nodes = NodeRows(self.bodies, navigator, run.graph, names, look)
        self._signs: Mapping[View, Callable[[int], Span]] = {View.DEPENDENCY: nodes.sign, View.GROUP: folders.sign}
        """What stands at the left edge of other rows than the cursor's."""
        self._map = MapRows(navigator, run, look, keys)
        self._views: Mapping[View, ViewRows] = {
            View.TASKS: TaskRows(self.bodies, navigator, run.state, names, look),
            View.MAP: self._map,
            View.DEPENDENCY: nodes,
            View.GROUP: folders,
            View.TROUBLE: TroubleRows(self.bodies, navigator, run, names, look),
        }

    @property
    def _shown(self) -> ViewRows:
        view = self._navigator.view
        return self.time if view is View.TIME else self._views[view]

    def take(self, nodes: Collection[NodeIndex]) -> None:
        """Note which nodes have changed."""
        if self._time is not None:
            self._time.mark(nodes)

    def read_pace(self) -> None:
        """Read again how many nodes ended in the last minute."""
        self._map.rewind()

    def rewind(self) -> None:
        """Show the run as it was at another moment: what was kept from the present one may be wrong."""
        if self._time is not None:
            self._time.rewind()

    @property
    def time(self) -> TimeRows:
        """The rows of the view Time. They are created when it is first shown."""
        if self._time is None:
            from dagtui.tui.graph.time.rows import TimeRows

            self._time = TimeRows(self._run, self.bodies, self._navigator, self.names, self._look)
        return self._time

    def fill(self) -> bool:
        """Let rows that lack something get more of it in this frame. Return whether any did."""
        return self.are_filling and self.time.fill()

    @property
    def are_filling(self) -> bool:
        """Whether rows of the present view lack something that the next frames add."""
        return self._navigator.view is View.TIME and self.time.is_filling

    @property
    def lights_edges(self) -> bool:
        """Whether rows show which edges lead to the cursor's row."""
        return self._shown.lights_edges

    @property
    def is_grid(self) -> bool:
        """Whether a row is made of cells that change one by one. Otherwise, the cursor covers its row."""
        return self._shown.is_grid

    def lit(self, item: int) -> tuple[object, ...]:
        """Return what is lit in a row of the edges that lead to the cursor's row. Equal values look the same."""
        return self._shown.lit(item)

    def signature(self, item: int, width: CellWidth, clock: ClockTime) -> tuple[tuple[object, ...], str]:
        """Return what the row of an item depends on, and its time. Equal values look the same."""
        return self._shown.signature(item, width, clock)

    def spans(self, item: int, width: CellWidth, clock: ClockTime, *, cursor: bool) -> list[Span]:
        """Return the row of an item in exactly `width` cells. The last segment is its time, if it has one."""
        self.names.suit(width)
        sign = self._signs.get(self._navigator.view)
        mark = Span(self.glyphs.cursor, Role.KEY) if cursor else sign(item) if sign else SPACE
        return [mark, *self._shown.spans(item, width, clock)]

    def marker_column(self, item: int, width: CellWidth) -> CellWidth:
        """Return the cell of a row's fold marker, counted from after the cursor's mark."""
        return self._shown.marker_column(item, width)
