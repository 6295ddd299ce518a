"""Actions that change what the graph of the run defines. Most screens never do, so what does it is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.actions.availability import no_task_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from textual.worker import Worker

    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_app import ScreenApp


class DefinitionActions:
    """Reload the graph file, and edit tasks. What that changes is shown before it counts."""

    def __init__(self, app: ScreenApp, run: LiveRun) -> None:
        self._app = app
        self._run = run

    def reload(self) -> None:
        """Read the graph file again, and show what it would change."""
        from dagtui.tui.actions.reloading import reload

        self._start(reload(self._app, self._run))

    def edit(self) -> None:
        """Edit the definition of the task under the cursor."""
        targets, graph = self._app.main.tree_pane.navigator.targets, self._run.graph
        if why := no_task_of(graph, targets):
            self._app.say(why)
            return
        from dagtui.tui.actions.editing import edit

        self._start(edit(self._app, self._run, targets[0]))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        _: Worker[None] = self._app.run_worker(work, group="definitions", exclusive=True, exit_on_error=False)
