"""Find the live run that a command means, and send it requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

import click

from dagtui.cli.graph_file import call_of, refuse_folder, refuse_missing
from dagtui.cli.stderr import fail
from dagtui.control.client import connect as connect_to
from dagtui.control.live import run_without_record
from dagtui.control.sockets import ControlError, PeerGoneError
from dagtui.store.directory import RunDirectory, held_runs, last_run
from dagtui.store.summary import RunOutcome, summarise
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.cli.options import Function
    from dagtui.cli.output import Output
    from dagtui.control.client import ControlClient
    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import Seconds

ANSWER_SECONDS = 60.0
"""Seconds that a run may take to answer. Previewing a command on a million nodes takes a few seconds."""


def run_option(function: Function) -> Function:
    """Add the option that selects one of several live runs of a graph."""
    option = click.option(
        "--run", "number", type=click.IntRange(min=1), metavar="N", help="The number of the run, if several are live."
    )
    return option(function)


def json_option(function: Function) -> Function:
    """Add the option for JSON output."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object for machines.")(function)


def connect(run: RunDirectory, graph_file: Path) -> ControlClient:
    """Connect to a live run. If it can't be reached, print why and exit with 2."""
    try:
        return connect_if_there(run, graph_file)
    except PeerGoneError as error:
        fail_to_reach(run, graph_file, error)


def connect_if_there(run: RunDirectory, graph_file: Path) -> ControlClient:
    """Connect to a live run. If it refuses or does not answer, print why and exit with 2.

    Raises PeerGoneError if the run is not running, perhaps because it has just ended.
    """
    try:
        return connect_to(run.run_id)
    except PeerGoneError:
        raise
    except ControlError as error:
        fail_to_reach(run, graph_file, error)


def fail_to_reach(run: RunDirectory, graph_file: Path, error: ControlError) -> NoReturn:
    """Print why a live run can't be reached, and exit with 2."""
    holder = run.holder() or "a process"
    fail(f"dagtui: run {run.number} of {label(graph_file)} is live ({label(holder)}), but can't be reached: {error}")


def meant(graph_file: Path, number: int | None) -> RunDirectory:
    """Return the selected live run of a graph. If there is none, or several match, print that and exit with 2."""
    held = held_runs(graph_file)
    chosen = [run for run in held if number in {None, run.number}]
    if not chosen:
        removed = _removed(graph_file, number)
        if removed is not None:
            return removed
        say_no_live_run(graph_file, number, held)
    if len(chosen) > 1:
        numbers = ", ".join(str(run.number) for run in chosen)
        fail(f"dagtui: {click.format_filename(graph_file)} has several live runs, {numbers}; choose one with --run")
    return chosen[0]


def say_no_live_run(graph_file: Path, number: int | None, held: Sequence[RunDirectory]) -> NoReturn:
    """Explain it and exit with 2. `held` are the live runs, none of which has the requested number."""
    shown = click.format_filename(graph_file)
    if held:
        live = ", ".join(str(run.number) for run in held)
        what = f"run {live} is" if len(held) == 1 else f"runs {live} are"
        fail(f"dagtui: run {number} of {shown} is not live, {what}; omit --run, or name a live run")
    refuse_folder(graph_file)
    directory = last_run(graph_file, number)
    if directory is None:
        refuse_missing(graph_file, shown, "live run")
        if number:
            fail(f"dagtui: there is no run {number} of {shown}; dagtui runs {shown} lists its runs")
        fail(f"dagtui: {shown} has no live run; start one with: {call_of(graph_file)}")
    last, call = summarise(directory), call_of(graph_file)
    ways_on = f"start one with: {call}" if directory.damage() else _advice(last, call)
    fail(f"dagtui: {shown} has no live run: {_outcome(last)}; {ways_on}")


def _outcome(last: RunSummary) -> str:
    if last.outcome is RunOutcome.LOST:
        return f"run {last.number} is lost: it {last.why}"
    if last.outcome is RunOutcome.LEFT:
        return f"no process has run {last.number}, and {last.why}"
    if last.outcome in {RunOutcome.DAMAGED, RunOutcome.UNREADABLE}:
        return f"run {last.number} is {last.outcome.value}"
    return f"run {last.number} has ended, {last.outcome.value}"


def _advice(last: RunSummary, call: str) -> str:
    resumable = {RunOutcome.LOST, RunOutcome.LEFT, RunOutcome.FAILED, RunOutcome.CANCELLED, RunOutcome.DAMAGED}
    if last.outcome not in resumable:
        return f"start one with: {call}"
    return f"resume it: {call} --resume {last.number}, or start a new one: {call} --fresh"


def _removed(graph_file: Path, number: int | None) -> RunDirectory | None:
    """Return the live run of a graph whose directory was removed, if there is one."""
    try:
        run = run_without_record(graph_file, number)
    except ControlError:
        return None
    return None if run is None or run.path is None else RunDirectory.of_live_run(run.path, run.run_id)


def ask(client: ControlClient, request: Mapping[str, object]) -> Mapping[str, object]:
    """Send a request and return the answer. If it is an error or takes too long, print that and exit with 2."""
    try:
        answer = ask_in_time(client, request, ANSWER_SECONDS)
    except TimeoutError:
        fail(f"dagtui: process {client.peer.pid}, which has the run, does not answer")
    if answer is None:
        fail(f"dagtui: process {client.peer.pid}, which had the run, ended without an answer")
    return answer


def ask_in_time(
    client: ControlClient, request: Mapping[str, object], timeout: Seconds | None
) -> Mapping[str, object] | None:
    """Send a request and return the answer, or None if the run's process is gone without one.

    If the answer is an error, prints it and ends the program with 2. Raises TimeoutError and ControlError.
    """
    try:
        client.send(request)
    except PeerGoneError:
        return None
    return next_answer(client, timeout)


def next_answer(client: ControlClient, timeout: Seconds | None) -> Mapping[str, object] | None:
    """Return the next answer to a request, like `ask_in_time`."""
    try:
        answer = client.receive(timeout)
    except PeerGoneError:
        return None
    if answer is not None and "error" in answer:
        fail(f"dagtui: {label(answer['error'], 1000)}")
    return answer


def print_json(output: Output, answer: Mapping[str, object]) -> None:
    """Print an answer as one line of ASCII."""
    output.line(json.dumps(answer))
