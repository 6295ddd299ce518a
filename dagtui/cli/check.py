"""`dagtui check`: read a graph and report its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument
from dagtui.cli.graph_file import read_redacted_graph
from dagtui.cli.options import parameter_option
from dagtui.cli.output import optional_output
from dagtui.text import label, plural

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile


@click.command(short_help="Check a graph and report its errors.")
@graph_file_argument
@parameter_option
def check(graph_file: GraphFile, parameters: tuple[str, ...]) -> None:
    """Check GRAPH.toml and report all errors at once. Nothing is executed. Exits with 0 or 2.

    An input that does not exist and that no task writes is an error, as for a run.
    """
    graph = read_redacted_graph(graph_file, parameters)
    if any(task.inputs for task in graph.tasks):
        from dagtui.runs.targets import default_targets, refuse_missing_inputs

        refuse_missing_inputs(graph, default_targets(graph), None)
    amounts = ", ".join(
        [plural(len(graph.tasks), "task"), plural(len(graph), "node"), plural(graph.edge_count, "edge")]
    )
    with optional_output() as output:
        for remark in graph.remarks:
            output.line(remark)
        output.line(f"{label(graph_file.title or graph_file.path)}: OK ({amounts})")
