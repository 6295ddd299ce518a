"""`dagtui status`: the status of a live run, or of one that has ended.

Nodes are read from the journal, so that a live run is not delayed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import complete_tasks, optional_graph_path_argument
from dagtui.cli.connect import ask, connect, json_option, meant, run_option
from dagtui.cli.output import standard_output
from dagtui.cli.ps import status_of_run
from dagtui.cli.stderr import fail, say
from dagtui.control.live import Screen, all_live
from dagtui.control.status_report import status_report
from dagtui.graph.matrix.patterns import nodes_matching
from dagtui.report.node_list import node_objects
from dagtui.report.status_text import headline, node_line, status_lines
from dagtui.runs.following import read_run
from dagtui.store.directory import RunDirectory, last_run
from dagtui.store.errors import StoreError
from dagtui.store.held import held_runs
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.cli.output import Output
    from dagtui.control.live import FoundRun
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView


@click.command(short_help="Show the status of a live run.")
@optional_graph_path_argument
@run_option
@click.option(
    "--nodes",
    multiple=True,
    metavar="GLOB",
    help="Only these nodes: a label with * and ?, a task or a group. Repeatable.",
    shell_complete=complete_tasks,
)
@json_option
def status(graph_file: Path | None, number: int | None, nodes: tuple[str, ...], *, as_json: bool) -> None:
    """Show the status of the live run of GRAPH.toml. Without it, show all your live runs (--json: as an array).

    With --json, `nodes` lists every node: status, attempt, its start and end (seconds since the epoch), seconds,
    cause, exit status, why and log, as far as they are on record. `dagtui ps --json` reports the rest without it.
    With --run or --nodes, a run that has ended is shown as it was at its end.

    Exits with 0, or with 2 if there is no such run or it can't be reached.
    """
    if graph_file is None:
        _say_all(nodes, as_json=as_json)
        return
    ended = ended_run(graph_file, number) if nodes or number is not None else None
    if ended is not None:
        with standard_output() as output:
            _write_ended(output, ended, graph_file, nodes, as_json=as_json)
        return
    run = meant(graph_file, number)
    with connect(run, graph_file) as client:
        answer = ask(client, {"want": "status"})
    with standard_output() as output:
        if as_json or nodes:
            _write_live(output, answer, run, graph_file, nodes, as_json=as_json)
            output.write(b"\n" if as_json else b"")
        else:
            output.lines(status_lines(answer, output.look))


def ended_run(graph_file: Path, number: int | None) -> RunDirectory | None:
    """Return the run with a number, or the last one, if it has ended. None for a live run or if there is none."""
    if any(number in {None, run.number} for run in held_runs(graph_file)):
        return None
    return last_run(graph_file, number)


def _say_all(nodes: Sequence[str], *, as_json: bool) -> None:
    if nodes:
        raise click.UsageError("--nodes needs a graph: dagtui status GRAPH.toml --nodes GLOB")
    found = [(run, status_of_run(run)) for run in all_live()]
    if not found and not as_json:
        fail("dagtui: no run is live; start one with: dagtui GRAPH.toml")
    with standard_output() as output:
        if as_json:
            _write_array(output, found)
            return
        for run, answer in found:
            output.line(f"{label(answer['error'], 1000)}" if "error" in answer else headline(answer))
            output.line(f"  {label(run.graph or run.run_id, 4096)}")


def _write_array(output: Output, found: Sequence[tuple[FoundRun, Mapping[str, object]]]) -> None:
    output.write(b"[")
    for at, (run, answer) in enumerate(found):
        output.write(b", " if at else b"")
        if "error" in answer or run.path is None or run.graph is None:
            output.write(json.dumps(answer).encode())
        else:
            directory = RunDirectory.of_live_run(run.path, run.run_id)
            _write_live(output, answer, directory, run.graph, (), as_json=True)
    output.write(b"]\n")


def _chosen(view: RunView, words: Sequence[str]) -> Sequence[NodeIndex]:
    """Return the nodes that any of the words means, in file order, or all nodes without words.

    Raises ChoiceError if a word means none.
    """
    if not words:
        return view.graph.nodes
    return sorted({node for word in words for node in nodes_matching(view.graph, word)})


def _write_live(
    output: Output,
    answer: Mapping[str, object],
    run: RunDirectory,
    graph_file: Path,
    words: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Write a live run's report and nodes. If its journal can't be read, `nodes` is null and the reason printed.

    If nodes were named, a journal that can't be read is an error.
    """
    try:
        view = read_run(run, graph_file)
    except StoreError as error:
        if words:
            raise
        say(f"dagtui: the nodes can't be listed: {label(error, 1000)}")
        _write_json(output, answer, None, (), live=True)
        return
    nodes = _chosen(view, words)
    if as_json:
        _write_json(output, answer, view, nodes, live=True)
    else:
        _write_lines(output, answer, view, nodes)


def _write_ended(output: Output, run: RunDirectory, graph_file: Path, words: Sequence[str], *, as_json: bool) -> None:
    """Write the final status of an ended run with its nodes, with the fields of a live one's report."""
    view = read_run(run, graph_file)
    answer, nodes = status_report(view, Screen.NONE), _chosen(view, words)
    if as_json:
        _write_json(output, answer, view, nodes, live=False)
        output.write(b"\n")
    elif words:
        _write_lines(output, answer, view, nodes)
    else:
        output.lines(status_lines(answer, output.look))


def _write_json(
    output: Output, answer: Mapping[str, object], view: RunView | None, nodes: Sequence[NodeIndex], *, live: bool
) -> None:
    """Write one ASCII object without a newline, node by node. Without a view, `nodes` is null."""
    head = {name: value for name, value in answer.items() if name != "nodes"}
    head |= {"live": live, "node_count": answer.get("nodes")}
    if view is None:
        output.write(json.dumps({**head, "nodes": None}).encode())
        return
    output.write(f'{json.dumps(head)[:-1]}, "nodes": ['.encode())
    separator = ""
    for told in node_objects(view, nodes):
        output.write(f"{separator}{json.dumps(told)}".encode())
        separator = ", "
    output.write(b"]}")


def _write_lines(output: Output, answer: Mapping[str, object], view: RunView, nodes: Sequence[NodeIndex]) -> None:
    """Write the headline and a line for each node."""
    output.line(headline(answer))
    for told in node_objects(view, nodes):
        output.line(node_line(told, output.look))
    output.flush()
