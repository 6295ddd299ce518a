"""`dagtui schema`: what a graph file may hold, for editors."""

from __future__ import annotations

import json

import click

from dagtui.cli.output import standard_output
from dagtui.graph.schema import schema as made


@click.command(short_help="Print the JSON Schema of graph files, for editors.")
def schema() -> None:
    """Print the JSON Schema of graph files. Editors for TOML complete and check with it.

    Write it to dagtui.schema.json beside the graph. The first line of the graph names it, as `dagtui init` writes it:
    #:schema ./dagtui.schema.json
    """
    with standard_output() as output:
        output.lines(json.dumps(made(), indent=2, ensure_ascii=False).split("\n"))
