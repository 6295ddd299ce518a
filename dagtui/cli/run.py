"""`dagtui run`: the same run without a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument
from dagtui.cli.headless import run_graph
from dagtui.cli.options import ResumingCommand, nested_option, parameter_option, resume_options, run_options

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile


@click.command(cls=ResumingCommand, short_help="Run a graph without a screen.")
@graph_file_argument
@parameter_option
@run_options
@resume_options
@nested_option
@click.option("--events", metavar="FILE|-", help="Write every event as a JSON line to a file, or to standard output.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII characters only.")
def run(
    graph_file: GraphFile,
    parameters: tuple[str, ...],
    jobs: int | None,
    paused: bool,
    resume: int | None,
    rerun: tuple[str, ...],
    fresh: bool,
    events: str | None,
    ascii_only: bool,
    nested: bool,
) -> None:
    """Run GRAPH.toml with plain lines on standard output.

    It never asks. Without --resume it starts a new run, even beside a live one of the same graph, and says so. A live
    run that is settled and has no screen is ended first. Inside a node of the same graph, the run is refused.

    Exits with 0 on success, 1 if a node failed, 2 if the file or the call is invalid, 130 if the user cancelled the
    run, and 128 + n if signal n ended it.
    """
    run_graph(
        graph_file,
        parameters,
        jobs,
        paused=paused,
        resume=resume,
        rerun=rerun,
        fresh=fresh,
        events=events,
        ascii_only=ascii_only,
        nested=nested,
    )
