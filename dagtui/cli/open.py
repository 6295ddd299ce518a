"""`dagtui GRAPH.toml`: open the screen and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument
from dagtui.cli.opening import show_graph
from dagtui.cli.options import (
    ResumingCommand,
    look_options,
    nested_option,
    parameter_option,
    resume_options,
    run_options,
)

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile


class _Context(click.Context):
    @property
    def command_path(self) -> str:
        """The name of this command in messages, which has no word of its own."""
        return "dagtui" if self.parent is None else self.parent.command_path


class _OpenCommand(ResumingCommand):
    context_class = _Context


@click.command(cls=_OpenCommand, short_help="Open a graph on the screen and run it.")
@graph_file_argument
@parameter_option
@run_options
@resume_options
@nested_option
@look_options
@click.option("--in-process", is_flag=True, help="The run ends with this terminal, and can't be detached.")
def open_graph(
    graph_file: GraphFile,
    parameters: tuple[str, ...],
    jobs: int | None,
    paused: bool,
    resume: int | None,
    rerun: tuple[str, ...],
    fresh: bool,
    ascii_only: bool,
    nested: bool,
    theme: str | None,
    no_mouse: bool,
    in_process: bool,
) -> None:
    """Open GRAPH.toml on the screen and run it. Without a terminal, run it as `dagtui run` does.

    The run outlives the terminal: `d` detaches, and so does a lost connection. While it is live, the same command or
    dagtui attach shows its screen again. --fresh and --resume end it first if it is settled and has no screen.
    """
    show_graph(
        graph_file,
        parameters,
        jobs,
        paused=paused,
        resume=resume,
        rerun=rerun,
        fresh=fresh,
        ascii_only=ascii_only,
        theme=theme,
        no_mouse=no_mouse,
        in_process=in_process,
        nested=nested,
    )
