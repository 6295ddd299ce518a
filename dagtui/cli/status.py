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
from dagtui.graph.matrix.selection import chosen_nodes
from dagtui.report.status_text import headline, node_line, node_objects, status_lines
from dagtui.runs.following import read_run
from dagtui.store.directory import RunDirectory, held_runs, last_run
from dagtui.store.errors import StoreError
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
        record = read_run(ended, graph_file)
        view: RunView | None = record
        answer: Mapping[str, object] = status_report(record, Screen.NONE)
    else:
        run = meant(graph_file, number)
        with connect(run, graph_file) as client:
            answer = ask(client, {"want": "status"})
        view = _journal_of(run, graph_file, required=bool(nodes)) if as_json or nodes else None
    with standard_output() as output:
        if as_json:
            _write_json(output, answer, view, nodes, live=ended is None)
            output.write(b"\n")
        elif nodes and view is not None:
            output.line(headline(answer))
            output.lines(node_line(told, output.look) for told in node_objects(view, _chosen(view, nodes)))
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
            view = _journal_of(RunDirectory.of_live_run(run.path, run.run_id), run.graph)
            _write_json(output, answer, view, (), live=True)
    output.write(b"]\n")


def _chosen(view: RunView, words: Sequence[str]) -> Sequence[NodeIndex]:
    """Return the nodes that any of the words means, in file order, or all nodes without words.

    Raises ChoiceError if a word means none.
    """
    if not words:
        return view.graph.nodes
    return sorted(chosen_nodes(view.graph, words))


def _journal_of(run: RunDirectory, graph_file: Path, *, required: bool = False) -> RunView | None:
    """Return what the journal of a live run tells. None if it can't be read, unless that is an error."""
    try:
        return read_run(run, graph_file)
    except StoreError as error:
        if required:
            raise
        say(f"dagtui: the nodes can't be listed: {label(error, 1000)}")
        return None


def _write_json(
    output: Output, answer: Mapping[str, object], view: RunView | None, words: Sequence[str], *, live: bool
) -> None:
    """Write one ASCII object without a newline, node by node. Without a view, `nodes` is null."""
    head = {name: value for name, value in answer.items() if name != "nodes"}
    head |= {"live": live, "node_count": answer.get("nodes")}
    if view is None:
        output.write(json.dumps({**head, "nodes": None}).encode())
        return
    nodes = _chosen(view, words)
    output.write(f'{json.dumps(head)[:-1]}, "nodes": ['.encode())
    separator = ""
    for told in node_objects(view, nodes):
        output.write(f"{separator}{json.dumps(told)}".encode())
        separator = ", "
    output.write(b"]}")
