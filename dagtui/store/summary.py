"""What became of a run, told by its directory alone: live, ended well or badly, lost, or not readable any more."""

from __future__ import annotations

import enum
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus, Verdict
from dagtui.store.directory import RunDirectory, runs_in
from dagtui.store.errors import StoreError
from dagtui.store.files import read_file
from dagtui.store.journal_scan import JournalScan, scan_journal
from dagtui.store.paths import folder_with_runs, graph_folder, root_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MOST_FILES = 200
"""Files of a folder whose runs are looked for elsewhere."""
_LARGEST_GRAPH = 5_000_000
"""Bytes of a resolved graph that is read to learn which failures were allowed."""


class RunOutcome(enum.Enum):
    """What became of a run; the values are the words that listings use."""

    LIVE = "live"
    """A process has it."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"
    """It never ended, and nobody has it: its processes were ended by the supervisor, or the machine went down."""
    DAMAGED = "damaged"
    """Its journal is torn or damaged before its end; what is told of it is what stands before that."""
    UNREADABLE = "unreadable"


_TOLD = {
    Verdict.COMPLETED.value: RunOutcome.COMPLETED,
    Verdict.FAILED.value: RunOutcome.FAILED,
    Verdict.CANCELLED.value: RunOutcome.CANCELLED,
    Verdict.RUNNING.value: RunOutcome.CANCELLED,  # left with something that could not be stopped
}
"""What became of a run that told its verdict when it was closed."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line's worth about a run."""

    path: Path
    number: int
    standing: RunOutcome
    began: float | None = None
    """Wall time in seconds since the epoch."""
    seconds: float | None = None
    """How long it was active, by a clock that never jumps where the journal tells it; not while all was settled."""
    wall: float | None = None
    """How long it lasted, or has lasted so far, waits for a person and until it was resumed included."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Nodes by the name of their status; nodes that nothing happened to are not counted."""
    why: str = ""
    """Why it ended, or what is wrong with it; foreign text."""
    stale: int = 0
    """Nodes that completed before an ancestor ran again."""
    process: int | None = None
    """The process that has it, if it is live."""


def summarise(directory: RunDirectory, now: float | None = None) -> RunSummary:
    """Read a run's journal once, at some 80 MB/s; never raises for what is wrong with the run itself."""
    path, number = directory.path, directory.number
    # Asked first: a run that ends between the two questions is then live with an end, not lost.
    live = directory.is_live()
    process = _holder(directory) if live else None
    try:
        found = scan_journal(directory.journal_path)
    except StoreError as error:
        if live and not os.path.lexists(directory.journal_path):
            return RunSummary(path, number, RunOutcome.LIVE, why="is just beginning", process=process)
        return RunSummary(path, number, RunOutcome.UNREADABLE, why=str(error))
    standing, why = _standing(directory, found, live=live)
    if found.began is None or found.last is None:
        return RunSummary(path, number, standing, found.began, None, None, found.counts(), why, found.stale(), process)
    since = max(0.0, (time.time() if now is None else now) - found.last) if live else 0.0
    seconds = found.active(found.clock + since)
    wall = max(seconds, found.last - found.began + since)
    return RunSummary(path, number, standing, found.began, seconds, wall, found.counts(), why, found.stale(), process)


def _holder(directory: RunDirectory) -> int | None:
    try:
        word, _, number = directory.holder().partition(" ")
    except StoreError:
        return None
    return int(number) if word == "process" and number.isdecimal() and len(number) < 12 else None


def _standing(directory: RunDirectory, found: JournalScan, *, live: bool) -> tuple[RunOutcome, str]:
    if live:
        return RunOutcome.LIVE, ""  # what looks torn is being written
    if found.problem is not None:
        return RunOutcome.DAMAGED, f"the journal: {found.problem}"
    if not found.ended:
        return RunOutcome.LOST, "never ended, and no process has it"
    return _TOLD.get(found.verdict) or _derived(directory, found), found.why


def _derived(directory: RunDirectory, found: JournalScan) -> RunOutcome:
    """What became of a run that was closed without a verdict: older journals have none."""
    counts = found.counts()
    if any(counts.get(status.name) for status in NodeStatus if not status.settled) or found.cancelled:
        return RunOutcome.CANCELLED
    if counts.get("FAILED_PARENT") or _counts_as_failed(directory, found):
        return RunOutcome.FAILED
    return RunOutcome.CANCELLED if counts.get("CANCELLED") else RunOutcome.COMPLETED


def _counts_as_failed(directory: RunDirectory, found: JournalScan) -> bool:
    """Whether any node failed that was not allowed to."""
    failed = [label for label, record in found.nodes.items() if record.status == "FAILED"]
    if not failed or found.why == RunOutcome.COMPLETED.value:
        return False
    if found.why == RunOutcome.FAILED.value:
        return True
    allowed = _tasks_allowed_to_fail(directory)
    return any(label not in allowed and label.partition("[")[0] not in allowed for label in failed)


def _tasks_allowed_to_fail(directory: RunDirectory) -> set[str]:
    """The names of the tasks whose failure counts as well; none if the resolved graph tells nothing."""
    import tomllib

    try:
        content = read_file(directory.graph_path, _LARGEST_GRAPH).decode("utf-8", "replace")
        tasks = tomllib.loads(content).get("tasks", {})
    except (OSError, StoreError, ValueError, RecursionError):
        return set()
    return {name for name, task in tasks.items() if isinstance(task, dict) and task.get("allow_failure") is True}


def graph_runs(graph_path: Path) -> list[RunDirectory]:
    """The runs of a graph, newest first; raises StoreError."""
    return runs_in(folder_with_runs(graph_path))[::-1]


def all_runs(folder: Path) -> Iterator[tuple[str, list[RunDirectory]]]:
    """The graphs of a folder that have runs, and their runs, newest first; raises StoreError.

    A graph in `.dagtui`, or in the state directory, is known by the name of its directory; one whose runs lie elsewhere
    by that of its file.
    """
    root = root_folder(folder)
    for inside in _folders_in(root) if root is not None else ():
        if found := runs_in(inside):
            yield inside.name, found[::-1]
    for path in sorted(folder.glob("*.toml"))[:_MOST_FILES]:
        place = graph_folder(path)
        if place.parent != root and (found := runs_in(place)):
            yield path.stem, found[::-1]


def _folders_in(root: Path) -> list[Path]:
    try:
        with os.scandir(root) as entries:
            return sorted(root / entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError.of("read", root, error) from error
