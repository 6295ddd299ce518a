"""`dagtui wait`: wait until a live run or some of its nodes are settled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import complete_tasks, graph_path_argument
from dagtui.cli.connect import (
    ask_in_time,
    connect_if_there,
    fail_to_reach,
    json_option,
    meant,
    next_answer,
    print_json,
    run_option,
)
from dagtui.cli.control import names_of
from dagtui.cli.output import optional_output
from dagtui.cli.status import ended_run
from dagtui.cli.stderr import fail, say
from dagtui.control.held import enclosing
from dagtui.control.live import Screen, run_without_record
from dagtui.control.requests import nodes_of
from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.graph.toml.values import DURATION_HINT, parse_duration
from dagtui.report.status_text import status_lines
from dagtui.runs.following import read_run
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.store.directory import RunDirectory
    from dagtui.text.amounts import Seconds

TIMED_OUT = 124
"""Exit status after `--timeout`, as of timeout(1)."""
_RECORD_SECONDS = 10.0
"""Seconds that a run that closes its connection may take to close its journal."""
_MOMENT = 10.0
"""Seconds for which `wait` still answers for the last run after its end."""
_EXITS = {"completed": 0, "failed": 1, "cancelled": 130}


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str | None) -> float | None:
    """Parse a duration as in graph files: 90, 90s, 1h30m."""
    if value is None:
        return None
    try:
        return parse_duration(float(value) if value.replace(".", "", 1).isdecimal() else value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}; {DURATION_HINT}") from None


@click.command(short_help="Wait until a live run or some of its nodes are settled.")
@graph_path_argument
@click.argument("nodes", metavar="[NODE...]", nargs=-1, shell_complete=complete_tasks)
@click.option(
    "--timeout",
    callback=_seconds,
    metavar="TIME",
    help='Wait no longer than this: "90s", "1h30m", a number of seconds.',
)
@click.option("--nested", is_flag=True, help="Wait even inside a node of the run, possibly for ever.")
@run_option
@json_option
def wait(
    graph_file: Path,
    nodes: tuple[str, ...],
    timeout: Seconds | None,
    number: int | None,
    *,
    nested: bool,
    as_json: bool,
) -> None:
    """Wait until the live run of GRAPH.toml is settled, or all the nodes that are named.

    Exits as the run does: 0 on success, 1 if a node failed, 130 if it was cancelled. A run that ended a
    moment ago, or that --run names, counts too. Exits with 2 if there is no such run or its process is gone, and with
    124 on timeout.
    """
    ended = _just_ended(graph_file, number)
    if ended is None:
        run = meant(graph_file, number)
        inside = "" if nested else _own_node(run, nodes)
        answer = _wait_for_answer(run, graph_file, nodes, timeout, inside) or _on_record(run, graph_file, nodes)
    else:
        answer = _on_record(ended, graph_file, nodes)
    outcome = str(answer.get("outcome"))
    with optional_output() as output:
        if as_json:
            print_json(output, answer)
        elif nodes:
            output.line(": ".join([label(outcome, 20), *_bad_nodes(answer)]))
        else:
            output.lines(status_lines(answer, output.look))
    if outcome not in _EXITS:
        fail("dagtui: the run's process ended before that was settled")
    raise SystemExit(_EXITS[outcome])


def _bad_nodes(answer: Mapping[str, object]) -> list[str]:
    """Name the nodes that did not come out well, with a word after those whose failure was allowed. Empty if none."""
    bad, allowed = answer.get("bad"), answer.get("bad_allowed")
    if not isinstance(bad, dict):
        return []
    if not isinstance(allowed, dict) or not allowed.get("count"):  # also from an older dagtui
        return [names_of(bad)] if bad.get("count") else []
    kept = set(allowed["nodes"])
    others = {"count": bad["count"] - allowed["count"], "nodes": [name for name in bad["nodes"] if name not in kept]}
    names = [names_of(others)] if others["count"] else []
    return ["; ".join([*names, f"{names_of(allowed)} failed (allowed)"])]


def _just_ended(graph_file: Path, number: int | None) -> RunDirectory | None:
    """Return the run with a number, or else the last one, if it has ended. Without a number, only a moment ago.

    A script that begins to wait a little late then gets the same answer.
    """
    run = ended_run(graph_file, number)
    if run is None:
        return None
    try:
        age = time.time() - run.journal_path.stat().st_mtime
        if (number is None and age > _MOMENT) or run_without_record(graph_file, number) is not None:
            return None
    except (OSError, ControlError):
        return None
    if number is None:
        say(f"dagtui: run {run.number} has just ended")
    return run


def _own_node(run: RunDirectory, nodes: Sequence[str]) -> str:
    """Return the node of the run that this process belongs to, or an empty string if there is none or it is unknown.

    Such a process can't wait for some nodes. If the whole run is meant, the program ends, because run and node would
    wait for each other.
    """
    found = enclosing([run])
    if found is None:
        return ""
    if not nodes:
        fail(
            f"dagtui wait: this is inside {found.words}, which would wait for itself; "
            "name the nodes to wait for, or give --nested"
        )
    return found.node


def _wait_for_answer(
    run: RunDirectory, graph_file: Path, names: Sequence[str], timeout: Seconds | None, inside: str
) -> Mapping[str, object] | None:
    """Return the run's answer once it is settled, or None if the run ended before it could answer."""
    try:
        client = connect_if_there(run, graph_file)
    except PeerGoneError as error:
        if not _ends_soon(run):
            fail_to_reach(run, graph_file, error)
        return None
    request = {"want": "wait", "nodes": list(names), "inside": inside, "tell": True}
    end = None if timeout is None else time.monotonic() + timeout
    waits = ""
    with client:
        try:
            answer = ask_in_time(client, request, timeout)
            while answer is not None and "outcome" not in answer:
                waits = label(answer.get("waits"), 300)
                if waits:
                    say(f"dagtui: run {run.number} {waits}")
                answer = next_answer(client, None if end is None else max(0.0, end - time.monotonic()))
        except TimeoutError:
            why = f": run {run.number} {waits}" if waits else ""
            say(f"dagtui: not settled within {timeout:g} s{why}")
            raise SystemExit(TIMED_OUT) from None
        return answer


def _ends_soon(run: RunDirectory) -> bool:
    """Return whether a run that closed its connection or does not answer closes its journal soon."""
    end = time.monotonic() + _RECORD_SECONDS
    while run.is_live() and time.monotonic() < end:
        time.sleep(0.02)  # releasing a lock sends no notification
    return not run.is_live()


def _on_record(run: RunDirectory, graph_file: Path, names: Sequence[str]) -> Mapping[str, object]:
    """Return the outcome from the journal of a run that ended before it could answer."""
    from dagtui.control.commands import outcome

    _ends_soon(run)
    view = read_run(run, graph_file)
    return outcome(view, Screen.NONE, nodes_of({"nodes": list(names)}, view.graph))
