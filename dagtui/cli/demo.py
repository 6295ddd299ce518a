"""`dagtui demo`: run the bundled example in its own folder."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dagtui.cli.graph_file import NAMES, GraphFile
from dagtui.cli.init import write_new
from dagtui.cli.launch import open_graph
from dagtui.cli.options import ResumingCommand
from dagtui.cli.stderr import fail, say

DEMO = Path(__file__).with_name("demo.toml")
"""The example. It runs for about half a minute on any machine that has `sh`."""
FOLDER = "dagtui-demo"


def _demo(folder: Path, **options: object) -> None:
    """Run the bundled example in FOLDER (dagtui-demo), which is created if it does not exist.

    A graph.toml that is already in FOLDER is run as it is. Delete the folder to remove the example and its runs. The
    options are those of opening a graph.
    """
    path = folder / NAMES[0]
    try:
        _unpack(path)
    except OSError as error:
        fail(f"dagtui: {path}: can't be written: {error.strerror}; name another folder: dagtui demo FOLDER")
    click.get_current_context().invoke(open_graph, graph_file=GraphFile(path), **options)


def _unpack(path: Path) -> None:
    """Write the example unless a graph is already there. Raises OSError."""
    os.path.abspath(path)  # fails if the current folder has been removed
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_new(path, DEMO.read_text(encoding="utf-8"))
    except FileExistsError:
        return
    say(f"dagtui: wrote the example to {path}; delete {path.parent} to remove it")


demo = ResumingCommand(
    "demo",
    callback=_demo,
    help=_demo.__doc__,
    short_help="Run the bundled example.",
    params=[
        click.Argument(["folder"], metavar="[FOLDER]", default=FOLDER, type=click.Path(path_type=Path)),
        *(parameter for parameter in open_graph.params if parameter.name != "graph_file"),
    ],
)
