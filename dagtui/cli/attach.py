"""`dagtui attach`: bring the screen of a live run to this terminal, or follow a run without affecting it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.arguments import optional_graph_path_argument
from dagtui.cli.connect import run_option, say_no_live_run
from dagtui.cli.graph_file import call_of, graph_file_here
from dagtui.cli.options import look_options
from dagtui.cli.picker import MARGIN, Picker
from dagtui.cli.ps import listed, table
from dagtui.cli.screen import attach_to, live_runs_of
from dagtui.cli.stderr import fail
from dagtui.cli.terminal import a_terminal, has_screen
from dagtui.control.live import all_live
from dagtui.host.terminal_client import RunIsEndingError
from dagtui.store.directory import RunDirectory, held_runs, latest_first, runs
from dagtui.text import label, path_word
from dagtui.text.amounts import CellWidth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.cli.terminal import LookOptions
    from dagtui.control.live import FoundRun


@click.command(short_help="Show the screen of a live run on this terminal.")
@optional_graph_path_argument
@run_option
@click.option("--read-only", is_flag=True, help="Watch a run without affecting it, live or over.")
@click.option("--node", "node_label", metavar="NODE", default="", help="With --read-only: begin at this node.")
@look_options
def attach(graph_file: Path | None, number: int | None, read_only: bool, node_label: str, look: LookOptions) -> None:
    """Show the screen of the live run of GRAPH.toml on this terminal, as it was left. Another terminal gives it up.

    Without GRAPH.toml, it is your live run. If there are several, you pick one, beginning at the run of this folder.
    """
    if read_only:
        _watch(graph_file, number, look, node_label)
    if node_label:
        raise click.UsageError("--node needs --read-only")
    if not has_screen():
        fail(f"dagtui attach needs {a_terminal()}; dagtui status, wait and logs don't{_several()}")
    found = _any() if graph_file is None else _of_graph(graph_file, number)
    run = found[0] if len(found) == 1 else _choice_of(found, "Attach to which run?", look)
    try:
        raise SystemExit(attach_to(run, look))
    except RunIsEndingError:
        fail(f"dagtui: {run.title} has just ended; see dagtui runs")


def _of_graph(graph_file: Path, number: int | None) -> list[FoundRun]:
    """Return the attachable live runs of a graph, latest first, or one that is not if there are no others."""
    found = [run for run in live_runs_of(graph_file) if number in {None, run.number}]
    if not found:
        say_no_live_run(graph_file, number, held_runs(graph_file))
    return [run for run in found if run.attachable] or found[:1]


def _any() -> list[FoundRun]:
    found = all_live()[::-1]
    if not found:
        fail("dagtui: no run is live; dagtui GRAPH.toml starts one")
    return [run for run in found if run.attachable] or found


def _several() -> str:
    """Where no picker can be shown, list the command for each of several live runs. Else return an empty string."""
    found = all_live()[::-1]
    if len(found) < 2:
        return ""
    named = [(label(path_word(run.graph or run.run_id), 4096), run.number) for run in found]
    widest = max(len(name) for name, _ in named)
    commands = "\n".join(f"  dagtui attach {name:<{widest}}   # run {number}" for name, number in named)
    return f". Live runs:\n{commands}"


def _choice_of(found: Sequence[FoundRun], title: str, look: LookOptions) -> FoundRun:
    """Return the run that the user picks on this terminal. Ends the program if none is picked."""
    try:
        heading, *lines = table(listed(found), CellWidth(os.get_terminal_size(1).columns) - MARGIN, look=look.here)
        at = Picker(title, heading, lines, look.here, _of_this_folder(found)).pick()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    except OSError:  # the terminal is gone
        raise SystemExit(128 + signal.SIGHUP) from None
    if at is None:
        raise SystemExit(0)
    return found[at]


def _of_this_folder(found: Sequence[FoundRun]) -> int:
    """Return the index of the newest run of this folder's graph. 0 if it has none, or no live one."""
    try:
        graph = graph_file_here()
    except OSError:  # the folder was removed
        return 0
    path = None if graph is None else os.path.realpath(graph)
    graphs = (run.graph and os.path.realpath(run.graph) for run in found)
    return next((at for at, one in enumerate(graphs) if one and one == path), 0)


def _watch(graph_file: Path | None, number: int | None, look: LookOptions, node_label: str) -> NoReturn:
    """Show a run of a graph: the one with that number, else the live one, else the last one.

    Without a graph, it is the live run of this user, or the picked one of several. If the run is over, the program ends
    with its status.
    """
    if not has_screen():
        fail(f"dagtui attach --read-only needs {a_terminal()}; dagtui status and dagtui logs don't")
    directory, graph_path = _to_watch(look) if graph_file is None else (recorded(graph_file, number), graph_file)
    look_at(directory, graph_path, look, node_label)


def look_at(directory: RunDirectory, graph_path: Path, look: LookOptions, node_label: str = "") -> NoReturn:
    """Show a run without affecting it: follow it if it is live, otherwise show it as a recording. Ends the program."""
    if directory.is_live():
        from dagtui.tui.terminal.watching import watch

        raise SystemExit(watch(directory, graph_path, look.here, mouse=look.mouse, node_label=node_label))
    from dagtui.tui.recorded_app import show_recording

    raise SystemExit(show_recording(directory, graph_path, look.here, mouse=look.mouse, node_label=node_label))


def recorded(graph_file: Path, number: int | None) -> RunDirectory:
    """Return the run of a graph with a number, else the live one, else the last one. Ends the program without one."""
    found = [run for run in runs(graph_file) if number in {None, run.number}]
    if not found:
        shown = click.format_filename(graph_file)
        fail(f"dagtui: {shown} has no {'such run' if number else 'run'}; start one with: {call_of(graph_file)}")
    found = latest_first(found)
    return next((run for run in found if run.is_live()), found[0])


def _to_watch(look: LookOptions) -> tuple[RunDirectory, Path]:
    found = all_live()[::-1]
    if not found:
        fail("dagtui: no run is live; name the graph whose last run you want to see")
    run = found[0] if len(found) == 1 else _choice_of(found, "Watch which run?", look)
    if run.path is None or run.graph is None:
        fail(f"dagtui: the live run does not report its directory: {label(run.trouble or run.run_id)}")
    return RunDirectory.open(run.path), run.graph
