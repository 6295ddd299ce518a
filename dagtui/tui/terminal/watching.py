"""Read-only screen for another process's run. It can be left at any time."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio
from textual.worker import Worker, WorkerState

from dagtui.host.exit_reason import ExitReason
from dagtui.report.headless import EXIT
from dagtui.runs.following import READ_ONLY, FollowingSession, open_run
from dagtui.text import label
from dagtui.text.locales import wants_ascii
from dagtui.tui.app import DagtuiApp
from dagtui.tui.lines.rows import Role
from dagtui.tui.screen_app import DRIVING
from dagtui.tui.terminal.gc_tuning import spare_what_is_loaded
from dagtui.tui.terminal.show import own_summary

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.directory import RunDirectory
    from dagtui.tui.screens.main import ScreenState


class WatchApp(DagtuiApp):
    """Shows a followed run. Every command answers that the screen is read-only."""

    def on_load(self) -> None:
        """Make all commands unavailable."""
        self.main.read_only = True

    def on_ready(self) -> None:
        """Say that the screen is read-only, or that the journal cannot be followed."""
        followed = self.session
        problem = followed.problem if isinstance(followed, FollowingSession) else None
        if problem is not None:
            self.say(f"the journal can't be followed: {label(problem)}", Role.BAD, lasting=True)
        else:
            self.say(READ_ONLY, Role.MUTED)

    async def action_act(self, id_: str) -> None:
        """Leave without a question, since leaving does not affect the run. Pass on every other action."""
        if id_ in {"screen.leave", "screen.detach"}:
            self.exit(ExitReason.LEFT_SETTLED)
        else:
            await super().action_act(id_)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Exit to start again when the journal can no longer be followed because its last lines were retracted."""
        if event.worker.group == DRIVING and event.state is WorkerState.SUCCESS:
            self.exit(ExitReason.LEFT_SETTLED)


def watch(directory: RunDirectory, graph_path: Path, *, ascii_only: bool, theme: str | None, mouse: bool) -> int:
    """Show a run on this terminal, live or as it ended, until the screen is left. Return the exit status.

    The status is the run's own when it is over, otherwise 0, or 128 + n after signal n. Raises StoreError.
    """
    ascii_only = ascii_only or wants_ascii(os.environ, sys.stdout.encoding)
    state: ScreenState | None = None
    while True:
        session = open_run(directory, graph_path)
        spare_what_is_loaded()
        app = WatchApp(session, ascii=ascii_only, theme=f"dagtui-{theme}" if theme else None, mouse=mouse, state=state)
        leaving = anyio.run(_show, app)
        if not session.outdated:
            break
        state = app.dump_state()
    if leaving is ExitReason.TERMINATED:
        return 128 + app.signal_number
    if leaving is ExitReason.LOST:
        return 129
    return _print_exit_message(session, ascii_only=ascii_only)


async def _show(app: WatchApp) -> ExitReason | None:
    try:
        return await app.run_async(mouse=app.mouse)
    finally:
        await app.session.close()


def _print_exit_message(session: FollowingSession, *, ascii_only: bool) -> int:
    """Print the summary of a run that is over, or say that the run continues."""
    if not session.over:
        sys.stdout.write(f"{label(session.name)} run {session.number} continues\n")
        return 0
    sys.stdout.write(own_summary(session, ascii_only=ascii_only) + "\n")
    return EXIT.get(session.state.verdict(), 1)
