"""A reload as a step of the state machine: a random new graph, and what the model makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine import oracle
from engine.random_graphs import ALLOWED, GATES, POLICIES, SLOTS, TIMEOUTS, TRIGGERS
from engine.run_model import ALIVE, RunModel
from support.gates import as_gate, questions
from support.scene import conditions_of

from dagtui.engine import reloading
from dagtui.engine.event_records import parse
from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import NO_ATTEMPT
from dagtui.engine.renumbering import Renumbering
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.gates import Gate
from dagtui.graph.leftovers import leftover, with_leftovers
from dagtui.graph.model import Graph, ShellCommand, Task

if TYPE_CHECKING:
    import random

PARTS = ("run",)


@dataclass
class NewGraph:
    """A graph that a person made of another one."""

    graph: Graph
    changed: set[str]
    """Nodes of both whose definition is another one."""
    added: set[str]
    removed: set[str]


def _acyclic(graph: Graph, labels: list[str], source: random.Random) -> dict[str, set[str]]:
    """Return parents by label: most of those that nodes had, and some others."""
    old = [label for label in (graph.labels[node] for node in graph.order) if label in labels]
    for label in labels:
        if label not in old:
            old.insert(source.randrange(len(old) + 1), label)
    place = {label: number for number, label in enumerate(old)}
    parents: dict[str, set[str]] = {}
    for label in labels:
        node = graph.find(label)
        had = {graph.labels[parent] for parent in graph.parents(node)} if node is not None else set()
        kept = {parent for parent in had if parent in place and source.random() < 0.9}
        before = [other for other in labels if place[other] < place[label]]
        if before and source.random() < (0.7 if node is None else 0.15):
            kept.add(source.choice(before))
        parents[label] = kept
    return parents


def _task(old: Task | None, source: random.Random, *, held: bool, is_finally: bool) -> Task:
    """Return the task of a node in the new graph. What an attempt in flight takes stays the same."""
    if old is not None and source.random() < 0.6:
        return old
    task = Task(
        "task",
        retry=source.choice(POLICIES),
        timeout=source.choice(TIMEOUTS),
        slots=source.choice(SLOTS) if old is None else old.slots,
        pools=() if old is None else old.pools,
        trigger=source.choice(TRIGGERS),
        allow_failure=source.choice(ALLOWED),
        is_finally=is_finally,
    )
    if old is None:
        gate = source.choice(GATES)
        return task if gate is None else as_gate(task, gate)
    task = replace(task, action=old.action, condition=old.condition)
    return as_gate(task, old.action) if isinstance(old.action, Gate) and not held else task


def new_graph(graph: Graph, held: set[str], source: random.Random, number: int) -> NewGraph:
    """Return a graph in which some nodes are gone, some are new, and some are changed, in another order."""
    present = [label for label in graph.labels if label not in held or source.random() < 0.8]
    kept = [label for label in present if source.random() < 0.85] or present[:1]
    added = [f"n{number + other}" for other in range(source.choice([0, 0, 1, 2]) if kept else 1)]
    labels = [*kept, *added]
    source.shuffle(labels)
    parents = _acyclic(graph, labels, source)
    tasks: dict[str, Task] = {}
    for label in sorted(labels, key=lambda label: _depth(parents, label)):
        old = graph.find(label)
        task = None if old is None else graph.task(old)
        last = any(tasks[parent].is_finally for parent in parents[label])
        is_finally = last or (task is not None and task.is_finally)
        made = _task(task, source, held=label in held, is_finally=is_finally)
        tasks[label] = _with_known_names(replace(made, is_finally=is_finally), label, parents)
    number_of = {label: node for node, label in enumerate(labels)}
    edges = sorted((number_of[parent], number_of[label]) for label in labels for parent in parents[label])
    found = Graph(labels, edges, tasks=[tasks[label] for label in labels], settings=graph.settings)
    found.pools = graph.pools
    changed = {label for label in kept if source.random() < 0.3 or _is_other(graph, found, label)}
    return NewGraph(found, changed, set(added), set(graph.labels) - set(labels))


def _depth(parents: dict[str, set[str]], label: str) -> int:
    return 1 + max((_depth(parents, parent) for parent in parents[label]), default=0)


def _with_known_names(task: Task, label: str, parents: dict[str, set[str]]) -> Task:
    """Return the task without a condition or command that names what is no longer above it."""
    above, queue = set(), [label]
    while queue:
        for parent in parents[queue.pop()] - above:
            above.add(parent)
            queue.append(parent)
    if "needs." in task.condition and not any(f"needs.{name}." in task.condition for name in parents[label]):
        task = replace(task, condition="")
    if isinstance(task.action, ShellCommand) and not any(f"needs.{name}." in task.action.text for name in above):
        task = replace(task, action=None)
    return task


def _is_other(old: Graph, new: Graph, label: str) -> bool:
    one, other = old.node(label), new.node(label)
    names = ({graph.labels[parent] for parent in graph.parents(node)} for graph, node in ((old, one), (new, other)))
    return len(set(map(frozenset, names))) > 1


class ReloadStep(RunModel):
    """Reloads the graph of the traversal, and lets the model follow it."""

    texts: list[str]
    """The journal's lines."""
    reloads: int
    jobs: int
    """The slots at the start."""

    def reload_graph(self, source: random.Random) -> None:
        """Take up a random new graph, as a live run does it."""
        self.withdraw_all()
        old, labels = self.graph, self.graph.labels
        held = {labels[node] for node in self.traversal.capacity.held}
        found = new_graph(old, held, source, 100 * (self.reloads + 1))
        self.reloads += 1
        leaving = sorted(old.node(label) for label in found.removed & held)
        tasks = [leftover(old.task(node), labels[node], "true", {pool.name for pool in old.pools}) for node in leaving]
        graph = with_leftovers(found.graph, tasks, {})
        done = self.done_nodes()
        before = {label: self.state.status_of(node) for node, label in enumerate(labels)}
        renumbering = Renumbering(old, graph)
        traversal = reloading.carried_traversal(self.traversal, graph, None, renumbering)
        traversal.question, traversal.conditions = questions(graph), conditions_of(graph)
        targets = self.targets_of(graph, found, source)
        self.renumber(graph, renumbering)
        inside = set(self.nodes) if targets is None else set(targets).union(*(self.above[node] for node in targets))
        self.outside = set(self.nodes) - inside
        self.held -= self.outside.union(graph.node(task.name) for task in tasks)
        self.expect_reload(found, before)
        self.traversal = traversal
        self.state = traversal.state
        changes = reloading.Changes(
            {graph.node(label): PARTS for label in found.changed},
            {graph.node(label): NO_ATTEMPT for label in found.added},
            sorted(found.removed),
            [graph.node(task.name) for task in tasks],
        )
        self.in_command = True
        self.left_before = self.limit_left()  # a run whose time is over is ended when the reload wakes it
        reloading.reload(traversal, changes, self.now, "reloaded", 0, targets)
        self.tries.update({e.node: 0 for e in traversal.events if isinstance(e, NodeEvent) and e.fresh})
        self.check_done(done)
        self.conclude()
        self.in_command = False

    def withdraw_all(self) -> None:
        reloading.withdraw_rest(self.traversal, ())
        self.conclude(filled=False)
        while self.traversal.submitted:
            self.executor.read(99)
            self.deliver(99)
        while not self.executor.quiet:
            self.executor.read(99)
            self.deliver(99)

    def done_nodes(self) -> set[str]:
        return {self.graph.labels[node] for node in self.state.nodes_with(NodeStatus.COMPLETED)}

    def check_done(self, done: set[str]) -> None:
        """Check that only followers and finally nodes run again."""
        for label in done:
            node = self.graph.find(label)
            if node is None or self.state.status_of(node) is NodeStatus.COMPLETED:
                continue
            assert oracle.follows(self.graph, node) or node in self.last, f"{label} was done, and runs again"
            self.succeeded.discard(node)

    def targets_of(self, graph: Graph, found: NewGraph, source: random.Random) -> tuple[int, ...] | None:
        """Return what is part of the run from now on: what was, and some of what is new. None: all."""
        if not self.state.has_targets and source.random() < 0.8:
            return None
        inside = {self.graph.labels[node] for node in set(self.nodes) - self.outside}
        inside |= {label for label in found.added if source.random() < 0.5}
        return tuple(node for node in graph.nodes if graph.labels[node] in inside)

    def renumber(self, graph: Graph, renumbering: Renumbering) -> None:
        """Give the nodes of model and executor their new numbers."""
        number_of = renumbering.number_of
        for name in ("stop_deadline", "outside", "known_alive", "no_retry", "restarted", "outdated", "stale", "held"):
            setattr(self, name, renumbering.nodes(getattr(self, name)))
        self.succeeded = renumbering.nodes(self.succeeded)
        self.tries, self.marks = renumbering.keys(self.tries), renumbering.keys(self.marks)
        self.open = {number_of[node]: start._replace(node=number_of[node]) for node, start in self.open.items()}
        self.fail_fast = {number: number_of[node] if node >= 0 else -1 for number, node in self.fail_fast.items()}
        self.delivered = [
            result._replace(node=number_of[result.node]) for result in self.delivered if number_of[result.node] >= 0
        ]
        self.passed_over, self.kept = {}, []
        executor = self.executor
        executor.alive = renumbering.keys(executor.alive)
        executor.executed = renumbering.keys(executor.executed)
        self.take_graph(graph)
        self.mirror = RunState(graph, self.jobs)
        self.read_again()

    def take_graph(self, graph: Graph) -> None:
        """Note what the model knows of the graph."""
        self.graph = graph
        self.nodes = range(len(graph))
        self.last = {node for node in self.nodes if graph.task(node).is_finally}
        self.below = [oracle.descendants(graph, node) for node in self.nodes]
        order = sorted(self.nodes, key=lambda node: (-oracle.longest_path(graph, node), node))
        self.ranks = {node: rank for rank, node in enumerate(order)}
        self.above = [oracle.ancestors(graph, node) for node in self.nodes]

    def read_again(self) -> None:
        """Replay the journal for the graph."""
        self.records = [event for text in self.texts if (event := parse(json.loads(text), self.graph)) is not None]
        self.mirror.replay(self.records)

    def expect_reload(self, found: NewGraph, before: dict[str, NodeStatus]) -> None:
        """Expect what becomes stale, and which marks are lifted and set."""
        graph, state = self.graph, self.mirror
        for label in found.changed:
            node = graph.node(label)
            marked = state.cause_of(node) is Cause.MARKED
            if before[label] in ALIVE or (before[label] is NodeStatus.COMPLETED and not marked):
                for other in {node} | self.below[node]:
                    if state.status_of(other) is NodeStatus.COMPLETED and state.cause_of(other) is not Cause.MARKED:
                        self.stale.add(other)
                    elif state.status_of(other) in ALIVE:
                        self.outdated.add(other)
        gone = {number for number, node in self.fail_fast.items() if node < 0}
        leaving = {node for node in self.nodes if graph.labels[node] in found.removed}
        for node in set(self.marks) - leaving:
            self.marks[node] -= gone
        self.marks = {node: numbers for node, numbers in self.marks.items() if numbers}
        if self.stopped_by in gone:
            self.stopped_by = 0
            self.no_retry.clear()
        self.fail_fast = {number: node for number, node in self.fail_fast.items() if node >= 0}
        for node in {graph.node(label) for label in found.added} - self.outside - self.last:
            if self.stopped_by and graph.task(node).trigger not in oracle.RUN_ANYWAY:
                self.marks[node] = {self.stopped_by}
