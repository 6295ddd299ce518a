"""Life of the screens of runs, on the terminal of this process: the list, and a past run that was chosen there."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import anyio

from dagtui.host.attachment import ExitReason
from dagtui.runs.following import FollowedRun
from dagtui.runs.recorded import RecordedRun
from dagtui.settings.loading import read_settings
from dagtui.settings.place import settings_path
from dagtui.tui.recorded_app import RecordedApp
from dagtui.tui.runs.app import RunsApp
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.terminal.show import left_status, look_until_left, options_here
from dagtui.tui.terminal.watching import WatchApp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.runs.listed_runs import ListedRuns
    from dagtui.runs.view import RunView
    from dagtui.store.directory import RunDirectory
    from dagtui.text.look import Look
    from dagtui.tui.runs.choice import BoardState, RunChoice
    from dagtui.tui.screen_app import ScreenApp


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
        return left_status(found, app.signal_number, app.return_code), app.state
    return found, app.state


def show_run(directory: RunDirectory, graph_path: Path, look: Look, node_label: str, *, mouse: bool | None) -> int:
    """Show a run, read-only, until its screen is left: a live one as it goes on, others as a recording.

    Return 0, or 128 + n after signal n. Raises StoreError.
    """
    if not directory.is_live():
        recorded = RecordedRun.open(directory, graph_path)
        return _shown(partial(RecordedApp, recorded, None, node_label), recorded, look, mouse=mouse)
    with closing(FollowedRun.open(directory, graph_path)) as followed:
        return _shown(partial(WatchApp, followed, node_label), followed, look, mouse=mouse)


def _shown(make: Callable[..., ScreenApp], run: RunView, look: Look, *, mouse: bool | None) -> int:
    memory = GraphMemory(run)
    app = make(**options_here(memory, look, mouse=mouse))
    app.returns_to = "the runs"
    return look_until_left(app, memory)
