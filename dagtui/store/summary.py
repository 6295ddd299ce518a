"""The outcome of a run from its directory alone: live, ended well or badly, lost, or unreadable."""

from __future__ import annotations

import enum
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.store.directory import RunDirectory, runs_in
from dagtui.store.errors import StoreError
from dagtui.store.files import read_file
from dagtui.store.journal_scan import JournalScan, scan_journal
from dagtui.store.paths import folder_with_runs, root_folder
from dagtui.text import label, plural
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagtui.text.amounts import Seconds

NEVER_ENDED = "never ended, and no process has it"
_MOST_FILES = 200
"""Files of a folder whose runs are searched for elsewhere."""
_LARGEST_GRAPH = 5_000_000
"""The size in bytes up to which a resolved graph is read to learn its nodes, or which failures were allowed."""


class RunOutcome(enum.Enum):
    """The outcome of a run. The values are the words of listings."""

    LIVE = "live"
    """A process has it."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """It never ended, and no process has it: the supervisor ended its processes, or the machine went down."""
    LEFT = "left"
    """No process has it, and attempts on other machines go on: its process left it, or was killed."""
    DAMAGED = "damaged"
    """Its journal is torn or damaged before its end. The summary covers what precedes that."""
    UNREADABLE = "unreadable"


OUTCOMES = {
    Verdict.COMPLETED.value: RunOutcome.COMPLETED,
    Verdict.FAILED.value: RunOutcome.FAILED,
    Verdict.CANCELLED.value: RunOutcome.CANCELLED,
    Verdict.RUNNING.value: RunOutcome.CANCELLED,  # left with a node that could not be stopped
}
"""The outcome of a run that recorded its verdict when it was closed."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a listing of runs."""

    path: Path
    number: int
    outcome: RunOutcome
    began: WallTime | None = None
    """Wall time in seconds since the epoch."""
    seconds: Seconds | None = None
    """Seconds active, without the time in which all was settled, by a monotonic clock where the journal has one."""
    wall_seconds: Seconds | None = None
    """Seconds so far or in all, including waits for a person and the time before it was resumed."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Nodes by the name of their status, without the nodes that nothing happened to."""
    why: str = ""
    """Why it ended, or what is wrong with it. Foreign text."""
    stale: int = 0
    """Number of nodes that completed before an ancestor ran again."""
    process: int | None = None
    """The process that has it, if it is live."""
    allowed: int = 0
    """Number of failed nodes whose failure was allowed."""
    named: tuple[str, ...] = ()
    """The names that it was called with. Foreign text."""
    up_to_date: int = 0
    """Number of completed nodes of which nothing had changed since their last success."""
    failure: tuple[str, str] | None = None
    """The first failed node whose failure was not allowed, and why it failed. Foreign text."""
    jobs: int = 0
    """The slots that it had last. 0 if that is not on record."""


def summarise(directory: RunDirectory) -> RunSummary:
    """Summarise a run by reading its journal once, at some 80 MB/s. Problems of the run itself are never raised."""
    return summary_and_scan(directory)[0]


def summary_and_scan(directory: RunDirectory) -> tuple[RunSummary, JournalScan | None]:
    """Summarise a run, like `summarise`. Return also what its journal says, if that can be read."""
    path, number = directory.path, directory.number
    # Ask first: a run that ends between the two questions is then live with an end, not lost.
    live = directory.is_live()
    process = _holder(directory) if live else None
    try:
        found = scan_journal(directory.journal_path)
    except StoreError as error:
        if live and not os.path.lexists(directory.journal_path):
            return RunSummary(path, number, RunOutcome.LIVE, why="is just starting", process=process), None
        return RunSummary(path, number, RunOutcome.UNREADABLE, why=str(error)), None
    _forget_removed(directory, found)
    counts, stale, forbidden = found.counts(), found.stale(), _forbidden(directory, found)
    outcome, why = _outcome(directory, found, counts, live=live, forbidden=bool(forbidden))
    allowed = counts.get("FAILED", 0) - len(forbidden)
    failures = found.failures()
    summary = RunSummary(
        path,
        number,
        outcome,
        found.began,
        None,
        None,
        counts,
        why,
        stale,
        process,
        allowed,
        found.named,
        found.up_to_date(),
        next(((name, failures[name]) for name in failures if name in forbidden), None),
        found.jobs,
    )
    if found.began is None or found.last is None:
        return summary, found
    since = max(0.0, WallTime(time.time()) - found.last) if live else 0.0
    seconds = found.active(found.clock + since)
    wall = max(seconds, found.last - found.began + since)
    return replace(summary, seconds=seconds, wall_seconds=wall), found


def _forget_removed(directory: RunDirectory, found: JournalScan) -> None:
    """Drop the records of nodes that the run no longer has, because their tasks were removed before it was resumed.

    The graph is read only if a resume replaced it, because that may take longer than the whole journal.
    """
    if not found.resumed or found.began is None or not found.nodes:
        return
    from dagtui.graph.errors import GraphError
    from dagtui.graph.loading import load_recorded

    try:
        if WallTime(os.stat(directory.graph_path).st_mtime) <= found.began:
            return
        content = read_file(directory.graph_path, _LARGEST_GRAPH)
        labels = set(load_recorded(directory.graph_path, content).labels)
    except (OSError, StoreError, GraphError):
        return
    for name in found.nodes.keys() - labels:
        del found.nodes[name]


def _holder(directory: RunDirectory) -> int | None:
    try:
        word, _, number = directory.holder().partition(" ")
    except StoreError:
        return None
    return int(number) if word == "process" and number.isdecimal() and len(number) < 12 else None


def _outcome(
    directory: RunDirectory, found: JournalScan, counts: Mapping[str, int], *, live: bool, forbidden: bool
) -> tuple[RunOutcome, str]:
    if live:
        return RunOutcome.LIVE, ""  # a torn end is being written
    if found.problem is not None:
        return RunOutcome.DAMAGED, f"the journal: {found.problem}"
    if not found.ended and (elsewhere := found.elsewhere()):
        return _outcome_elsewhere(directory, elsewhere, left=found.left)
    if found.left:
        return RunOutcome.LEFT, "what runs on other machines goes on"
    if not found.ended:
        return RunOutcome.LOST, NEVER_ENDED
    return OUTCOMES.get(found.verdict) or _derived(found, counts, forbidden=forbidden), found.why


def _outcome_elsewhere(directory: RunDirectory, counts: Mapping[str, int], *, left: bool) -> tuple[RunOutcome, str]:
    """Return what became of a run whose attempts other machines had when its process was gone."""
    names = _ending(directory)
    ending = {name: count for name, count in counts.items() if name in names}
    going = {name: count for name, count in counts.items() if name not in names}
    words = [may_go_on(going)] if going else [] if left else [NEVER_ENDED]
    words += [end_alone(ending)] if ending else []
    return RunOutcome.LEFT if going or left else RunOutcome.LOST, "; ".join(words)


def _ending(directory: RunDirectory) -> frozenset[str]:
    """Return the names of the executors that end what they have when no process has the run."""
    import tomllib

    from dagtui.graph.executor_keys import STOP

    try:
        content = read_file(directory.graph_path, _LARGEST_GRAPH)
        if f'"{STOP}"'.encode() not in content:  # parsing takes long
            return frozenset()
        tables = tomllib.loads(content.decode("utf-8", "replace")).get("executors")
    except (OSError, StoreError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(tables, dict):  # the record is damaged
        return frozenset()
    return frozenset(name for name, table in tables.items() if isinstance(table, dict) and table.get("orphans") == STOP)


def going_on(counts: Mapping[str, int]) -> str:
    """Say how many attempts go on, and at which executors. Safe to show."""
    number = sum(counts.values())
    return f"{plural(number, 'attempt')} {'goes' if number == 1 else 'go'} on at {_places(counts)}"


def may_go_on(counts: Mapping[str, int]) -> str:
    """Say it where nobody has asked the executors, which may have ended some by now. Safe to show."""
    return f"{plural(sum(counts.values()), 'attempt')} may go on at {_places(counts)}"


def end_alone(counts: Mapping[str, int]) -> str:
    """Say how many attempts end because no process has their run, if they have not yet. Safe to show."""
    number = sum(counts.values())
    return f"{plural(number, 'attempt')} at {_places(counts)} {'ends' if number == 1 else 'end'} without dagtui"


def _places(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label(name)} ({count})" if len(counts) > 1 else label(name) for name, count in counts.items())


def _derived(found: JournalScan, counts: Mapping[str, int], *, forbidden: bool) -> RunOutcome:
    """Derive the outcome of a run that was closed without a verdict, as older versions did."""
    if any(counts.get(status.name) for status in NodeStatus if not status.settled) or found.cancelled:
        return RunOutcome.CANCELLED
    failed = bool(counts.get("FAILED")) and found.why != RunOutcome.COMPLETED.value
    if counts.get("FAILED_PARENT") or (failed and (forbidden or found.why == RunOutcome.FAILED.value)):
        return RunOutcome.FAILED
    return RunOutcome.CANCELLED if counts.get("CANCELLED") else RunOutcome.COMPLETED


def _forbidden(directory: RunDirectory, found: JournalScan) -> set[str]:
    """Return the labels of the failed nodes that were not allowed to fail."""
    failed = [label for label, record in found.nodes.items() if record.status == "FAILED"]
    allowed = _tasks_allowed_to_fail(directory) if failed else set()
    return {label for label in failed if label not in allowed and label.partition("[")[0] not in allowed}


def _tasks_allowed_to_fail(directory: RunDirectory) -> set[str]:
    """Return the names of the tasks that are allowed to fail, none if the resolved graph can't be read."""
    import tomllib

    try:
        content = read_file(directory.graph_path, _LARGEST_GRAPH)
        if b"allow_failure" not in content:  # parsing takes long
            return set()
        tasks = tomllib.loads(content.decode("utf-8", "replace")).get("tasks", {})
    except (OSError, StoreError, ValueError, RecursionError):
        return set()
    return {name for name, task in tasks.items() if isinstance(task, dict) and task.get("allow_failure") is True}


def all_runs(folder: Path) -> Iterator[tuple[str, list[RunDirectory]]]:
    """Yield the graphs of a folder that have runs, and their runs, newest first. Raises StoreError.

    A graph in `.dagtui`, or in the state directory, is named after its directory. A graph whose runs lie elsewhere is
    named after its file.
    """
    root = root_folder(folder)
    for inside in _folders_in(root) if root is not None else ():
        if found := runs_in(inside):
            yield inside.name, found[::-1]
    for path in sorted(folder.glob("*.toml"))[:_MOST_FILES]:
        place = folder_with_runs(path)
        if place.parent != root and (found := runs_in(place)):
            yield path.stem, found[::-1]


def graphs_with_runs(folder: Path) -> list[Path]:
    """Return the graph files of a folder that have runs, and those that are gone but whose runs are left.

    Raises StoreError.
    """
    files = sorted(folder.glob("*.toml"))[:_MOST_FILES]
    found = [path for path in files if runs_in(folder_with_runs(path))]
    known = {folder_with_runs(path) for path in found}
    root = root_folder(folder)
    for inside in _folders_in(root) if root is not None else ():
        path = folder / f"{inside.name}.toml"
        if inside not in known and runs_in(inside) and folder_with_runs(path) == inside:
            found.append(path)
    return found


def _folders_in(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(root / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError.of("read", root, error) from error
