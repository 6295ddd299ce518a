"""Two attempts of a node compared: which two, their logs as far as they are read, and what else differs."""

from __future__ import annotations

import os
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.engine.messages import FIRST_ATTEMPT, AttemptNumber
from dagtui.graph.definition import NEW, changed_parts
from dagtui.graph.errors import GraphError
from dagtui.graph.expressions.templates import parameter_text
from dagtui.graph.loading import load_recorded, without_garbage_collection
from dagtui.runs.node_runs import node_run
from dagtui.runs.previous_run import recorded_graph
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.text.lines import LINE_LIMIT, plain_line
from dagtui.text.log_difference import Difference, differences, normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagtui.engine.status import NodeStatus
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import Seconds

MOST_BYTES: Final = 2_000_000
"""Bytes of a log that are read at its beginning, and at its end."""
MOST_LINES: Final = 25_000
"""Lines that are compared at the beginning of a log, and at its end."""
_RUNS: Final = 50
"""Earlier runs that are looked through for one in which the node succeeded."""


class ComparedAttempt(NamedTuple):
    """One of the two attempts."""

    attempt: AttemptNumber
    run: int
    log: Path
    outcome: str
    """How it ended, or that it has not. Foreign text."""
    seconds: Seconds | None
    directory: RunDirectory | None = None
    """The run, if it is another one."""


class LogText(NamedTuple):
    """The lines of a log that are compared."""

    lines: Sequence[str]
    """As shown. Not sanitised."""
    numbers: Sequence[int]
    """Their numbers in the log, from 1. 0: not known, since something in the middle was left out."""
    offsets: Sequence[int] = ()
    """Where they begin in the file."""
    left_out: int = 0
    """Bytes in the middle that were left out."""
    trouble: str = ""


class OtherDifference(NamedTuple):
    """Something else than the log that differs."""

    what: str
    left: str
    right: str
    """Foreign texts."""


class AttemptComparison(NamedTuple):
    """What differs between an older attempt and a newer one."""

    left: ComparedAttempt
    right: ComparedAttempt
    texts: tuple[LogText, LogText]
    logs: Sequence[Difference]
    others: Sequence[OtherDifference]
    unknown: str = ""
    """What else can't be compared, and why."""


def attempt_pairs(view: RunView, node: NodeIndex) -> Iterator[tuple[ComparedAttempt, ComparedAttempt]]:
    """Yield the pairs of attempts to compare: the last two, then the last one and that of the last run that succeeded.

    The journals of earlier runs are read from their ends, so it may take a moment.
    """
    last = view.state.attempt[node]
    if last < FIRST_ATTEMPT:
        return
    newer = _attempt_here(view, node, last)
    if last > FIRST_ATTEMPT:
        yield _attempt_here(view, node, AttemptNumber(last - 1)), newer
    older = _succeeded_before(view, view.graph.labels[node])
    if older is not None:
        yield older, newer


def _attempt_here(view: RunView, node: NodeIndex, attempt: AttemptNumber) -> ComparedAttempt:
    result = view.attempts.result(node, attempt)
    outcome = "has not ended" if result is None else _outcome(result.status, result.why)
    seconds = None if result is None else result.seconds
    return ComparedAttempt(attempt, view.number, view.log_path(node, attempt), outcome, seconds)


def _outcome(status: NodeStatus, why: str) -> str:
    return f"{status.word}: {why}"


def _succeeded_before(view: RunView, label: str) -> ComparedAttempt | None:
    """Return the attempt of the last earlier run in which the node ran and succeeded."""
    if view.graph_path is None:
        return None
    try:
        found = [one for one in runs(view.graph_path) if one.number < view.number][-_RUNS:]
    except StoreError:
        return None
    for directory in reversed(found):
        record = node_run(directory, label)
        if record.has_succeeded and record.status is not None:
            attempt = AttemptNumber(record.attempts)
            path = directory.log_path(label, attempt)
            return ComparedAttempt(
                attempt, directory.number, path, _outcome(record.status, record.why), record.seconds, directory
            )
    return None


def compare_attempts(
    view: RunView, node: NodeIndex, pair: tuple[ComparedAttempt, ComparedAttempt]
) -> AttemptComparison:
    """Compare two attempts. It may take seconds for large logs, so call it in a thread."""
    left, right = pair
    texts = read_log(left.log), read_log(right.log)
    keys = [[normalised(line) for line in text.lines] for text in texts]
    others, unknown = _others(view, node, left, right)
    return AttemptComparison(left, right, texts, differences(*keys), others, unknown)


def read_log(path: Path) -> LogText:
    """Return the lines of a log, or of its beginning and its end if it is large."""
    try:
        file = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return LogText((), ())
    except (OSError, StoreError) as error:
        return LogText((), (), trouble=str(error))
    try:
        size = os.fstat(file).st_size
        if size <= 2 * MOST_BYTES:
            return _text(os.pread(file, size, 0), b"", size)
        head = os.pread(file, MOST_BYTES, 0)
        head = head[: head.rfind(b"\n") + 1] or head
        tail = os.pread(file, MOST_BYTES, size - MOST_BYTES)
        tail = tail[tail.find(b"\n") + 1 :]
        return _text(head, tail, size)
    except OSError as error:
        return LogText((), (), trouble=str(error))
    finally:
        os.close(file)


def _text(head: bytes, tail: bytes, size: int) -> LogText:
    """Return the lines of what was read of a file of a size. There may still be too many."""
    first, last = head.removesuffix(b"\n").split(b"\n"), tail.removesuffix(b"\n").split(b"\n")
    lines = (first if head else []) + (last if tail else [])
    numbers = [*range(1, len(first) + 1), *([0] * len(last))][: len(lines)]
    offsets = list(accumulate((len(line) + 1 for line in first), initial=0))[: len(first)]
    if tail:
        offsets += accumulate((len(line) + 1 for line in last[:-1]), initial=size - len(tail))
    left_out = size - len(head) - len(tail)
    if len(lines) > 2 * MOST_LINES:
        left_out = offsets[-MOST_LINES] - offsets[MOST_LINES]
        lines = lines[:MOST_LINES] + lines[-MOST_LINES:]
        numbers = numbers[:MOST_LINES] + numbers[-MOST_LINES:]
        offsets = offsets[:MOST_LINES] + offsets[-MOST_LINES:]
    return LogText([plain_line(line[:LINE_LIMIT]) for line in lines], numbers, offsets, left_out)


def _others(
    view: RunView, node: NodeIndex, left: ComparedAttempt, right: ComparedAttempt
) -> tuple[list[OtherDifference], str]:
    found = []
    if left.outcome != right.outcome:
        found.append(OtherDifference("outcome", left.outcome, right.outcome))
    if left.directory is None:
        return found, ""
    try:
        content = recorded_graph(left.directory)
        with without_garbage_collection():
            older = load_recorded(left.directory.graph_path, content)
    except (StoreError, GraphError) as error:
        return found, f"the definition of run {left.run} can't be read: {error}"
    return [*found, *_definitions(older, view.graph, node)], ""


def _definitions(older: Graph, newer: Graph, node: NodeIndex) -> Iterator[OtherDifference]:
    """Yield what differs in the definition, the parameters and the names of variables. Their values are not told."""
    before = older.find(newer.labels[node])
    parts = changed_parts(older, newer).get(node, ())
    if before is None or parts == (NEW,):
        yield OtherDifference("definition", "not in the graph", "added")
        return
    if parts:
        yield OtherDifference("definition", "", f"changed: {', '.join(parts)}")
    old, new = older.task(before), newer.task(node)
    for what, one, other in (("inputs", old.inputs, new.inputs), ("outputs", old.outputs, new.outputs)):
        if tuple(one or ()) != tuple(other or ()):
            yield OtherDifference(what, ", ".join(map(str, one or ())), ", ".join(map(str, other or ())))
    for name in dict.fromkeys([*old.env, *new.env]):
        if old.env.get(name) != new.env.get(name):
            left = "set" if name in old.env else "not set"
            right = "not set" if name not in new.env else "set" if name not in old.env else "set to another value"
            yield OtherDifference(f"variable {name}", left, right)
    values = [{name: parameter_text(value) for name, value in graph.params.items()} for graph in (older, newer)]
    for name in dict.fromkeys([*values[0], *values[1]]):
        if values[0].get(name) != values[1].get(name):
            yield OtherDifference(f"parameter {name}", values[0].get(name, "none"), values[1].get(name, "none"))
