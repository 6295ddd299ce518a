"""What a run's journal says in short: its summary, and what became of each task. Kept beside the journal.

Reading a journal takes long: 0.1 s for 10,000 nodes. So the index of a run that is over is written once, in two lines.
The first has what a list shows of a run, and the second its tasks. It is valid for as long as the journal has not been
written to.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, NamedTuple, Self, cast

from dagtui.engine.events import LEFT
from dagtui.engine.status import NodeStatus
from dagtui.store.directory import EXECUTORS
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file, replace_file
from dagtui.store.journal import last_record_in, parse_line
from dagtui.store.summary import OUTCOMES, RunOutcome, RunSummary, summary_and_scan
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dagtui.store.directory import RunDirectory
    from dagtui.store.journal_scan import JournalScan, NodeRecord
    from dagtui.text.amounts import Seconds

NAME: Final = "index.json"
VERSION: Final = 2
_COMPLETED: Final = "COMPLETED"
_LONGEST_HEAD: Final = 1_000_000
_LARGEST: Final = 256_000_000
_MOST_NODES: Final = 2_000
"""The most nodes that did not complete at the first attempt, of which an index tells by name."""
_TAIL: Final = 65_536
_FIRST_LINES: Final = 4_096
_S = NodeStatus
WORST_FIRST: Final = tuple(
    status.name
    for status in (
        *(_S.FAILED, _S.CANCELLED, _S.FAILED_PARENT, _S.CANCELLING, _S.RETRYING, _S.RUNNING, _S.READY, _S.WAITING),
        *(_S.COMPLETED, _S.SKIPPED),
    )
)
"""The statuses by which several nodes are known, the first one first."""
_UNREADABLE: Final = (
    *(OSError, StoreError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError),
)
"""What a damaged index raises."""


class TaskOutcome(NamedTuple):
    """What became of the nodes of a task in a run."""

    counts: Mapping[str, int]
    """Nodes by the name of their status."""
    attempts: int
    seconds: Seconds
    """The seconds of the last attempts of its nodes, added up."""

    worst: str = ""
    """The name of the worst status of its nodes."""
    nodes: int = 1
    """The number of its nodes that are on record."""

    @classmethod
    def of(cls, counts: Mapping[str, int], attempts: int, seconds: Seconds) -> Self:
        """Return what became of a task with these counts."""
        worst = next((name for name in WORST_FIRST if counts.get(name)), "")
        return cls(counts, attempts, seconds, worst, sum(counts.values()))


class NodeOutcome(NamedTuple):
    """What became of a node that did not complete, or not at its first attempt."""

    status: str
    attempts: int
    seconds: Seconds


class RunTasks(NamedTuple):
    """What became of the tasks of a run."""

    tasks: Mapping[str, TaskOutcome]
    """By name, in the order in which they began."""
    nodes: Mapping[str, NodeOutcome]
    """By label: those that did not complete at their first attempt, as far as there are not too many."""


NO_TASKS: Final = RunTasks({}, {})


def task_of(label: str) -> str:
    """Return the name of the task of a node. A cell stands in brackets behind it."""
    return label.partition("[")[0] if label.endswith("]") and not label.startswith("[") else label


def glimpse(directory: RunDirectory) -> tuple[RunSummary, bool]:
    """Return what is known of a run without reading its journal, and whether that is all that there is to know.

    That is its whole summary if its index is valid. Otherwise, both ends of the journal tell when it began and how it
    ended. It takes less than a millisecond. Problems of the run itself are never raised.
    """
    path, number = directory.path, directory.number
    live = directory.is_live()
    try:
        if not live and (kept := _kept_summary(directory)) is not None:
            return kept, True
        with open(open_file(directory.journal_path, os.O_RDONLY), "rb") as file:
            first = file.readline(_FIRST_LINES)
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            rest = file.read()
    except (OSError, StoreError):
        return summary_and_scan(directory)[0], True  # which says why
    began = _number_in(parse_line(first.removesuffix(b"\n"), 1), "time")
    outcome = RunOutcome.LIVE if live else _ending(rest)
    if outcome in {RunOutcome.LOST, RunOutcome.LEFT} and os.path.isdir(path / EXECUTORS):
        return _read(directory)[0], True  # only all of the journal tells what goes on on other machines
    return RunSummary(path, number, outcome, None if began is None else WallTime(began)), False


def read_summary(directory: RunDirectory) -> RunSummary:
    """Return the summary of a run, from its index if that is valid. Problems of the run itself are never raised."""
    summary, is_all = glimpse(directory)
    return summary if is_all else _read(directory)[0]


def read_tasks(directory: RunDirectory) -> RunTasks:
    """Return what became of the tasks of a run, from its index if that is valid."""
    kept = None if directory.is_live() else _kept_tasks(directory)
    return kept or _read(directory)[1]


def _read(directory: RunDirectory) -> tuple[RunSummary, RunTasks]:
    """Read the journal. If the run is over, keep what it says."""
    try:
        stamp = _stamp(directory)
    except OSError:
        stamp = []
    summary, found = summary_and_scan(directory)
    if found is None:
        return summary, NO_TASKS
    tasks = _tasks_of(found)
    if summary.outcome is not RunOutcome.LIVE and stamp:
        with contextlib.suppress(StoreError):  # another user's, or a full disk: it is read again the next time
            replace_file(directory.path / NAME, b"".join(_lines(stamp, summary, tasks)))
    return summary, tasks


def _tasks_of(found: JournalScan) -> RunTasks:
    by_task: dict[str, list[NodeRecord]] = {}
    nodes: dict[str, NodeOutcome] = {}
    for name, record in found.nodes.items():
        by_task.setdefault(task_of(name), []).append(record)
        if (record.status != _COMPLETED or record.attempt > 1) and len(nodes) < _MOST_NODES:
            nodes[name] = NodeOutcome(record.status, record.attempt, record.seconds or 0.0)
    tasks = {
        name: TaskOutcome.of(
            Counter(record.status for record in records),
            sum(record.attempt for record in records),
            round(sum(record.seconds or 0.0 for record in records), 3),
        )
        for name, records in by_task.items()
    }
    return RunTasks(tasks, nodes)


# The file


def _stamp(directory: RunDirectory) -> list[int]:
    """Return what a valid index begins with: size and time of what it was made from."""
    journal = os.stat(directory.journal_path, follow_symlinks=False)
    try:
        graph = os.stat(directory.graph_path, follow_symlinks=False).st_mtime_ns
    except OSError:
        graph = 0
    return [VERSION, journal.st_size, journal.st_mtime_ns, graph]


def _lines(stamp: list[int], summary: RunSummary, tasks: RunTasks) -> Iterator[bytes]:
    told = {name: value for name, value in asdict(summary).items() if name not in {"path", "number", "process"}}
    told["outcome"] = summary.outcome.value
    yield json.dumps({"of": stamp, "summary": told}, separators=(",", ":")).encode() + b"\n"
    kinds: dict[str, int] = {}
    """Most tasks have the same counts as others, which are written once."""
    of_tasks = [kinds.setdefault(json.dumps(one.counts), len(kinds)) for one in tasks.tasks.values()]
    columns = {
        "names": list(tasks.tasks),
        "kinds": of_tasks,
        "attempts": [one.attempts for one in tasks.tasks.values()],
        "seconds": [one.seconds for one in tasks.tasks.values()],
        "counts": [json.loads(counts) for counts in kinds],
        "nodes": tasks.nodes,
    }
    yield json.dumps(columns, separators=(",", ":")).encode() + b"\n"


def _kept_summary(directory: RunDirectory) -> RunSummary | None:
    """Return the summary in the index of a run that is over, or None if it is not valid."""
    try:
        with open(open_file(directory.path / NAME, os.O_RDONLY), "rb") as file:
            head = _object(file.readline(_LONGEST_HEAD))
        if head.get("of") != _stamp(directory):
            return None
        return _summary_from(directory, cast("Mapping[str, object]", head["summary"]))
    except _UNREADABLE:
        return None


def _kept_tasks(directory: RunDirectory) -> RunTasks | None:
    """Return the tasks in the index of a run that is over, or None if it is not valid."""
    try:
        with open(open_file(directory.path / NAME, os.O_RDONLY), "rb") as file:
            if _object(file.readline(_LONGEST_HEAD)).get("of") != _stamp(directory):
                return None
            return _tasks_from(_object(file.read(_LARGEST)))
    except _UNREADABLE:
        return None


def _summary_from(directory: RunDirectory, told: Mapping[str, object]) -> RunSummary:
    began, failure = _number(told["began"]), told["failure"]
    name, why = cast("tuple[str, str]", failure) if failure else ("", "")
    return RunSummary(
        directory.path,
        directory.number,
        RunOutcome(told["outcome"]),
        None if began is None else WallTime(began),
        _number(told["seconds"]),
        _number(told["wall_seconds"]),
        {str(name): int(count) for name, count in cast("Mapping[str, int]", told["counts"]).items()},
        str(told["why"]),
        _whole(told["stale"]),
        None,
        _whole(told["allowed"]),
        tuple(map(str, cast("Sequence[str]", told["named"]))),
        _whole(told["up_to_date"]),
        (str(name), str(why)) if failure else None,
        _whole(told["jobs"]),
    )


def _tasks_from(found: Mapping[str, object]) -> RunTasks:
    counts = cast("Sequence[Mapping[str, int]]", found["counts"])
    of_counts = [TaskOutcome.of({str(name): int(count) for name, count in one.items()}, 0, 0.0) for one in counts]
    columns = cast("Mapping[str, Sequence[float]]", found)
    rows = zip(columns["kinds"], columns["attempts"], columns["seconds"], strict=True)
    tasks = [
        TaskOutcome((known := of_counts[int(kind)]).counts, int(attempts), float(seconds), known.worst, known.nodes)
        for kind, attempts, seconds in rows
    ]
    names = cast("Sequence[str]", found["names"])
    nodes = cast("Mapping[str, tuple[str, int, Seconds]]", found["nodes"])
    return RunTasks(
        dict(zip(map(str, names), tasks, strict=True)),
        {
            name: NodeOutcome(str(status), int(attempts), float(seconds))
            for name, (status, attempts, seconds) in nodes.items()
        },
    )


def _number(value: object) -> float | None:
    if value is not None and not isinstance(value, int | float):
        raise TypeError("not a number")
    return value


def _whole(value: object) -> int:
    return int(_number(value) or 0)


def _object(line: bytes) -> dict[str, object]:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return found


# The ends of a journal


def _ending(tail: bytes) -> RunOutcome:
    """Return how a run ended, by the end of its journal."""
    last = last_record_in(tail)
    if last is None:
        return RunOutcome.DAMAGED
    if last.get("what") != "ended":
        return RunOutcome.LEFT if last.get("what") == LEFT else RunOutcome.LOST
    return OUTCOMES.get(str(last.get("verdict", last.get("why"))), RunOutcome.CANCELLED)


def _number_in(record: Mapping[str, object] | None, name: str) -> float | None:
    value = None if record is None else record.get(name)
    return float(value) if isinstance(value, int | float) else None
