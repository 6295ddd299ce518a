"""`dagtui runs`: list past and live runs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import optional_graph_path_argument
from dagtui.cli.graph_file import refuse_missing
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import say
from dagtui.control.live import screen_of
from dagtui.report.run_list import run_line, run_object
from dagtui.store.directory import runs as runs_of
from dagtui.store.summary import all_runs, summarise
from dagtui.text import label, plural
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.cli.output import Output
    from dagtui.store.directory import RunDirectory

SHOWN = 20


@click.command(short_help="List the runs of a graph.")
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
@click.option("--json", "as_json", is_flag=True, help="A JSON array for machines.")
def runs(graph_file: Path | None, most: int, as_json: bool) -> None:
    """List the runs of GRAPH.toml, newest first. Without it, list those of every graph below ./.dagtui.

    Each journal is read once, at about 80 MB per second, and its checksums are verified.
    """
    with standard_output() as output:
        (_print_json if as_json else _print_lines)(output, graph_file, most)


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
