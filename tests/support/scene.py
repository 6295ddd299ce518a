"""Small graphs in one line, and a traversal whose executor is the test itself."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from support.gates import answer, questions

from dagtui.engine.conditions import Conditions
from dagtui.engine.events import RunEvent
from dagtui.engine.messages import (
    Command,
    CommandKind,
    Ended,
    EndKind,
    SetSlots,
    Start,
    Started,
    Stop,
    Withdraw,
    Withdrawn,
)
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.graph.model import Graph, RetryPolicy, Task, Trigger
from dagtui.graph.run_settings import RunSettings

if TYPE_CHECKING:
    from dagtui.engine.events import Event
    from dagtui.engine.messages import Effect, Preview


def dag(ways: str, *, keep_going: bool = True, **tasks: dict[str, object]) -> Graph:
    """Return a graph of paths like `a>b>c d b>e`. Keywords give the fields of single tasks.

    `retries=2` stands for a policy without delay. A trigger may be given by its word.
    """
    labels: dict[str, int] = {}
    edges: dict[tuple[int, int], None] = {}
    for way in ways.split():
        numbers = [labels.setdefault(label, len(labels)) for label in way.split(">")]
        edges.update(dict.fromkeys(pairwise(numbers)))
    return Graph(
        list(labels),
        edges,
        tasks=[_task(label, dict(tasks.pop(label, {}))) for label in labels],
        settings=RunSettings(keep_going=keep_going),
    )


def conditions_of(graph: Graph) -> Conditions | None:
    """Return what decides about the nodes of a graph in an empty environment, or None if no task has a condition."""
    return Conditions(graph, {}) if any(task.condition for task in graph.tasks) else None


def _task(label: str, fields: dict[str, object]) -> Task:
    task = Task(label)
    if "retries" in fields:
        task = replace(task, retry=RetryPolicy(retries=int(str(fields.pop("retries"))), delay=0.0))
    if "trigger" in fields:
        task = replace(task, trigger=Trigger(fields.pop("trigger")))
    return replace(task, **fields)


class Scene:
    """A traversal in which the test decides when attempts begin and how they end."""

    def __init__(self, graph: Graph, jobs: int = 4, targets: tuple[str, ...] | None = None) -> None:
        self.graph = graph
        self.traversal = Traversal(graph, jobs)
        self.traversal.question = questions(graph)
        self.traversal.conditions = conditions_of(graph)
        self.state = self.traversal.state
        self.now = 0.0
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        """Effects of the last message only."""
        self.begun: list[str] = []
        """Labels of the attempts that began, in order."""
        if targets is not None:
            nodes = tuple(map(graph.node, targets))
            self.traversal.emit(RunEvent(self.now, "started", jobs=jobs, targets=nodes, named=targets))
        self.traversal.begin(self.now)
        self._take()

    def _take(self) -> None:
        events, self.effects = self.traversal.take()
        self.events += events

    # Looking

    def __getitem__(self, label: str) -> NodeStatus:
        return self.state.status_of(self.graph.node(label))

    def cause(self, label: str) -> Cause:
        return self.state.cause_of(self.graph.node(label))

    def attempt(self, label: str) -> int:
        return self.state.attempt[self.graph.node(label)]

    def marks(self, label: str) -> tuple[int, ...]:
        return self.state.marks.get(self.graph.node(label), ())

    def blocker(self, label: str) -> str:
        return self.graph.labels[self.state.blocker[self.graph.node(label)]]

    def statuses(self) -> str:
        """Return all nodes with their statuses: `a completed, b waiting`."""
        return ", ".join(f"{label} {self[label].name.lower().replace('_', ' ')}" for label in self.graph.labels)

    def submitted(self) -> set[str]:
        return {self.graph.labels[node] for node in self.traversal.submitted}

    def names(self, nodes: tuple[int, ...] | frozenset[int]) -> str:
        return " ".join(self.graph.labels[node] for node in sorted(nodes))

    def stops(self) -> dict[str, float]:
        """Return the nodes that the last message stopped, and their seconds until KILL."""
        return {self.graph.labels[e.node]: e.grace for e in self.effects if isinstance(e, Stop)}

    def starts(self) -> list[str]:
        return [self.graph.labels[e.node] for e in self.effects if isinstance(e, Start)]

    def withdraws(self) -> list[str]:
        return [self.graph.labels[e.node] for e in self.effects if isinstance(e, Withdraw)]

    def slots(self) -> list[int]:
        return [e.slots for e in self.effects if isinstance(e, SetSlots)]

    # Doing

    def start(self, *labels: str) -> None:
        """Let submitted attempts begin."""
        for label in labels:
            node = self.graph.node(label)
            assert node in self.traversal.submitted, f"{label} was not submitted: {self.statuses()}"
            self.begun.append(label)
            self.traversal.handle(Started(node, self.state.attempt[node]), self.now)
            self._take()

    def withdrawn(self, *labels: str) -> None:
        for label in labels:
            node = self.graph.node(label)
            self.traversal.handle(Withdrawn(node, self.state.attempt[node]), self.now)
            self._take()

    def end(self, label: str, value: int = 0, kind: EndKind = EndKind.EXIT, seconds: float | None = None) -> None:
        """End the attempt of a node, after one second or after its timeout unless `seconds` are given."""
        node = self.graph.node(label)
        if seconds is None:
            timed_out = self.state.cause_of(node) is Cause.TIMEOUT
            seconds = 1.0 + (self.graph.task(node).timeout or 0.0) * timed_out
        self.traversal.handle(Ended(node, self.state.attempt[node], kind, value, seconds=seconds), self.now)
        self._take()

    def run(self, *labels: str, value: int = 0) -> None:
        """Let attempts begin and end."""
        for label in labels:
            self.start(label)
            self.end(label, value)

    def fail(self, *labels: str) -> None:
        self.run(*labels, value=1)

    def run_all(self) -> list[str]:
        """Let everything that can run succeed. Return what ran, in order."""
        ran: list[str] = []
        while self.traversal.submitted:
            node = next(iter(self.traversal.submitted))
            ran.append(self.graph.labels[node])
            self.run(ran[-1])
        return ran

    def tick(self, seconds: float) -> None:
        """Let time pass, and process due alarms."""
        self.now += seconds
        self.traversal.wake(self.now)
        self._take()

    def command(
        self, kind: CommandKind, *labels: str, jobs: int = 0, expected: frozenset[int] | None = None
    ) -> Preview:
        """Give a command."""
        nodes = tuple(self.graph.node(label) for label in labels)
        found = self.traversal.handle(Command(kind, nodes, jobs, expected), self.now)
        assert found is not None
        self._take()
        return found

    def answer(self, label: str, choice: str) -> Preview:
        """Answer a gate."""
        found = self.traversal.handle(answer([self.graph.node(label)], choice), self.now)
        assert found is not None
        self._take()
        return found

    def preview(self, kind: CommandKind, *labels: str) -> Preview:
        return self.traversal.preview(Command(kind, tuple(self.graph.node(label) for label in labels)))

    def bring(self, label: str, status: NodeStatus) -> None:
        """Bring a node without parents, or with parents named `p…`, to a status in a regular way."""
        parents = [self.graph.labels[parent] for parent in self.graph.parents(self.graph.node(label))]
        if status in {NodeStatus.WAITING, NodeStatus.READY}:
            if status is NodeStatus.READY:
                self.run(*parents)
            return
        if status is NodeStatus.FAILED_PARENT:
            self.fail(*parents)
            return
        if status is NodeStatus.SKIPPED:
            self.command(CommandKind.SKIP, label)
            return
        self.run(*parents)
        if status is NodeStatus.CANCELLED:
            self.command(CommandKind.CANCEL, label)
            self.withdrawn(label)
            return
        self.start(label)
        if status is NodeStatus.CANCELLING:
            self.command(CommandKind.CANCEL, label)
        elif status is NodeStatus.COMPLETED:
            self.end(label)
        elif status is NodeStatus.FAILED:
            self.end(label, 3)
        elif status is NodeStatus.RETRYING:
            self.end(label, 75)
