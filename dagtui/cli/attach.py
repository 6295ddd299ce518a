"""`dagtui attach`: bring the screen of a live run to this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import optional_graph_path_argument
from dagtui.cli.attaching import (
    a_terminal,
    has_screen,
    is_attachable,
    live_runs_of,
    look_of,
    shown_run,
    ways_to,
)
from dagtui.cli.attaching import attach as attach_to
from dagtui.cli.options import look_options
from dagtui.cli.reach import run_option
from dagtui.cli.saying import fail

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.session.door.live import LiveRun


@click.command(short_help="Bring the screen of a live run to this terminal.")
@optional_graph_path_argument
@run_option
@click.option("--read-only", is_flag=True, help="Watch only, whoever else has the run; also one that is over.")
@look_options
def attach(
    graph_file: Path | None,
    number: int | None,
    read_only: bool,
    ascii_only: bool,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Bring the screen of the live run of GRAPH.toml here, as it was left; whoever has it now gives it up.

    Without GRAPH.toml: your one live run.
    """
    if read_only:
        from dagtui.cli.watch import watch

        watch(graph_file, number, ascii_only=ascii_only, theme=theme, mouse=not no_mouse)
    if not has_screen():
        fail(f"dagtui attach needs {a_terminal()}; dagtui status, wait and logs don't")
    from dagtui.session.hosting.client import RunIsEndingError

    run = _only_live() if graph_file is None else _of_graph(graph_file, number)
    try:
        raise SystemExit(attach_to(run, look_of(ascii_only, theme, no_mouse)))
    except RunIsEndingError:
        fail(f"dagtui: {shown_run(run)} has just ended; see dagtui runs")


def _of_graph(graph_file: Path, number: int | None) -> LiveRun:
    found = [run for run in live_runs_of(graph_file) if number in {None, run.number}]
    if not found:
        from dagtui.cli.no_live_run import say_no_live_run
        from dagtui.store.held import held_runs

        say_no_live_run(graph_file, number, held_runs(graph_file))
    return found[0]


def _only_live() -> LiveRun:
    from dagtui.session.door.live import all_live
    from dagtui.session.door.sockets import DoorError

    try:
        found = all_live()
    except DoorError as error:
        fail(f"dagtui: {error}")
    chosen = [run for run in found if is_attachable(run)] or found
    if not chosen:
        fail("dagtui: no run is live; dagtui GRAPH.toml starts one")
    if len(chosen) > 1:
        fail(f"dagtui: several runs are live; name the graph:\n{ways_to(chosen, 'dagtui attach')}")
    return chosen[0]
