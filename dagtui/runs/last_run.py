"""Find the run to resume and its outcome, cheaply, because this is done at every launch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.engine.events import LEFT
from dagtui.engine.status import Verdict
from dagtui.execution.local import undelivered
from dagtui.runs.launch import LAST, EarlierRun, Ending, LaunchAction, LaunchOptions, Resumption, plan
from dagtui.store.directory import EXECUTORS, latest_first, runs, runs_in
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.store.journal import last_record_in

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.store.directory import RunDirectory

_ENDINGS = {
    Verdict.COMPLETED.value: Ending.COMPLETED,
    Verdict.FAILED.value: Ending.FAILED,
    Verdict.CANCELLED.value: Ending.CANCELLED,
    None: Ending.BROKE_OFF,
}
_TAIL = 65_536
_BLOCK = 1_048_576
_SUCCESS = b'"status":"COMPLETED"'
"""As the journal spells it. Inside a string value, its quotes would be escaped."""


class NothingToResumeError(StoreError):
    """There is no run to resume, or nothing left to do in it. The text is one line with advice."""

    def __init__(self, text: str, *, completed: bool) -> None:
        """`completed`: the last run did everything there was to do."""
        super().__init__(text)
        self.completed = completed


def resumption(graph_path: Path, number: int | None = None) -> Resumption | None:
    """Return the run of a graph file to resume: the one with the given number, else the last one.

    If nothing completed in the last run, an earlier one that has successes and did not end well takes its place. Return
    None if there is no such run. Raises StoreError.
    """
    found = latest_first(runs(graph_path))
    if number is not None:
        return next((Resumption(run) for run in found if run.number == number), None)
    for at, run in enumerate(found):
        if run.is_live() or ended_well(run):
            break  # a run that ended well settles everything before it
        if has_successes(run) or _goes_on(run):
            return Resumption(run, tuple(passed.number for passed in found[:at]))
    return Resumption(found[0]) if found else None


def resumable(graph: Graph, number: int | None = None, rerun: tuple[NodeIndex, ...] = ()) -> Resumption:
    """Return the run of a graph to resume, which no process has, and the nodes to run again.

    Raises NothingToResumeError if there is none, and StoreError if it is live or damaged.
    """
    found = None if graph.path is None else resumption(graph.path, number)
    decided = plan(graph, LaunchOptions(resume=number or LAST), (), None if found is None else earlier_run(found))
    if found is None:
        raise NothingToResumeError(decided.reason, completed=False)
    if decided.action is LaunchAction.REFUSE:
        raise StoreError(decided.reason)
    return found._replace(rerun=rerun)


def earlier_run(found: Resumption) -> EarlierRun:
    """Find out what became of the run that would be resumed."""
    directory = found.directory
    if directory.is_live():
        return EarlierRun(directory.number, Ending.LIVE, _holder(directory), _number_before(directory))
    if damage := directory.damage():
        return EarlierRun(directory.number, Ending.DAMAGED, damage, _number_before(directory))
    return EarlierRun(directory.number, _ENDINGS.get(ending(directory), Ending.LEFT))


def _holder(directory: RunDirectory) -> str:
    try:
        return directory.holder() or "a process"
    except StoreError:
        return "a process"


def _number_before(later: RunDirectory) -> int | None:
    """Return the number of the run before one that can't be resumed, if something is left to do in it."""
    for run in latest_first(runs_in(later.path.parent.parent)):
        if run.number < later.number and not run.is_live() and not run.damage():
            return None if ended_well(run) else run.number
    return None


def ended_well(directory: RunDirectory) -> bool:
    """Return whether a run completed."""
    return ending(directory) == Verdict.COMPLETED.value


def _goes_on(directory: RunDirectory) -> bool:
    """Return whether attempts of a run that no process has may go on elsewhere, although none has completed."""
    return os.path.isdir(directory.path / EXECUTORS) and ending(directory) in {None, LEFT}


def has_successes(directory: RunDirectory) -> bool:
    """Return whether any node of a run ever completed. False if its journal can't be read."""
    rest = b""
    try:
        with open(open_file(directory.journal_path, os.O_RDONLY), "rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                if _SUCCESS in rest + block:
                    return True
                rest = block[-len(_SUCCESS) :]
    except (OSError, StoreError):
        pass
    return any(not status for _, _, status, _ in undelivered.read(os.fspath(directory.path)))


def ending(directory: RunDirectory) -> str | None:
    """Return a run's verdict when it was closed: completed, failed, cancelled or running. None if it never was.

    "left" if attempts went on elsewhere when its process left it. Reads only the end of its journal.
    """
    try:
        with open(open_file(directory.journal_path, os.O_RDONLY), "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            last = last_record_in(file.read()) or {}
    except (OSError, StoreError):
        return None
    if last.get("what") == LEFT:
        return LEFT
    return str(last.get("verdict", last.get("why", ""))) if last.get("what") == "ended" else None
