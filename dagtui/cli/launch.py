"""`dagtui GRAPH.toml` and `dagtui run`: run a graph, with the screen or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument, targets_argument
from dagtui.cli.headless import LineOptions, run_graph
from dagtui.cli.options import ResumingCommand, launch_options, look_options
from dagtui.cli.screen import show_graph

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile
    from dagtui.cli.terminal import LookOptions
    from dagtui.runs.launch import LaunchOptions


class _Context(click.Context):
    @property
    def command_path(self) -> str:
        """The name of this command in messages, which has no word of its own."""
        return "dagtui" if self.parent is None else self.parent.command_path


class _OpenCommand(ResumingCommand):
    context_class = _Context


@click.command(cls=_OpenCommand, short_help="Open a graph on the screen and run it.")
@graph_file_argument
@targets_argument
@launch_options
@look_options
@click.option("--in-process", is_flag=True, help="The run ends with this terminal, and can't be detached.")
def open_graph(
    graph_file: GraphFile, names: tuple[str, ...], options: LaunchOptions, look: LookOptions, in_process: bool
) -> None:
    """Open GRAPH.toml on the screen and run it. Without a terminal, run it as `dagtui run` does.

    With NODE..., only these nodes run, with all that they need. NODE is a task, a cell `train[seed=1]`, a pattern
    `train*` or a group `data/`. The others stay dimmed, and retry adds them.

    The run outlives the terminal: `d` detaches, and so does a lost connection. While it is live, the same command or
    dagtui attach shows its screen again. --fresh and --resume end it first if it is settled and has no screen.
    """
    show_graph(graph_file, options._replace(names=names), look, in_process=in_process)


@click.command(cls=ResumingCommand, short_help="Run a graph without a screen.")
@graph_file_argument
@targets_argument
@launch_options
@click.option("--events", metavar="FILE|-", help="Write every event as a JSON line to a file, or to standard output.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Use ASCII characters only.")
def run(
    graph_file: GraphFile, names: tuple[str, ...], options: LaunchOptions, events: str | None, ascii_only: bool
) -> None:
    """Run GRAPH.toml with plain lines on standard output.

    With NODE..., only these nodes run, with all that they need. NODE is a task, a cell `train[seed=1]`, a pattern
    `train*` or a group `data/`.

    It never asks. Without --resume it starts a new run, even beside a live one of the same graph, and says so. A live
    run that is settled and has no screen is ended first. Inside a node of the same graph, the run is refused.

    Exits with 0 on success, 1 if a node failed, 2 if the file or the call is invalid, 130 if the user cancelled the
    run, and 128 + n if signal n ended it.
    """
    run_graph(graph_file, options._replace(names=names), LineOptions(events, ascii_only))
