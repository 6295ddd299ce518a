"""Runs of these graphs in a state that never changes: played to a moment on a clock of their own, with failures."""

from __future__ import annotations

import heapq
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from support.adopted_run import adopted_run
from support.gates import questions
from tui.recordings import BEGAN_AT

from dagtui.engine.messages import Ended, EndKind, Queued, Silent, Start, Started
from dagtui.engine.traversal import Traversal
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from support.adopted_run import AdoptedRun

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph, NodeIndex

RAN_BEFORE = 1.07
"""How long nodes took in earlier runs, in terms of now."""


class Failure(NamedTuple):
    """How nodes fail, and what they print before."""

    code: int
    last_line: str
    attempts: int = 99
    """How many attempts fail so."""


class Elsewhere(NamedTuple):
    """How attempts of a task wait and run on other machines."""

    hosts: tuple[str, ...]
    begins: int
    """How many of them begin. The others wait."""
    why: str = ""
    """What the engine says of those that wait."""


class Played(NamedTuple):
    """The plan of a run: how long its nodes take, which fail, and the moment that is shown."""

    moment: float
    failures: Mapping[str, Failure]
    """By node."""
    jobs: int = 6
    seconds: Callable[[str], float] = lambda label: 1.0 + crc32(label.encode()) % 60 / 10
    elsewhere: Mapping[str, Elsewhere] = MappingProxyType({})
    """By task."""
    silent: Silent | None = None
    """An executor that does not answer at the moment."""

    def events(self, graph: Graph) -> list[Event]:
        """What happens until the moment."""
        traversal = Traversal(graph, self.jobs, lookahead=0)
        traversal.question = questions(graph)
        return self._events(traversal)

    def run(self, graph: Graph, events: list[Event], directory: Path) -> AdoptedRun:
        """The run at its moment, with logs in a directory."""
        shown = adopted_run(graph, events, self.moment, directory, jobs=self.jobs, number=7, began_at=BEGAN_AT)
        seconds = {label: self.seconds(label) * RAN_BEFORE for label in graph.labels}
        groups = {label: graph.task(node).group for node, label in enumerate(graph.labels)}
        shown.forecast = Forecast(graph, History(directory / "history.json", seconds, groups))
        for label, failure in self.failures.items():
            node = graph.node(label)
            for attempt in range(1, min(shown.state.attempt[node], failure.attempts) + 1):
                path = shown.log_path(node, attempt)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"began {label}\n{failure.last_line}\n", encoding="utf-8")
        return shown

    def _events(self, traversal: Traversal) -> list[Event]:
        """Play the run until the moment."""
        traversal.begin(0.0)
        due: list[tuple[float, NodeIndex, int]] = []
        found: list[Event] = []
        now = 0.0
        while True:
            events, effects = traversal.take()
            found += events
            for effect in effects:
                if isinstance(effect, Start) and self._begins(traversal, effect, now):
                    label = traversal.graph.labels[effect.node]
                    heapq.heappush(due, (now + self.seconds(label), effect.node, effect.attempt))
            if effects:
                continue
            alarm = traversal.next_alarm()
            at = min(due[0][0] if due else self.moment + 1, alarm if alarm is not None else self.moment + 1)
            if at > self.moment:
                if self.silent is not None:
                    traversal.handle(self.silent, self.moment)
                    found += traversal.take()[0]
                return found
            now = at
            if due and due[0][0] == at:
                _, node, attempt = heapq.heappop(due)
                traversal.handle(self._end(traversal.graph.labels[node], node, attempt), now)
            else:
                traversal.wake(now)

    def _begins(self, traversal: Traversal, effect: Start, now: float) -> bool:
        """Begin an attempt, or let it wait. Return whether it has begun."""
        graph = traversal.graph
        there = self.elsewhere.get(graph.task(effect.node).name)
        if there is None:
            traversal.handle(Started(effect.node, effect.attempt), now)
            return True
        number = effect.node - graph.task_of.index(graph.task_of[effect.node])
        if number >= there.begins:
            traversal.handle(Queued(effect.node, effect.attempt, there.why), now)
            return False
        where = there.hosts[number % len(there.hosts)]
        traversal.handle(Started(effect.node, effect.attempt, where=where), now)
        return True

    def _end(self, label: str, node: NodeIndex, attempt: int) -> Ended:
        failure = self.failures.get(label)
        code = failure.code if failure is not None and attempt <= failure.attempts else 0
        return Ended(node, attempt, EndKind.EXIT, code, "", self.seconds(label))
