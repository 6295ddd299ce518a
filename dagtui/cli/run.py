"""`dagtui run`: the same run without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.options import fail, graph_argument, read_graph, run_options

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph


@click.command(short_help="Run a graph without a screen.")
@graph_argument
@run_options
@click.option("--events", metavar="FILE|-", help="Write every event as a JSON line to a file, or to standard output.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII characters only.")
def run(
    graph_file: Path, parameters: tuple[str, ...], jobs: int | None, paused: bool, events: str | None, ascii_only: bool
) -> None:
    """Run GRAPH.toml with plain lines on standard output.

    Exits with 0 when all went well, 1 when a node failed, 2 when the file or the call is wrong, 130 when a person
    cancelled the run, and 128 + n when signal n ended it.
    """
    if paused:
        fail("--paused: nobody could resume a run that has no screen; open it with: dagtui GRAPH.toml --paused")
    run_headless(read_graph(graph_file, parameters), jobs, events, ascii_only=ascii_only)


def run_headless(graph: Graph, jobs: int | None, events: str | None, *, ascii_only: bool = False) -> None:
    """Run a graph without a screen, and exit with what came of it."""
    from dagtui.session.headless import Headless
    from dagtui.store.errors import StoreError

    try:
        status = Headless(graph, jobs=jobs, events=events, ascii_only=ascii_only).run()
    except (StoreError, OSError) as error:
        fail(f"dagtui: {error}")
    raise SystemExit(status)
