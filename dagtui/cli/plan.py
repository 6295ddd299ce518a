"""`dagtui plan`: what would run, without running it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import graph_file_argument, targets_argument
from dagtui.cli.graph_file import read_graph
from dagtui.cli.options import JOBS, executor_option, parameter_option
from dagtui.cli.output import standard_output
from dagtui.cli.prepare import targets_named
from dagtui.report.plan import make_plan, sheet_changes
from dagtui.report.plan_lines import plan_json, plan_lines
from dagtui.runs.processors import initial_slots
from dagtui.runs.redaction import keep_secrets
from dagtui.runs.targets import default_targets
from dagtui.store.history import History

if TYPE_CHECKING:
    from dagtui.cli.graph_file import GraphFile


@click.command(short_help="Show what would run, in which order, and for how long.")
@graph_file_argument
@targets_argument
@parameter_option
@executor_option
@click.option("-j", "--jobs", type=JOBS, metavar="N", help="Plan for N slots; default: as for a run.")
@click.option("--force", is_flag=True, help="Plan a run with --force.")
@click.option("--all", "everything", is_flag=True, help="Print a line for every node.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document with every node, for machines.")
def plan(
    graph_file: GraphFile,
    names: tuple[str, ...],
    parameters: tuple[str, ...],
    executor: str | None,
    jobs: int | None,
    force: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what a run of GRAPH.toml would do if everything succeeded, in the order in which its nodes would start.

    With NODE..., show a run of these nodes and all that they need.

    Times come from the history of earlier runs. Nothing is executed. Commands are shown as they would run. Parts that
    depend on the environment or on the end of another node are shown as written. A secret without a value is refused,
    as by a run. On a terminal, lines are cut at its width.
    """
    executed = read_graph(graph_file, parameters, environment=None, executor=executor)
    graph, secrets = keep_secrets(executed, os.environ)
    slots = initial_slots(graph, jobs)
    targets = targets_named(graph, names) if names else default_targets(graph)
    judging = None
    if any(task.inputs for task in executed.tasks):
        from dagtui.runs.judging import PlannedFiles  # only here: others need no database

        environment = {**executed.variables, **os.environ}
        redact = str if secrets is None else secrets.mask
        judging = partial(PlannedFiles, executed, environment, redact=redact, forced=force)
    conditions = None
    if any(task.condition for task in executed.tasks):
        from dagtui.report.planned_conditions import planned_conditions  # only here: others evaluate nothing

        conditions = planned_conditions(executed, os.environ, secrets)
    made = make_plan(graph, History.load(graph_file.path), slots, targets, judging, conditions)
    sheets = sheet_changes(graph, graph_file.path)
    with standard_output() as output:
        if as_json:
            output.lines(plan_json(made, sheets))
        else:
            # Wrapped lines break the table. A pipe or a file gets whole lines.
            lines = plan_lines(made, sheets, columns=output.columns, everything=everything, look=output.look)
            output.lines(lines)
