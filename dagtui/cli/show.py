"""`dagtui show`: a past run on the screen, as a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_path_argument
from dagtui.cli.attach import look_at, recorded
from dagtui.cli.options import look_options
from dagtui.cli.stderr import fail
from dagtui.cli.terminal import a_terminal, has_screen

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.cli.terminal import LookOptions


@click.command(short_help="Show a past run on the screen, moment by moment.")
@graph_path_argument
@click.argument("number", metavar="[N]", required=False, type=click.IntRange(min=1))
@look_options
def show(graph_file: Path, number: int | None, look: LookOptions) -> None:
    """Show run N of GRAPH.toml as it was left, and at any moment before. Without N, it is the last one.

    The keys , and . go one event back and on, Tab leads to a bar with all moments. A live run is followed, and not
    affected. The program ends with the status of the run.
    """
    if not has_screen():
        fail(f"dagtui show needs {a_terminal()}; dagtui runs, status and logs don't")
    look_at(recorded(graph_file, number), graph_file, look)
