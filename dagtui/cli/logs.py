"""`dagtui logs`: print the output of a node."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import complete_tasks, graph_path_before_argument
from dagtui.cli.graph_file import call_of, refuse_missing
from dagtui.cli.output import standard_output
from dagtui.cli.stderr import fail, say
from dagtui.control.held import enclosing
from dagtui.report.node_log import LogFollower, find_log, print_log, why_silent
from dagtui.report.shown_lines import FinalLines, ShownLines
from dagtui.store.directory import latest_first, runs
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.cli.output import Output
    from dagtui.engine.messages import AttemptNumber
    from dagtui.report.node_log import NodeLog
    from dagtui.store.directory import RunDirectory


@click.command(short_help="Print the log of a node.")
@graph_path_before_argument
@click.argument("node", shell_complete=complete_tasks)
@click.option(
    "--run", "run_number", type=click.IntRange(min=1), metavar="N", help="The number of the run; default: the last."
)
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="N", help="The number of the attempt; default: the last."
)
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the node is settled or the run is over.")
@click.option("-n", "--lines", type=click.IntRange(min=0), metavar="N", help="Start with the last N lines.")
@click.option("--path", "only_path", is_flag=True, help="Print the path of the log instead.")
@click.option("--raw", is_flag=True, help="Print the bytes unchanged even on a terminal, which they may disturb.")
def logs(
    graph_file: Path,
    node: str,
    run_number: int | None,
    attempt: AttemptNumber | None,
    follow: bool,
    lines: int | None,
    only_path: bool,
    raw: bool,
) -> None:
    """Print the log of NODE: a node, a task with one node, or a selector that matches one cell: "train[seed=1]".

    On a terminal, colours are kept and other control codes are dropped. Into a pipe or a file, the bytes are written
    as they were printed, as `cat` does.
    """
    with standard_output() as output:
        log = find_log(_run(graph_file, run_number), node, attempt)
        if only_path:
            _print_path(log, output)
        else:
            _refuse_own(log)
            _print(log, output, lines, attempt=attempt, follow=follow, raw=raw)


def _run(graph_file: Path, number: int | None) -> RunDirectory:
    found = runs(graph_file)[::-1]
    if not found:
        refuse_missing(graph_file, label(graph_file))
        fail(f"dagtui: {label(graph_file)} has no run yet; start one with: {call_of(graph_file)}")
    if number is None:
        return latest_first(found)[0]
    run = next((run for run in found if run.number == number), None)
    if run is None:
        fail(f"dagtui: {label(graph_file)} has no run {number}; it has {_ranges([run.number for run in found])}")
    return run


def _refuse_own(log: NodeLog) -> None:
    """Exit with 2 if standard output is the log itself, which would grow without end."""
    if "DAGTUI_NODE" not in os.environ or not stat.S_ISFIFO(os.fstat(1).st_mode) or not log.run.is_live():
        return
    found = enclosing([log.run])
    if found is not None and found.node == log.node:
        fail(f"dagtui logs: this is {label(log.node)} itself, whose log would get what is printed; write it to a file")


def _ranges(numbers: list[int]) -> str:
    """Format descending numbers: "51 to 100, 7"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][0] == number + 1:
            spans[-1][0] = number
        else:
            spans.append([number, number])
    return ", ".join(f"{low} to {high}" if low < high else str(low) for low, high in spans)


def _print_path(log: NodeLog, output: Output) -> None:
    if output.is_terminal:
        output.line(label(log.path, 4096))
    else:
        output.write(os.fsencode(log.path) + b"\n")
    if not os.path.exists(log.path):
        _explain(log)


def _print(
    log: NodeLog, output: Output, lines: int | None, *, attempt: AttemptNumber | None, follow: bool, raw: bool
) -> None:
    # With --follow, lines appear as they come: what was already printed can't be redrawn.
    shown: ShownLines | FinalLines = (ShownLines if follow else FinalLines)(colours=output.look.colours)

    def write_lines(data: bytes) -> None:
        for line in shown.feed(data):
            output.line(line)

    write: Callable[[bytes], None] = write_lines if output.is_terminal and not raw else output.write
    if follow:
        if not log.attempt and log.run.is_live() and os.isatty(2):
            _explain(log)
        follower = LogFollower(log, lines, only=attempt is not None)
        found = follower.follow(write, output.flush)
        log = replace(log, attempt=follower.attempt)
    else:
        found = print_log(log, write, lines)
    for line in shown.rest():
        output.line(line)
    output.flush()
    if not found:
        _explain(log)


def _explain(log: NodeLog) -> None:
    say(f"dagtui: {why_silent(log)}")
