"""Show another graph once the run has one: a reload gives nodes other numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from dagtui.graph.model import NO_NODE
from dagtui.tui.lines.prompt_screen import OverScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView

    Renumbered = Callable[[NodeIndex], NodeIndex]
    """Returns the number that a node has in the new graph, or NO_NODE."""

ResultT = TypeVar("ResultT")


class GraphSwitch(Generic[ResultT]):
    """Switches a screen to the graph that its run has, at once: a key must not act on a number of the one before."""

    def __init__(self, app: App[ResultT], run: RunView, take_up: Callable[[Renumbered], None]) -> None:
        """`take_up` shows the graph that the run has now."""
        self._app = app
        self._run = run
        self._take_up = take_up
        self._graph = run.graph
        """The graph that is shown."""
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Start to listen to the run."""
        self._unsubscribe = self._run.subscribe_reload(self._switch)

    def stop(self) -> None:
        """Stop to listen."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _switch(self) -> None:
        before = self._graph
        now = self._graph = self._run.graph

        def renumbered(node: NodeIndex) -> NodeIndex:
            found = now.find(before.labels[node]) if node >= 0 else None
            return NO_NODE if found is None else found

        with self._app._context():  # the listener is called in a task of the run
            self._close_outdated()
            self._take_up(renumbered)

    def _close_outdated(self) -> None:
        """Close the screens over the main one whose question is about the graph before, and those over them."""
        above = self._app.screen_stack[1:]
        while above and not all(isinstance(screen, OverScreen) and screen.outlives_reload for screen in above):
            top = above.pop()
            if isinstance(top, OverScreen):
                top.dismiss(None)
            else:
                self._app.pop_screen()
        for screen in above:
            if isinstance(screen, OverScreen):
                screen.take_up()
