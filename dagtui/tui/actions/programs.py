"""Actions that give the terminal to another program: a pager, a shell in a node's environment, the user's own shell."""

from __future__ import annotations

import os
import shlex
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from dagtui.runs.node_environment import NoNodeEnvironmentError
from dagtui.text import label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.actions.availability import NO_LOG, UNFOLD
from dagtui.tui.actions.pagers import place_in_pager
from dagtui.tui.lines.rows import Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from textual.worker import Worker

    from dagtui.graph.model import NodeIndex
    from dagtui.host.job_control import ProgramEnd
    from dagtui.runs.live import LiveRun
    from dagtui.runs.node_environment import NodeEnvironment, ShellElsewhere
    from dagtui.tui.screen_app import ScreenApp

_NAME_CELLS = CellWidth(60)
_HOW_BACK = "exit or ^D brings the screen back; the run continues\n"


class ProgramActions:
    """Actions that run programs. The run continues meanwhile, and the screen is restored afterwards."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._view = app.view

    def suspend(self) -> None:
        """Give the terminal back to the shell that started the program."""
        self._start(partial(self._app.place.suspend, self._app))

    def _start(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        # The worker starts later: the App may be told to exit first.
        _: Worker[None] = self._app.run_worker(work, group="program", exclusive=True, exit_on_error=False)

    async def _lend(self, program: Callable[[], Awaitable[ProgramEnd]]) -> None:
        """Give the terminal to a program, and report if it could not be started."""
        app = self._app
        try:
            with app.terminal_lent():
                trouble = (await program()).trouble
        except SuspendNotSupported:
            trouble = "this terminal can't run another program"
        if trouble:
            app.say(trouble, Role.WARNING)
        app.request_frame()

    def open_pager(self) -> None:
        """Show the log in the pager, from the cursor's line on."""
        path = self._log_path()
        if path is None:
            self._app.say(NO_LOG)
            return
        environment = self._app.place.environment
        try:
            command = shlex.split(environment.get("PAGER", "")) or ["less"]
        except ValueError as error:
            self._app.say(f"$PAGER can't be used: {error}", Role.WARNING)
            return
        command += place_in_pager(command[0], self._app.main.side.log_pane.place, environment.get("PATH"))
        # With -R, less passes colours through and shows other control codes. Git sets the same.
        program = partial(self._app.place.run, [*command, str(path)], {"LESS": "-R"})
        self._start(partial(self._lend, program))

    def _log_path(self) -> Path | None:
        node = self._app.main.node
        if node is None:
            return None
        shown = self._app.main.side.log_pane.attempt or self._view.state.attempt[node]
        path = self._view.log_path(node, shown)
        return path if os.path.exists(path) else None


class ShellActions(ProgramActions):
    """The same, and a shell in the environment of a node of a run that is driven."""

    def __init__(self, app: ScreenApp, run: LiveRun) -> None:
        super().__init__(app)
        self._run = run

    def open_shell(self) -> None:
        """Open a shell in the environment of the node's next attempt."""
        node = self._app.main.node
        if node is None:
            self._app.say(UNFOLD)
            return
        try:
            elsewhere = self._run.shell_elsewhere(node)
            if elsewhere is not None:
                self._open_shell_elsewhere(node, elsewhere)
                return
            node_environment = self._run.node_environment(node)
        except NoNodeEnvironmentError as error:
            self._app.say(str(error), Role.WARNING)
            return
        command = [self._app.place.environment.get("SHELL") or "sh"]
        program = partial(self._app.place.run_at, node_environment, command, self._heading(node, node_environment))
        self._start(partial(self._lend, program))

    def _open_shell_elsewhere(self, node: NodeIndex, shell: ShellElsewhere) -> None:
        name = name_label(self._run.graph.labels[node], _NAME_CELLS)
        where = f"{label(shell.executor, 100)}, in {label(shell.cwd, 1000)}"
        verb = "runs" if shell.attempt == self._run.state.attempt[node] else "would run"
        heading = f"dagtui: where attempt {shell.attempt} of {name} {verb}, on {where}\n{_HOW_BACK}"
        command = ("sh", "-c", 'printf %s "$1"; shift; exec "$@"', "sh", heading, *shell.command)
        self._start(partial(self._lend, partial(self._app.place.run, command, {})))

    def _heading(self, node: NodeIndex, at: NodeEnvironment) -> str:
        """Return where the shell is and how to come back."""
        name = name_label(self._run.graph.labels[node], _NAME_CELLS)
        return f"dagtui: the environment of attempt {at.attempt} of {name}, in {label(at.cwd, 1000)}\n{_HOW_BACK}"
