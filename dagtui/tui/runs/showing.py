"""Life of the screens of runs, on the terminal of this process: the list, and a past run that was chosen there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from dagtui.host.attachment import ExitReason
from dagtui.runs.following import FollowedRun
from dagtui.runs.recorded import RecordedRun
from dagtui.settings.loading import read_settings
from dagtui.settings.place import settings_path
from dagtui.tui.recorded_app import RecordedApp
from dagtui.tui.runs.app import RunsApp
from dagtui.tui.screen_options import ScreenOptions
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.terminal.watching import WatchApp

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.listed_runs import ListedRuns
    from dagtui.store.directory import RunDirectory
    from dagtui.text.look import Look
    from dagtui.tui.runs.choice import BoardState, RunChoice


def choose_run(
    runs: ListedRuns, look: Look, state: BoardState, told: str, *, mouse: bool | None
) -> tuple[RunChoice | int, BoardState]:
    """Show the runs until one is chosen or the screen is left. Return the choice, or the exit status of leaving.

    `told` says at the beginning why a run could not be shown.
    """
    settings = read_settings(settings_path())
    app = RunsApp(runs, look, settings_file=settings, state=state, told=told)
    with_mouse = settings.settings.mouse if mouse is None else mouse
    found = anyio.run(lambda: app.run_async(mouse=with_mouse))
    if found is None or isinstance(found, ExitReason):
        return _status(found, app.signal_number, app.return_code), app.state
    return found, app.state


def show_run(directory: RunDirectory, graph_path: Path, look: Look, node_label: str, *, mouse: bool | None) -> int:
    """Show a run, read-only, until its screen is left: a live one as it goes on, others as a recording.

    Return 0, or 128 + n after signal n. Raises StoreError.
    """
    options = ScreenOptions(look=look, mouse=mouse, settings_file=read_settings(settings_path()))
    app: WatchApp | RecordedApp
    close = None
    if directory.is_live():
        followed = FollowedRun.open(directory, graph_path)
        memory, close = GraphMemory(followed), followed.close
        options["memory"] = memory.recalled()
        app = WatchApp(followed, node_label, **options)
    else:
        recorded = RecordedRun.open(directory, graph_path)
        memory = GraphMemory(recorded)
        options["memory"] = memory.recalled()
        app = RecordedApp(recorded, None, node_label, **options)
    app.returns_to = "the runs"
    leaving = anyio.run(_show, app, memory)
    if close is not None:
        close()
    return _status(leaving, app.signal_number, app.return_code)


async def _show(app: WatchApp | RecordedApp, memory: GraphMemory) -> ExitReason | None:
    leaving = None
    try:
        leaving = await app.run_async(mouse=app.mouse)
        return leaving
    finally:
        await memory.keep(app.last_state, leaving or ExitReason.CRASHED, app.settings)


def _status(leaving: ExitReason | None, signal_number: int, crashed: int | None) -> int:
    if leaving is ExitReason.TERMINATED:
        return 128 + signal_number
    if leaving is ExitReason.LOST:
        return 129
    return crashed or 0
