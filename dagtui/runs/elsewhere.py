"""What goes on on other machines while no process has a run. Only runs whose graph names some import this module."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.events import LEFT
from dagtui.engine.state import RunState
from dagtui.execution.remote.gone import GoneAttempt, gone_attempts, note_gone
from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_recorded
from dagtui.runs.last_run import ending
from dagtui.runs.previous_run import recorded_graph, understand
from dagtui.store.directory import EXECUTORS, latest_first, runs
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalReader
from dagtui.store.paths import attempt_key
from dagtui.store.summary import end_alone, going_on
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import Graph
    from dagtui.runs.live import LiveRun
    from dagtui.store.directory import RunDirectory

_LOOKED_AT = 5
"""Number of earlier runs that are looked at."""
_MAY_GO_ON = frozenset({None, LEFT, "cancelled", "running"})
"""How runs ended that may have attempts elsewhere. After a cancel, an engine that did not answer has them still."""


class Elsewhere(NamedTuple):
    """What an earlier process of a run has left on other machines."""

    counts: Mapping[str, int]
    """Number of attempts by executor."""
    gone: Mapping[str, list[GoneAttempt]]
    """Those of nodes that the graph does not have any more, by executor."""
    executors: Mapping[str, ExecutorSettings]
    """Executors that have attempts, and that the graph does not name any more."""
    ending: frozenset[str]
    """Executors that end what they have when no process has the run."""

    def words(self, begun_anew: Mapping[str, int]) -> str:
        """Say what goes on, and what is stopped. Safe to show. Empty: nothing.

        `begun_anew` is the number of attempts, by executor, of nodes that begin anew.
        """
        left = {
            name: rest
            for name, number in self.counts.items()
            if (rest := number - len(self.gone.get(name, ())) - begun_anew.get(name, 0))
        }
        going, ending = self._sorted(left)
        parts = []
        if ending:
            parts.append(f"{end_alone(ending)}: what has not succeeded by then runs again")
        if going:
            parts.append(f"{going_on(going)}: resuming takes {'it' if sum(going.values()) == 1 else 'them'} up")
        stopped = {name: len(gone) for name, gone in self.gone.items() if gone}
        parts += [f"{told}: stopped first, because {_whose(part)} anew" for told, part in self._told(begun_anew)]
        parts += [
            f"{told}, of nodes that the file no longer has: stopped when resumed" for told, _ in self._told(stopped)
        ]
        return "; ".join(parts)

    def _told(self, counts: Mapping[str, int]) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Yield what attempts that are to be stopped do until then, and their numbers by executor."""
        going, ending = self._sorted(counts)
        if ending:
            yield end_alone(ending), ending
        if going:
            yield going_on(going), going

    def warning(self, number: int) -> str:
        """Say what another run of the same graph must know of this one, by its number. Safe to show. Empty: nothing."""
        going, ending = self._sorted(self.counts)
        parts = []
        if going:
            parts.append(
                f"run {number} is not over: {going_on(going)}, and may write what this run writes; "
                f"--resume {number} takes them up, and a cancel stops them there"
            )
        if ending:
            which = "" if going else f"run {number} broke off: "
            parts.append(f"{which}{end_alone(ending)}, and may write what this run writes until then")
        return "; ".join(parts)

    def _sorted(self, counts: Mapping[str, int]) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return the numbers of attempts that go on, and of those that end because no process has the run."""
        ending = {name: number for name, number in counts.items() if name in self.ending}
        return {name: number for name, number in counts.items() if name not in ending}, ending


def _whose(counts: Mapping[str, int]) -> str:
    return "its node begins" if sum(counts.values()) == 1 else "their nodes begin"


def recorded_state(graph: Graph, directory: RunDirectory) -> RunState:
    """Return the state in which a run was left that no process has, by the graph that it ran. Raises StoreError."""
    state = RunState(graph)
    state.replay(understand(JournalReader(directory.journal_path), graph).events)
    return state


def what_goes_on(state: RunState, graph: Graph, directory: RunDirectory) -> Elsewhere:
    """Return what goes on of a run that was left in a state and resumes with a graph. Raises StoreError."""
    before = state.graph
    gone: dict[str, list[GoneAttempt]] = {}
    for node, name in state.executor_of.items():
        found = before.labels[node]
        if graph.find(found) is None:
            key = attempt_key(found, state.attempt[node])
            gone.setdefault(name, []).append(GoneAttempt(found, key, before.task(node).grace))
    _refuse_moved(state, graph, directory)
    needed = [*state.executor_of.values(), *(name for name in before.executors if _has_gone(directory, name))]
    executors = {name: before.executors[name] for name in needed if name in before.executors}
    extra = {name: settings for name, settings in executors.items() if name not in graph.executors}
    counts = Counter(state.executor_of.values())
    return Elsewhere(counts, gone, extra, frozenset(name for name in counts if _ends(name, before, graph)))


def _ends(name: str, *graphs: Graph) -> bool:
    """Return whether an executor ends what it has when no process has the run, as one of the graphs says."""
    return any(name in graph.executors and not graph.executors[name].outlives_run for graph in graphs)


def _refuse_moved(state: RunState, graph: Graph, directory: RunDirectory) -> None:
    """Raise StoreError if an executor has attempts, and its name stands for another place by now."""
    counts = Counter(state.executor_of.values())
    for name, count in counts.items():
        then, by_now = state.graph.executors.get(name), graph.executors.get(name)
        if then is None or by_now is None or _is_still_there(then, by_now):
            continue
        raise StoreError(
            f"can't resume run {directory.number}: {going_on({name: count})}, which was somewhere else then; write "
            f"[executors.{label(name)}] as it was, or give the new place another name"
        )


def _is_still_there(then: ExecutorSettings, by_now: ExecutorSettings) -> bool:
    """Return whether an executor still reaches what it had. More hosts than before do no harm."""
    if not set(then.hosts) <= set(by_now.hosts):
        return False
    places = [(each.kind, each.address, each.scheduler_file, each.directory) for each in (then, by_now)]
    return places[0] == places[1]


def _has_gone(directory: RunDirectory, name: str) -> bool:
    return bool(gone_attempts(directory.executor_folder(name)))


def hand_on(elsewhere: Elsewhere, live: LiveRun) -> None:
    """Let the executors of a restored run know what they have, before its graph is recorded. Raises StoreError."""
    for name, gone in elsewhere.gone.items():
        folder = live.directory.executor_folder(name)
        try:
            note_gone(folder, {each.key: each for each in (*gone_attempts(folder), *gone)}.values())
        except OSError as error:
            raise StoreError.of("write to", folder, error) from error
    if live.routing is not None:
        state = live.state
        live.routing.hold({(node, state.attempt[node]): name for node, name in state.executor_of.items()})


# Other runs


def _left_by(directory: RunDirectory) -> Elsewhere | None:
    """Return what goes on of a run that no process has. None if that is not known."""
    try:
        graph = load_recorded(directory.graph_path, recorded_graph(directory))
        return what_goes_on(recorded_state(graph, directory), graph, directory)
    except (GraphError, StoreError):
        return None


def warnings(graph_path: Path) -> list[str]:
    """Say which earlier runs of a graph have attempts that go on elsewhere, for a new run. Safe to show.

    Raises StoreError.
    """
    found = []
    for directory in latest_first(runs(graph_path))[:_LOOKED_AT]:
        if not os.path.isdir(directory.path / EXECUTORS) or directory.is_live() or ending(directory) not in _MAY_GO_ON:
            continue
        left = _left_by(directory)
        if left is not None and (text := left.warning(directory.number)):
            found.append(text)
    return found
