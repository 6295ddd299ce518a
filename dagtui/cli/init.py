"""`dagtui init` and `dagtui schema`: a small graph to start with, and what editors need to complete it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NoReturn

import click

from dagtui.cli.graph_file import NAMES
from dagtui.cli.output import optional_output, standard_output
from dagtui.cli.stderr import fail
from dagtui.text import label, path_word

STARTER = Path(__file__).with_name("starter.toml")
"""The graph that is written. It runs on any machine and takes a few seconds."""


@click.command(short_help="Write a small graph to start with.")
@click.argument("graph_file", metavar="[GRAPH.toml]", default=NAMES[0], type=click.Path(path_type=Path))
def init(graph_file: Path) -> None:
    """Write a small graph with comments to GRAPH.toml (graph.toml). An existing file is never overwritten.

    It runs as it is, for a few seconds. Replace its commands with your own.
    """
    starter = STARTER.read_text(encoding="utf-8")
    os.path.abspath(graph_file)  # fails if the current folder has been removed
    write_asked(graph_file, starter)
    name = "" if str(graph_file) == NAMES[0] else f" {path_word(graph_file)}"
    with optional_output() as output:
        output.line(f"wrote {label(graph_file, 4096)}; run it with: dagtui{label(name, 4096)}")


def write_asked(path: Path, text: str) -> None:
    """Create the new file that a call asks for. Exits with 2 if it already exists or can't be written."""
    try:
        write_new(path, text)
    except FileExistsError:
        fail_because_it_exists(path)
    except OSError as error:
        fail(f"dagtui: {path}: can't be written: {error.strerror}")


def fail_because_it_exists(path: Path) -> NoReturn:
    """Exit with 2: a file that is there is never changed."""
    fail(f"dagtui: {path} already exists and was not changed; choose another name")


def write_new(path: Path, text: str) -> None:
    """Create a new file, completely or not at all. Raises OSError."""
    with path.open("xb", buffering=0) as file:
        left = memoryview(text.encode())
        try:
            while left:
                left = left[file.write(left) :]
        except OSError:
            path.unlink(missing_ok=True)
            raise


@click.command(short_help="Print the JSON Schema of graph files, for editors.")
def schema() -> None:
    """Print the JSON Schema of graph files. Editors for TOML complete and check with it.

    Write it to dagtui.schema.json beside the graph. The first line of the graph names it, as `dagtui init` writes it:
    #:schema ./dagtui.schema.json
    """
    from dagtui.graph.schema import schema as made

    with standard_output() as output:
        output.lines(json.dumps(made(), indent=2, ensure_ascii=False).split("\n"))
