"""`dagtui attach --read-only`: follow a run without affecting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.attaching import a_terminal, choice_of, has_screen
from dagtui.cli.graph_file import call_of
from dagtui.cli.live_runs import all_of_user
from dagtui.cli.stderr import fail
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.directory import RunDirectory


def watch(graph_file: Path | None, number: int | None, *, ascii_only: bool, theme: str | None, mouse: bool) -> NoReturn:
    """Follow a run of a graph: the one with that number, else the live one, else the last one.

    Without a graph, it is the live run of this user, or the picked one of several. If the run is over, the program ends
    with its status.
    """
    if not has_screen():
        fail(f"dagtui attach --read-only needs {a_terminal()}; dagtui status and dagtui logs don't")
    from dagtui.store.errors import StoreError

    try:
        if graph_file is None:
            directory, graph_path = _picked(ascii_only=ascii_only)
        else:
            directory, graph_path = _chosen(graph_file, number), graph_file
        from dagtui.tui.terminal.watching import watch as show

        status = show(directory, graph_path, ascii_only=ascii_only, theme=theme, mouse=mouse)
    except StoreError as error:
        fail(f"dagtui: {error}")
    raise SystemExit(status)


def _chosen(graph_file: Path, number: int | None) -> RunDirectory:
    from dagtui.store.directory import latest_first, runs

    found = runs(graph_file)
    shown = click.format_filename(graph_file)
    if number is not None:
        found = [run for run in found if run.number == number]
    if not found:
        fail(f"dagtui: {shown} has no {'such run' if number else 'run'}; start one with: {call_of(graph_file)}")
    found = latest_first(found)
    return next((run for run in found if run.is_live()), found[0])


def _picked(*, ascii_only: bool) -> tuple[RunDirectory, Path]:
    from dagtui.store.directory import RunDirectory

    found = all_of_user()
    if not found:
        fail("dagtui: no run is live; name the graph whose last run you want to see")
    run = found[0] if len(found) == 1 else choice_of(found, "Watch which run?", ascii_only=ascii_only)
    if run.path is None or run.graph is None:
        fail(f"dagtui: the live run does not report its directory: {label(run.trouble or run.run_id)}")
    return RunDirectory.open(run.path), run.graph
