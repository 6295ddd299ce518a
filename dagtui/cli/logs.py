"""`dagtui logs`: print the output of a node, or what matches in the output of all."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from dagtui.cli.arguments import complete_tasks, graph_path_before_argument
from dagtui.cli.graph_file import call_of, refuse_missing
from dagtui.cli.log_grep import NOTHING_FOUND, grep
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


@click.command(short_help="Print the log of a node, or search all logs of a run.")
@graph_path_before_argument
@click.argument("node", required=False, metavar="NODE", shell_complete=complete_tasks)
@click.option(
    "--run", "run_number", type=click.IntRange(min=1), metavar="N", help="The number of the run; default: the last."
)
@click.option(
    "--attempt", type=click.IntRange(min=1), metavar="N", help="The number of the attempt; default: the last."
)
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the node is settled or the run is over.")
@click.option("-n", "--lines", type=click.IntRange(min=0), metavar="N", help="Start with the last N lines.")
@click.option("--path", "only_path", is_flag=True, help="Print the path of the log instead.")
@click.option(
    "--grep",
    "pattern",
    metavar="PATTERN",
    help="Print the lines that match a regular expression, of NODE or of all nodes, in all attempts.",
)
@click.option("--count", "only_count", is_flag=True, help="With --grep: print how many lines of each log match.")
@click.option("--json", "as_json", is_flag=True, help="With --grep: print a JSON object for each line.")
@click.option("--raw", is_flag=True, help="Print the bytes unchanged even on a terminal, which they may disturb.")
def logs(
    graph_file: Path,
    node: str | None,
    run_number: int | None,
    attempt: AttemptNumber | None,
    follow: bool,
    lines: int | None,
    only_path: bool,
    pattern: str | None,
    only_count: bool,
    as_json: bool,
    raw: bool,
) -> None:
    """Print the log of NODE: a node, a task with one node, or a selector that matches one cell: "train[seed=1]".

    On a terminal, colours are kept and other control codes are dropped. Into a pipe or a file, the bytes are written
    as they were printed, as `cat` does.

    With --grep, NODE may be left out, or be a task, a pattern or a selector of several nodes. A pattern without an
    upper-case letter matches either case. The exit status is 1 if nothing matches, as with grep.
    """
    if pattern is not None:
        if follow or only_path or raw or lines is not None or attempt is not None:
            raise click.UsageError("--grep goes with --run, --count and --json only")
        found = grep(_run(graph_file, run_number), pattern, node, only_count=only_count, as_json=as_json)
        raise SystemExit(0 if found else NOTHING_FOUND)
    if only_count or as_json:
        raise click.UsageError("--count and --json go with --grep only")
    if node is None:
        raise click.UsageError("name a node, or search all logs with --grep PATTERN")
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
