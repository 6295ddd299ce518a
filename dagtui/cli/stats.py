"""`dagtui stats`: what nodes took in the last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument, targets_argument
from dagtui.cli.graph_file import read_graph
from dagtui.cli.options import parameter_option
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import say
from dagtui.graph.matrix.selection import chosen_nodes
from dagtui.report.stats import stats_json, stats_lines, stats_of
from dagtui.runs.past_runs import past_runs
from dagtui.text import label

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile


@click.command(short_help="Show what nodes took in the last runs.")
@graph_file_argument
@targets_argument
@parameter_option
@click.option("--json", "as_json", is_flag=True, help="A JSON object for machines.")
def stats(graph_file: GraphFile, names: tuple[str, ...], parameters: tuple[str, ...], *, as_json: bool) -> None:
    """Show what the nodes of GRAPH.toml took in the last 50 runs, or only NODE...

    Flaky nodes come first, then those that have become slower or faster: dagtui help history says by which rules.
    """
    graph = read_graph(graph_file, parameters, environment=None)
    chosen = chosen_nodes(graph, names) if names else graph.nodes
    runs = past_runs(graph_file.path)
    rows = stats_of(runs, (graph.labels[node] for node in chosen))
    if not rows and not as_json:
        executed = "none of these nodes" if names else "no node"
        say(f"{executed} was executed in the last runs of {label(graph_file.path)}")
        return
    with standard_output() as output:
        if as_json:
            output.lines(stats_json(str(graph_file.path), runs, rows))
        else:
            output.lines(stats_lines(runs, rows, output.columns, output.look))
