"""`dagtui runs`: list past and live runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import optional_graph_path_argument
from dagtui.cli.graph_file import graph_file_here, refuse_missing
from dagtui.cli.options import look_options
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import fail, say
from dagtui.cli.terminal import has_screen
from dagtui.control.live import screen_of
from dagtui.report.run_list import run_line, run_object
from dagtui.store.directory import runs as runs_of
from dagtui.store.summary import all_runs, graphs_with_runs, summarise
from dagtui.text import label, plural
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.cli.output import Output
    from dagtui.cli.terminal import LookOptions
    from dagtui.store.directory import RunDirectory

SHOWN = 20


@click.command(short_help="Show the runs of a graph.")
@optional_graph_path_argument
@click.option(
    "-n",
    "--most",
    type=click.IntRange(min=0),
    metavar="N",
    default=SHOWN,
    show_default=True,
    help="How many runs of each graph; 0: all.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array for machines. With --compare: an object.")
@click.option(
    "--compare",
    nargs=2,
    type=click.IntRange(min=1),
    metavar="NEW OLD",
    default=None,
    help="Compare two runs: definitions, parameters, slots, outcomes and times.",
)
@click.option("--plain", is_flag=True, help="Print the list on a terminal, too.")
@look_options
def runs(
    graph_file: Path | None,
    most: int,
    compare: tuple[int, int] | None,
    look: LookOptions,
    *,
    as_json: bool,
    plain: bool,
) -> None:
    """Show the runs of GRAPH.toml: what became of each task in each of them, and two of them compared.

    On a terminal that is a screen, where Enter opens a run. Elsewhere, and with --plain or --json, the runs are listed,
    newest first. Without GRAPH.toml, the screen is of the graph of this folder that has runs, and the list of every
    graph below ./.dagtui. For the list, each journal is read once, at about 80 MB per second, and its checksums are
    verified.
    """
    if compare is not None:
        _print_comparison(graph_file, *compare, as_json=as_json)
        return
    if not (plain or as_json) and has_screen() and (graph_path := _graph_on_screen(graph_file, look)) is not None:
        from dagtui.cli.runs_screen import show_runs

        show_runs(graph_path, look)
    with standard_output() as output:
        (_print_json if as_json else _print_lines)(output, graph_file, most)


def _graph_on_screen(graph_file: Path | None, look: LookOptions) -> Path | None:
    """Return the graph whose runs the screen shows. None: it has no run, or no graph of this folder has."""
    if graph_file is not None:
        if not runs_of(graph_file):
            refuse_missing(graph_file, click.format_filename(graph_file))
            return None
        return graph_file
    found = graphs_with_runs(Path())
    if len(found) < 2:
        return found[0] if found else None
    from dagtui.cli.picker import Picker

    at = Picker("The runs of which graph?", "", [label(path) for path in found], look.here).pick()
    if at is None:
        raise SystemExit(0)
    return found[at]


def _print_comparison(graph_file: Path | None, new: int, old: int, *, as_json: bool) -> None:
    from dagtui.report.comparison_text import comparison_lines, comparison_object
    from dagtui.runs.comparison import compare_runs

    if graph_file is None:
        graph_file = graph_file_here()
    if graph_file is None:
        raise click.UsageError("--compare needs a graph: dagtui runs GRAPH.toml --compare NEW OLD")
    found = {run.number: run for run in runs_of(graph_file)}
    if missing := [number for number in (new, old) if number not in found]:
        refuse_missing(graph_file, click.format_filename(graph_file))
        fail(f"dagtui: there is no run {missing[0]} of {label(graph_file)}; dagtui runs {label(graph_file)} lists them")
    comparison = compare_runs(found[old], found[new])
    with standard_output() as output:
        if as_json:
            output.line(comparison_object(comparison))
        else:
            output.lines(comparison_lines(comparison, output.look))


def _found(graph_file: Path | None) -> Iterator[tuple[str, list[RunDirectory]]]:
    if graph_file is None:
        yield from all_runs(Path())
        return
    found = runs_of(graph_file)[::-1]
    if not found:
        refuse_missing(graph_file, click.format_filename(graph_file))
    yield str(graph_file), found


def _print_json(output: Output, graph_file: Path | None, most: int) -> None:
    separator = "["
    for name, found in _found(graph_file):
        for directory in found[: most or None]:
            told = run_object(summarise(directory), screen_of(directory))
            output.line(f'{separator}{{"graph": {json.dumps(name)}, {told[1:]}')
            output.flush()
            separator = ","
    output.line("]" if separator == "," else "[]")


def _print_lines(output: Output, graph_file: Path | None, most: int) -> None:
    any_found = False
    for name, found in _found(graph_file):
        any_found = any_found or bool(found)
        if graph_file is None:
            output.line(f"{label(name)}:")
        for directory in found[: most or None]:
            line = run_line(
                summarise(directory), screen_of(directory), WallTime(time.time()), colours=output.look.colours
            )
            # A terminal's line has no room for the directory, which is the same for all but the number.
            output.line(line if output.is_terminal else f"{line}  {label(directory.path, 4096)}")
            output.flush()  # the next journal may be large
        if most and len(found) > most:
            output.line(f"      and {plural(len(found) - most, 'older run')}: -n 0 shows them all")
        if found and output.is_terminal:
            output.line(f"      journals and logs: {label(found[0].path.parent, 4096)}")
    if not any_found:
        if graph_file is None:
            say("no runs below ./.dagtui; name a graph, or see all that are live: dagtui status")
        else:
            say(f"no runs of {label(graph_file)}")
