"""Life of the app: show a run, apply what leaving means for the run, and print the summary."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import anyio

from dagtui.engine.messages import Command, CommandKind
from dagtui.host.attachment import ExitReason
from dagtui.host.priority_loop import PriorityLoop, screen_work
from dagtui.report.headless import EXIT
from dagtui.report.summary import exit_summary
from dagtui.settings.loading import read_settings
from dagtui.settings.place import settings_path
from dagtui.text.terminals import USUAL_COLUMNS, columns_of
from dagtui.tui.app import DagtuiApp
from dagtui.tui.screen_options import ScreenOptions
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.terminal.cleanup import spare_what_is_loaded
from dagtui.tui.terminal.signals import watch_signals

if TYPE_CHECKING:
    from dagtui.runs.live import LiveRun
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.screen_app import ScreenApp


class Show:
    """One screen for one run, in one event loop."""

    def __init__(self, run: LiveRun, look: Look, *, mouse: bool | None) -> None:
        self._run = run
        self._look = look
        self._memory = GraphMemory(run)
        self._app = DagtuiApp(run, **options_here(self._memory, look, mouse=mouse))
        self._leaving = ExitReason.CRASHED

    def run(self) -> int:
        """Show the run until the screen is left. Return the exit status."""
        spare_what_is_loaded()
        anyio.run(self._live, backend_options={"loop_factory": PriorityLoop})
        if self._leaving is ExitReason.LOST:
            return 128 + signal.SIGHUP
        self._print_summary()
        if self._leaving is ExitReason.TERMINATED:
            return 128 + self._app.signal_number
        return EXIT.get(self._run.state.verdict(), 1)

    async def _live(self) -> None:
        """Show the app, then end the run and leave nothing of it behind."""
        try:
            with screen_work():
                self._leaving = await self._app.run_async(mouse=self._app.mouse) or ExitReason.CRASHED
        finally:
            with anyio.CancelScope(shield=True), watch_signals(self._obey):
                await self._memory.keep(self._app.last_state, self._leaving, self._app.settings)
                await self._end()

    async def _end(self) -> None:
        """Cancel what is left, or wait for it if only the screen has failed. Then close the run."""
        run = self._run
        try:
            if self._leaving is ExitReason.CRASHED and not self._app.broken:
                run.note("the screen failed; the run continues without it")
                sys.stderr.write("dagtui: the screen failed; the run continues without it, Ctrl+C cancels it\n")
            elif not run.settled:
                run.give(Command(CommandKind.CANCEL_ALL, by=self._leaving.value))
            await run.drive_until_settled()
        finally:
            await run.close(self._leaving.value)

    def _obey(self, number: signal.Signals) -> None:
        """Handle a signal after the screen has closed: the first cancels what is left, the next kills it."""
        self._run.give(Command(CommandKind.CANCEL_ALL, by=f"signal {number.name}"))

    def _print_summary(self) -> None:
        text = own_summary(self._run, self._look)
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:  # SIGHUP came first; the rest of the buffer must go somewhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def say_the_end(run: RunView, look: Look) -> int:
    """Print the summary of a run that is over. Return its exit status."""
    sys.stdout.write(own_summary(run, look) + "\n")
    return EXIT.get(run.state.verdict(), 1)


def own_summary(run: RunView, look: Look) -> str:
    """Return the summary of a run for this process's standard output."""
    return exit_summary(run, look, width=columns_of(1) or USUAL_COLUMNS)


def options_here(memory: GraphMemory, look: Look, *, mouse: bool | None) -> ScreenOptions:
    """Return the options of a screen on this terminal: the settings, and what the graph remembers."""
    settings = read_settings(settings_path())
    return ScreenOptions(look=look, mouse=mouse, settings_file=settings, memory=memory.recalled())


def look_until_left(app: ScreenApp, memory: GraphMemory) -> int:
    """Show a run that this process does not have until the screen is left.

    Return 0, the status of a crash, or 128 + n after signal n.
    """
    return left_status(anyio.run(_look, app, memory), app.signal_number, app.return_code)


async def _look(app: ScreenApp, memory: GraphMemory) -> ExitReason | None:
    leaving = None
    try:
        leaving = await app.run_async(mouse=app.mouse)
        return leaving
    finally:
        await memory.keep(app.last_state, leaving or ExitReason.CRASHED, app.settings)


def left_status(leaving: ExitReason | None, signal_number: int, crashed: int | None) -> int:
    """Return the exit status that leaving a screen means by itself."""
    if leaving is ExitReason.TERMINATED:
        return 128 + signal_number
    if leaving is ExitReason.LOST:
        return 128 + signal.SIGHUP
    return crashed or 0


def show(run: LiveRun, look: Look, *, mouse: bool | None) -> int:
    """Show a run on this terminal until the screen is left, end its run, and return the exit status."""
    return Show(run, look, mouse=mouse).run()
