"""`dagtui check`: read a graph and report its errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument
from dagtui.cli.graph_file import read_graph
from dagtui.cli.options import executor_option, parameter_option
from dagtui.cli.output import optional_output
from dagtui.runs.redaction import keep_secrets
from dagtui.text import count, label, plural
from dagtui.text.labels import name_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.cli.graph_file import GraphFile
    from dagtui.graph.model import Graph
    from dagtui.text.secrets import Secrets

MOST_NAMED = 20
"""Nodes that are named of those that do not run."""


@click.command(short_help="Check a graph and report its errors.")
@graph_file_argument
@parameter_option
@executor_option
def check(graph_file: GraphFile, parameters: tuple[str, ...], executor: str | None) -> None:
    """Check GRAPH.toml and report all errors at once. Nothing is executed. Exits with 0 or 2.

    An input that does not exist and that no task writes is an error, as for a run.
    """
    whole = read_graph(graph_file, parameters, executor=executor)
    graph, secrets = keep_secrets(whole, os.environ)
    runs_some = graph.settings.default or any(task.default for task in graph.tasks)
    if runs_some and any(task.inputs for task in graph.tasks):
        from dagtui.runs.targets import default_targets, refuse_missing_inputs

        refuse_missing_inputs(whole, default_targets(graph), secrets)
    amounts = ", ".join(
        [plural(len(graph.tasks), "task"), plural(len(graph), "node"), plural(graph.edge_count, "edge")]
    )
    with optional_output() as output:
        for remark in graph.remarks:
            output.line(remark)
        output.line(f"{label(graph_file.title or graph_file.path)}: OK ({amounts})")
        if any(task.condition for task in whole.tasks):
            output.lines(_skipped(whole, graph, secrets))


def _skipped(whole: Graph, graph: Graph, secrets: Secrets | None) -> Iterator[str]:
    """Yield lines about the nodes that their conditions keep from running. Only `graph` is redacted."""
    from dagtui.report.planned_conditions import kept_from_running, planned_conditions

    conditions = planned_conditions(whole, os.environ, secrets)
    kept = [] if conditions is None else list(kept_from_running(conditions, graph))
    if not kept:
        return
    yield f"would not run because of {'its condition' if len(kept) == 1 else 'their conditions'}: {count(len(kept))}"
    for node, reason in kept[:MOST_NAMED]:
        yield f"  {name_label(graph.labels[node])}: {reason}"
    if len(kept) > MOST_NAMED:
        yield f"  and {plural(len(kept) - MOST_NAMED, 'more node')}"
