"""`dagtui attach`: bring the screen of a live run to this terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import optional_graph_path_argument
from dagtui.cli.attaching import (
    a_terminal,
    attach_commands,
    choice_of,
    has_screen,
    is_attachable,
    live_runs_of,
    look_of,
    shown_run,
)
from dagtui.cli.attaching import attach as attach_to
from dagtui.cli.connect import run_option
from dagtui.cli.live_runs import all_of_user
from dagtui.cli.options import look_options
from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.control.live import FoundRun


@click.command(short_help="Show the screen of a live run on this terminal.")
@optional_graph_path_argument
@run_option
@click.option("--read-only", is_flag=True, help="Watch a run without affecting it, live or over.")
@look_options
def attach(
    graph_file: Path | None,
    number: int | None,
    read_only: bool,
    ascii_only: bool,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Show the screen of the live run of GRAPH.toml on this terminal, as it was left. Another terminal gives it up.

    Without GRAPH.toml, it is your live run. If there are several, you pick one.
    """
    if read_only:
        from dagtui.cli.watch import watch

        watch(graph_file, number, ascii_only=ascii_only, theme=theme, mouse=not no_mouse)
    if not has_screen():
        fail(f"dagtui attach needs {a_terminal()}; dagtui status, wait and logs don't{_several()}")
    from dagtui.host.terminal_client import RunIsEndingError

    found = _any() if graph_file is None else _of_graph(graph_file, number)
    run = found[0] if len(found) == 1 else choice_of(found, "Attach to which run?", ascii_only=ascii_only)
    try:
        raise SystemExit(attach_to(run, look_of(ascii_only, theme, no_mouse)))
    except RunIsEndingError:
        fail(f"dagtui: {shown_run(run)} has just ended; see dagtui runs")


def _of_graph(graph_file: Path, number: int | None) -> list[FoundRun]:
    """Return the attachable live runs of a graph, latest first, or one that is not if there are no others."""
    found = [run for run in live_runs_of(graph_file) if number in {None, run.number}]
    if not found:
        from dagtui.cli.no_live_run import say_no_live_run
        from dagtui.store.held import held_runs

        say_no_live_run(graph_file, number, held_runs(graph_file))
    return [run for run in found if is_attachable(run)] or found[:1]


def _any() -> list[FoundRun]:
    found = all_of_user()
    if not found:
        fail("dagtui: no run is live; dagtui GRAPH.toml starts one")
    return [run for run in found if is_attachable(run)] or found


def _several() -> str:
    """Where no picker can be shown, list the command for each of several live runs. Else return an empty string."""
    found = all_of_user()
    return f". Live runs:\n{attach_commands(found, 'dagtui attach')}" if len(found) > 1 else ""
