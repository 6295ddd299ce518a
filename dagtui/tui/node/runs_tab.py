"""Runs tab: what became of the shown node in the last runs of its graph. Enter opens one of them at that node.

It is mounted when it is first shown, and imports only then what reads other runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.text.amounts import CellWidth
from dagtui.tui.node.node_page import NodePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.node_runs import NodeRun
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.lines.rows import Row


OPEN = "runs.open"
"""The action that opens the run under the cursor."""


class RunsPane(NodePage):
    """The shown node in the last runs. Journals are read in a thread, one after the other, while the tab is open."""

    def __init__(self, run: RunView, look: Look) -> None:
        super().__init__(run, look)
        self._found: list[NodeRun] = []
        self._about = ""
        """The label of the node that the runs are read for."""
        self._left_out = 0
        """Number of older runs that are not looked at."""

    def show(self, node: NodeIndex) -> None:
        """Show another node."""
        super().show(node)
        self._read_if_open()

    def take_up(self, node: NodeIndex) -> None:
        """Go on with the graph that the run has now, in which the node has another number, or none."""
        self._about = ""
        super().take_up(node)
        self._read_if_open()

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self._read_if_open()

    def activate(self) -> bool:
        """Open the run under the cursor at this node."""
        if self.chosen is None:
            return False
        self.call_later(self.app.run_action, f"act('{OPEN}')")
        return True

    @property
    def chosen(self) -> tuple[int, str] | None:
        """The number of the run under the cursor, and the node that it is to be shown at. None: there is none."""
        return (self.rows[self.cursor].jump, self._about) if 0 <= self.cursor < len(self.rows) else None

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> Sequence[Row]:
        """Return a row for each run, newest first."""
        from dagtui.tui.node.run_rows import rows_of_runs, run_now

        found = [run_now(self.run, node, clock), *self._found]
        return rows_of_runs(found, self.run.number, self._left_out, self.look, CellWidth(self.size.width))

    def _read_if_open(self) -> None:
        """Read the runs of the shown node, unless that is done or under way."""
        if not self.display or self.node < 0 or not self.is_attached:
            return
        name = self.run.graph.labels[self.node]
        if name == self._about:
            return
        self._about, self._found, self._left_out = name, [], 0
        self.run_worker(self._read(name), group="runs of a node", exclusive=True, exit_on_error=False)

    async def _read(self, name: str) -> None:
        """Read one run after the other. Another node ends this."""
        import anyio.to_thread

        from dagtui.runs.node_runs import MOST, node_run
        from dagtui.store.directory import runs_in

        try:
            found = await anyio.to_thread.run_sync(runs_in, self.run.path.parent.parent)
        except StoreError:
            return
        others = [run for run in found if run.number != self.run.number][::-1]
        self._left_out = len(others[MOST:])
        for directory in others[:MOST]:
            self._found.append(await anyio.to_thread.run_sync(node_run, directory, name))
            self.remake()
            self.flush(self.run.clock())
