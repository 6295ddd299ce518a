"""Nodes in the output of `dagtui status`, read from the journal so that a live run is not delayed."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from dagtui.cli.status_lines import headline, node_line
from dagtui.cli.stderr import fail, say
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dagtui.cli.output import Output
    from dagtui.runs.view import RunView
    from dagtui.store.directory import RunDirectory


def ended_run(graph_file: Path, number: int | None) -> RunDirectory | None:
    """Return the run with a number, or the last one, if it has ended. None for a live run or if there is none."""
    from dagtui.store.directory import last_run
    from dagtui.store.errors import StoreError
    from dagtui.store.held import held_runs

    try:
        if any(number in {None, run.number} for run in held_runs(graph_file)):
            return None
        return last_run(graph_file, number)
    except StoreError as error:
        fail(f"dagtui: {error}")


@contextmanager
def on_record(run: RunDirectory, graph_file: Path) -> Iterator[RunView]:
    """Open a run from its journal. Raises StoreError."""
    from dagtui.runs.following import open_run
    from dagtui.store.errors import StoreError

    session = open_run(run, graph_file)
    try:
        yield session
    finally:
        with suppress(StoreError):  # a last read can fail, but its result is not needed any more
            session.close()


def recorded_status(session: RunView) -> Mapping[str, object]:
    """Return the status of an ended run, with the fields of a live one's report."""
    from dagtui.control.live import Screen
    from dagtui.control.status_report import status_report

    return status_report(session, Screen.NONE)


def chosen(session: RunView, words: Sequence[str]) -> Sequence[int]:
    """Return the nodes that any of the words means, in file order, or all nodes without words.

    If a word means none, the program ends with 2.
    """
    from dagtui.graph.matrix.patterns import nodes_matching
    from dagtui.graph.matrix.selection import ChoiceError

    if not words:
        return range(len(session.graph))
    try:
        return sorted({node for word in words for node in nodes_matching(session.graph, word)})
    except ChoiceError as error:
        fail(f"dagtui: {error}")


def write_json(
    output: Output, answer: Mapping[str, object], session: RunView | None, nodes: Sequence[int], *, live: bool
) -> None:
    """Write one ASCII object without a newline, node by node. Without a session, `nodes` is null."""
    from dagtui.report.node_list import node_objects

    head = {name: value for name, value in answer.items() if name != "nodes"}
    head |= {"live": live, "node_count": answer.get("nodes")}
    if session is None:
        output.write(json.dumps({**head, "nodes": None}).encode())
        return
    output.write(f'{json.dumps(head)[:-1]}, "nodes": ['.encode())
    separator = ""
    for told in node_objects(session, nodes):
        output.write(f"{separator}{json.dumps(told)}".encode())
        separator = ", "
    output.write(b"]}")


def write_lines(output: Output, answer: Mapping[str, object], session: RunView, nodes: Sequence[int]) -> None:
    """Write the headline and a line for each node."""
    from dagtui.report.node_list import node_objects

    output.line(headline(answer))
    for told in node_objects(session, nodes):
        output.line(node_line(told, ascii_only=not output.is_unicode))
    output.flush()


def write_live(
    output: Output,
    answer: Mapping[str, object],
    run: RunDirectory,
    graph_file: Path,
    words: Sequence[str],
    *,
    as_json: bool,
) -> None:
    """Write a live run's report and nodes. If its journal can't be read, `nodes` is null and the reason printed.

    If nodes were named, a journal that can't be read ends the program with 2.
    """
    from dagtui.store.errors import StoreError

    try:
        with on_record(run, graph_file) as session:
            nodes = chosen(session, words)
            if as_json:
                write_json(output, answer, session, nodes, live=True)
            else:
                write_lines(output, answer, session, nodes)
    except StoreError as error:
        if words:
            fail(f"dagtui: {error}")
        say(f"dagtui: the nodes can't be listed: {label(error, 1000)}")
        write_json(output, answer, None, (), live=True)


def write_ended(output: Output, run: RunDirectory, graph_file: Path, words: Sequence[str], *, as_json: bool) -> None:
    """Write the final status of an ended run with its nodes. If its journal can't be read, exit with 2."""
    from dagtui.cli.status_lines import status_lines
    from dagtui.store.errors import StoreError

    try:
        with on_record(run, graph_file) as session:
            answer, nodes = recorded_status(session), chosen(session, words)
            if as_json:
                write_json(output, answer, session, nodes, live=False)
                output.write(b"\n")
            elif words:
                write_lines(output, answer, session, nodes)
            else:
                output.lines(status_lines(answer, ascii_only=not output.is_unicode))
    except StoreError as error:
        fail(f"dagtui: {error}")
