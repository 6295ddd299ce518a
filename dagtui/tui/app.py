"""The App with all of its actions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Unpack

import anyio

from dagtui.tui.actions.definitions import DefinitionActions
from dagtui.tui.actions.keymap import bindings
from dagtui.tui.actions.programs import ShellActions
from dagtui.tui.actions.run import RunActions
from dagtui.tui.actions.screen import LeaveActions
from dagtui.tui.actions.table import ACTIONS, Handlers, bound
from dagtui.tui.screen_app import ScreenApp
from dagtui.tui.terminal.host import OwnTerminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.binding import BindingType

    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_options import ScreenOptions
    from dagtui.tui.screens.graph_switch import Renumbered
    from dagtui.tui.terminal.host import TerminalHost


class DagtuiApp(ScreenApp):
    """Shows a run, and does what the keys of the table say."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ACTIONS)]

    def __init__(self, run: LiveRun, place: TerminalHost | None = None, **options: Unpack[ScreenOptions]) -> None:
        """Create the App. Without a place, it drives the run on this process's own terminal."""
        super().__init__(run, place or OwnTerminal(partial(_drive, run)), **options)
        self._run = run

    def take_up(self, renumbered: Renumbered) -> None:
        """Show the graph that the run has now, and say so: perhaps another terminal has reloaded it."""
        super().take_up(renumbered)
        self.say("the run was reloaded")

    def actions(self) -> Mapping[str, Callable[[], object]]:
        """Return what each key does, by action id."""
        run, shell = self._run, ShellActions(self, self._run)
        leaving, definitions = LeaveActions(self, run), DefinitionActions(self, run)
        return bound(Handlers(self, RunActions(self, run), shell, shell, leaving, definitions))


async def _drive(run: LiveRun) -> None:
    """Drive a run and watch its files until cancelled."""
    async with anyio.create_task_group() as group:
        group.start_soon(run.monitor.watch)
        await run.drive()
