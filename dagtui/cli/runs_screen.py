"""The screen of `dagtui runs`: shows the runs of a graph, then what was chosen there, until it is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.cli.terminal import LookOptions
    from dagtui.store.directory import RunDirectory
    from dagtui.tui.runs.choice import RunChoice


def show_runs(graph_path: Path, look: LookOptions) -> NoReturn:
    """Show the runs of a graph until the screen is left, then exit. Raises StoreError."""
    from dagtui.runs.listed_runs import CALLING_RUN, ListedRuns
    from dagtui.store.errors import StoreError
    from dagtui.tui.runs.choice import FIRST_LOOK, RunStep
    from dagtui.tui.runs.showing import choose_run

    calling = os.environ.pop(CALLING_RUN, "")  # not for the nodes of a run that is resumed here
    runs, state, told = ListedRuns(graph_path), FIRST_LOOK, ""
    while True:
        choice, state = choose_run(runs, look.here, state, told, mouse=look.mouse)
        if isinstance(choice, int):
            raise SystemExit(choice)
        if str(choice.number) == calling:
            raise SystemExit(0)
        if choice.step is RunStep.RESUME:
            _resume(graph_path, choice.number, look)
        show = _open if choice.step is RunStep.OPEN else _attach
        try:
            told = ""
            show(runs.directories[choice.number], graph_path, choice, look)
        except StoreError as error:
            told = f"run {choice.number} can't be shown: {error}"


def _open(directory: RunDirectory, graph_path: Path, choice: RunChoice, look: LookOptions) -> None:
    """Show a run read-only until its screen is left."""
    from dagtui.tui.runs.showing import show_run

    status = show_run(directory, graph_path, look.here, choice.node_label, mouse=look.mouse)
    if status > 128:
        raise SystemExit(status)


def _attach(directory: RunDirectory, graph_path: Path, choice: RunChoice, look: LookOptions) -> None:
    """Attach to a live run, whose screen is then the last one. Watch one that has the terminal of its call."""
    from dagtui.cli.screen import attach_to, live_runs_of
    from dagtui.host.terminal_client import RunIsEndingError

    found = next((run for run in live_runs_of(graph_path) if run.number == choice.number), None)
    if found is None or not found.attachable:
        _open(directory, graph_path, choice, look)
        return
    try:
        raise SystemExit(attach_to(found, look))
    except RunIsEndingError:
        return  # the list says how it ended


def _resume(graph_path: Path, number: int, look: LookOptions) -> NoReturn:
    """Resume a run as `--resume N` does."""
    from dagtui.cli.graph_file import GraphFile
    from dagtui.cli.screen import show_graph
    from dagtui.runs.launch import LaunchOptions

    show_graph(GraphFile(graph_path), LaunchOptions(resume=number), look)
