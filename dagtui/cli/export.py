"""`dagtui export`: the graph as a resolved file, a picture, or data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument
from dagtui.cli.graph_file import read_redacted_graph
from dagtui.cli.init import write_asked
from dagtui.cli.options import parameter_option
from dagtui.cli.output import optional_output, standard_output
from dagtui.cli.stderr import say
from dagtui.graph.export import to_toml
from dagtui.report.drawings import MOST_EDGES, dot, mermaid, to_json
from dagtui.text import count, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.cli.graph_file import GraphFile
    from dagtui.graph.model import Graph


def _toml(graph: Graph) -> str:
    """Return the resolved file. Characters that a terminal could obey or hide are written as their numbers."""
    return re.sub(r"[^\n -~]", lambda found: _escaped(found[0]), to_toml(graph)).removesuffix("\n")


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"


FORMS: dict[str, Callable[[Graph], str]] = {
    "toml": _toml,
    "mermaid": lambda graph: "\n".join(mermaid(graph)),
    "dot": lambda graph: "\n".join(dot(graph)),
    "json": to_json,
}


@click.command(short_help="Write a graph for another tool: toml, mermaid, dot or json.")
@graph_file_argument
@parameter_option
@click.option("--to", "form", type=click.Choice(list(FORMS)), required=True, help="The language.")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a new file instead of printing. An existing file is never changed.",
)
def export(graph_file: GraphFile, parameters: tuple[str, ...], form: str, target: Path | None) -> None:
    """Write GRAPH.toml in another form. Nothing is executed.

    toml is the resolved graph: parameters set, defaults merged, sheets read. mermaid and dot are pictures of nodes and
    edges; edges from files are dotted. json has the resolved graph, its nodes and its edges. Secrets are ***.
    """
    graph = read_redacted_graph(graph_file, parameters, environment=None)
    text = FORMS[form](graph)
    if form == "mermaid" and graph.edge_count > MOST_EDGES:
        say(f"dagtui: {count(graph.edge_count)} edges: Mermaid draws {MOST_EDGES} unless its maxEdges allows more")
    if target is None:
        with standard_output() as output:
            output.lines(text.split("\n"))
        return
    write_asked(target, text + "\n")
    with optional_output() as output:
        output.line(f"wrote {label(target, 4096)}")
