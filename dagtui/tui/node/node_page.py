"""Page about one node, rebuilt when the run has changed or a second has passed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dagtui.graph.model import NO_NODE
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.page import Page
from dagtui.tui.lines.rows import muted, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.transaction import Watch
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.lines.rows import Row

SECONDS_BETWEEN = 0.25
"""The minimum time between two rebuilds, however much happens in the run."""
MOST_TIME = 0.05
"""The largest share of all time that rebuilding a page may take."""


class NodePage(Page):
    """Rows about a node, built by `rows_about`."""

    def __init__(self, run: RunView, look: Look = IN_UNICODE) -> None:
        super().__init__(look)
        self.run = run
        self.node = NO_NODE
        self._watched = run.state
        self._watch: Watch | None = None
        self._made_at = float("-inf")
        """When the rows were built, by the computer's clock: the run's may stand still."""
        self._second = -1
        self._pause = SECONDS_BETWEEN

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> Sequence[Row]:
        """Return what there is to say about a node now."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Watch the run."""
        super().on_mount()
        self._watched = self.run.state
        self._watch = self._watched.watch()
        if self.node < 0:
            keys = f"{self.look.key('fold.open', 'l')} or {self.look.key('fold.toggle', 'Space')}"
            self.set_rows([row(muted(f"this row stands for several nodes: unfold it ({keys}) to see one"))])

    def on_unmount(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watched.unwatch(self._watch)
            self._watch = None

    def take_up(self, node: NodeIndex) -> None:
        """Go on with the graph that the run has now, in which the node has another number, or none."""
        if self._watch is not None:
            self._watched.unwatch(self._watch)
            self._watched = self.run.state
            self._watch = self._watched.watch()
        self.node = node
        self.rows = [one._replace(jump=NO_NODE) for one in self.rows]  # until they are made again
        self.remake()

    def show(self, node: NodeIndex) -> None:
        """Show another node from its top, or rebuild the present one."""
        if node != self.node:
            self.node = node
            self.place = self.place._replace(first_row=0, cursor=-1)
        self.remake()
        self.flush(self.run.clock())

    def remake(self) -> None:
        """Rebuild the rows at the next flush."""
        self._made_at, self._second = float("-inf"), -1

    def flush(self, clock: ClockTime) -> bool:
        """Rebuild the rows if needed. Return whether another frame is needed soon."""
        watch = self._watch
        if self.node < 0 or watch is None:
            return False
        now = time.monotonic()
        if not (watch.nodes or watch.run or int(clock) != self._second):
            return False
        if now - self._made_at < self._pause:
            return True
        self._made_at, self._second = now, int(clock)
        watch.clear()
        self.set_rows(self.rows_about(self.node, clock))
        self._pause = max(SECONDS_BETWEEN, (time.monotonic() - now) / MOST_TIME)
        return False
