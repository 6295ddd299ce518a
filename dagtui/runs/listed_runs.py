"""The runs of a graph as a list shows them: at once what both ends of a journal tell, and the rest once it was read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from dagtui.runs.previous_run import recorded_graph, recorded_tasks
from dagtui.runs.run_grid import Grid, against, usual_seconds
from dagtui.store.directory import runs
from dagtui.store.errors import StoreError
from dagtui.store.run_index import glimpse, read_summary, read_tasks
from dagtui.store.summary import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.graph.model import Graph
    from dagtui.runs.run_grid import GridOrder
    from dagtui.store.directory import RunDirectory
    from dagtui.store.run_index import RunTasks
    from dagtui.store.summary import RunSummary
    from dagtui.text.amounts import Seconds

CALLING_RUN: Final = "DAGTUI_CALLING_RUN"
"""The variable with the number of the run whose screen has called the list, and has lent its terminal."""
_COMPARED: Final = frozenset({RunOutcome.COMPLETED, RunOutcome.FAILED})
_SETTLED: Final = frozenset(RunOutcome) - {RunOutcome.LIVE}


class ListedRuns:
    """The runs of a graph, newest first. What reads journals may be called in a thread, one call at a time."""

    def __init__(self, graph_path: Path) -> None:
        self.graph_path = graph_path
        self.directories: dict[int, RunDirectory] = {}
        """By number, newest first."""
        self.summaries: dict[int, RunSummary] = {}
        self._whole: set[int] = set()
        """Runs whose summary is complete."""
        self._tasks: dict[int, RunTasks] = {}
        self._order: tuple[int, Sequence[str]] = (0, ())
        """The tasks as in the file of the run of that number."""

    @property
    def numbers(self) -> list[int]:
        """The numbers of the runs, newest first."""
        return list(self.directories)

    def look(self) -> bool:
        """Find the runs, and take in what is known of new ones without reading their journals.

        Return whether anything has changed since the last look. Raises StoreError.
        """
        found = {run.number: run for run in runs(self.graph_path)[::-1]}
        before = dict(self.summaries)
        for number, directory in found.items():
            known = self.summaries.get(number)
            if known is not None and known.outcome in _SETTLED and not directory.is_live():
                continue
            summary, is_whole = glimpse(directory)
            if known is not None and known.outcome is summary.outcome and not is_whole:
                continue  # still live: what was read of it stays
            self.summaries[number] = summary
            self._forget(number)
            if is_whole:
                self._whole.add(number)
        for number in self.summaries.keys() - found.keys():
            del self.summaries[number]
            self._forget(number)
        self.directories = found
        return self.summaries != before

    def _forget(self, number: int) -> None:
        self._whole.discard(number)
        self._tasks.pop(number, None)

    def lacks_summary(self, number: int) -> bool:
        """Return whether more is to be read of a run than what both ends of its journal tell."""
        return number in self.directories and number not in self._whole

    def lacks_tasks(self, number: int) -> bool:
        """Return whether it is not known yet what became of the tasks of a run."""
        return number in self.directories and number not in self._tasks

    def tasks_of(self, number: int) -> RunTasks | None:
        """Return what became of the tasks of a run, if that is known."""
        return self._tasks.get(number)

    def read_summary(self, number: int) -> None:
        """Read the summary of a run, from its journal if need be."""
        directory = self.directories.get(number)
        if directory is not None:
            self.summaries[number] = read_summary(directory)
            self._whole.add(number)

    def read_tasks(self, number: int) -> None:
        """Read what became of the tasks of a run."""
        directory = self.directories.get(number)
        if directory is not None:
            self._tasks[number] = read_tasks(directory)

    def read_live(self) -> list[int]:
        """Read the live runs again. Return their numbers."""
        live = [number for number, summary in self.summaries.items() if summary.outcome is RunOutcome.LIVE]
        for number in live:
            self.read_summary(number)
            if number in self._tasks:
                self.read_tasks(number)
        return live

    def usual(self, number: int) -> Seconds | None:
        """Return the seconds for which runs that completed are usually active, without the one of that number."""
        return usual_seconds(self.summaries.values(), number)

    def share(self, number: int) -> float | None:
        """Return by which share a run was active longer than usual. None if that can't be said, or not yet."""
        summary = self.summaries[number]
        return against(summary.seconds, self.usual(number)) if summary.outcome in _COMPARED else None

    def rows(self, numbers: Sequence[int], order: GridOrder) -> Grid:
        """Return the rows of a grid of some runs, as far as their tasks are known."""
        known = [(number, self._tasks[number]) for number in numbers if number in self._tasks]
        names = self._file_order(max((number for number, _ in known), default=0))
        return Grid([tasks for _, tasks in known], order, names)

    def _file_order(self, number: int) -> Sequence[str]:
        if number and self._order[0] != number:
            try:
                self._order = number, recorded_tasks(recorded_graph(self.directories[number]))
            except StoreError:
                self._order = number, ()
        return self._order[1]


def why_not_resumed(graph_path: Path, number: int) -> str:
    """Return why a run can't be resumed, by the checks of `--resume N`. Empty if it can, as far as can be told.

    The graph file is read, and the journal, if the run completed.
    """
    from dagtui.graph.errors import GraphError
    from dagtui.graph.loading import load
    from dagtui.runs.last_run import ended_well, resumable
    from dagtui.runs.redaction import keep_secrets

    try:
        graph = keep_secrets(load(graph_path, {}, os.environ), os.environ)[0]
        directory = resumable(graph, number).directory
        return _other_parameters(graph, directory) or (_nothing_left(graph, directory) if ended_well(directory) else "")
    except GraphError as error:
        return f"the graph file has errors: {error.problems[0].message}"
    except (StoreError, OSError) as error:
        return str(error)


def _other_parameters(graph: Graph, directory: RunDirectory) -> str:
    """Return the command that resumes a run with its own parameters, if the file has others: no one is asked here."""
    if not graph.params:
        return ""
    from dagtui.graph.expressions.templates import parameter_text
    from dagtui.graph.loading import load_recorded
    from dagtui.runs.resume_command import command_to_resume
    from dagtui.text.look import IN_UNICODE

    recorded = load_recorded(directory.graph_path, recorded_graph(directory)).params
    before, now = ({name: parameter_text(one) for name, one in params.items()} for params in (recorded, graph.params))
    graph.given = {name: text for name, text in before.items() if now.get(name, text) != text}
    if not graph.given:
        return ""
    command = command_to_resume(graph, directory.number, None, IN_UNICODE)
    return f"the file has other parameters; with its own: {command}"


def _nothing_left(graph: Graph, directory: RunDirectory) -> str:
    """Return why there is nothing to resume in a run that completed. Empty where only files may have changed."""
    from dagtui.runs.restore import replay
    from dagtui.store.journal import JournalReader

    if any(task.inputs for task in graph.tasks):
        return ""
    last = replay(graph, directory, JournalReader(directory.journal_path))
    return str(last.nothing_left()) if last.well else ""
