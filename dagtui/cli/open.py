"""`dagtui GRAPH.toml`: open the screen and run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dagtui.cli.options import fail, graph_argument, read_graph, run_options
from dagtui.cli.run import run_headless

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph

THEMES = ("dark", "light", "ansi", "contrast")


@click.command(short_help="Open a graph on the screen and run it.")
@graph_argument
@run_options
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--theme", type=click.Choice(THEMES), default=None, help="Colours of the screen.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
def open_graph(
    graph_file: Path,
    parameters: tuple[str, ...],
    jobs: int | None,
    paused: bool,
    ascii_only: bool,
    theme: str | None,
    no_mouse: bool,
) -> None:
    """Open GRAPH.toml on the screen and run it; without a terminal it runs as `dagtui run` does."""
    graph = read_graph(graph_file, parameters)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if paused:
            fail("--paused needs a terminal: nobody could resume the run")
        run_headless(graph, jobs, None, ascii_only=ascii_only)
    raise SystemExit(_on_screen(graph, jobs, paused=paused, ascii_only=ascii_only, theme=theme, mouse=not no_mouse))


def _on_screen(
    graph: Graph, jobs: int | None, *, paused: bool, ascii_only: bool, theme: str | None, mouse: bool
) -> int:
    from dagtui.session.session import Session
    from dagtui.store.errors import StoreError

    try:
        session = Session.start(graph, jobs=jobs, paused=paused)
    except (StoreError, OSError) as error:
        fail(f"dagtui: {error}")
    # The first nodes are running already; what follows takes a quarter of a second to import.
    from dagtui.tui.show import show

    return show(session, ascii_only=ascii_only, theme=theme, mouse=mouse)
