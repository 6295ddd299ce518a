"""Random graphs, drawn by Hypothesis or by a random number generator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.oracle import FIXED_CONDITIONS, PARENT_CONDITIONS
from hypothesis import strategies as st
from support.gates import as_gate, with_gates

from dagtui.graph.gates import Gate
from dagtui.graph.model import NO_NODE, Graph, RetryPolicy, ShellCommand, Task, Trigger
from dagtui.graph.pools import Pool
from dagtui.graph.run_settings import RunSettings

if TYPE_CHECKING:
    import random

    from dagtui.graph.pools import Wants

TRIGGERS = [*[Trigger.ALL_SUCCESS] * 4, *Trigger]
POLICIES = [
    RetryPolicy(),
    RetryPolicy(),
    RetryPolicy(1, delay=0.0),
    RetryPolicy(2, delay=2.0, backoff=2.0, jitter=0.5),
    RetryPolicy(1, delay=2.0, exit_codes=(7, 143, "lost")),
]
TIMEOUTS = [None, None, 4.0]
LIMITS = [None, None, None, 12.0]
SLOTS = [1, 1, 1, 2, 3]
WANTS: list[Wants] = [(), *[(("gpu", 1),)] * 3, (("gpu", 2),), (("gpu", 2),), (("gpu", 1), ("mem", 5))]
ALLOWED = [False, False, False, True]
COUNTS = [2, 3, 4, 4, 5, 5, 6, 7, 8]
PARENTS = [0, 1, 1, 1, 2, 3]

tasks = st.builds(
    Task,
    name=st.just("task"),
    retry=st.sampled_from(POLICIES),
    timeout=st.sampled_from(TIMEOUTS),
    slots=st.sampled_from(SLOTS),
    trigger=st.sampled_from(TRIGGERS),
    allow_failure=st.sampled_from(ALLOWED),
)
GATES = [None] * 8 + [Gate("Go on?"), Gate("Which?", ("a", "b"))]
"""What nodes of some graphs ask."""


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Draw two to eight nodes, each with up to three of the earlier nodes as parents."""
    drawn = [_asking(draw(tasks), draw(st.sampled_from(GATES))) for _ in range(draw(st.sampled_from(COUNTS)))]
    edges = set()
    for child in range(1, len(drawn)):
        edges |= {(draw(st.integers(0, child - 1)), child) for _ in range(draw(st.sampled_from(PARENTS)))}
    graph = _graph(drawn, edges, keep_going=draw(st.booleans()), limit=draw(st.sampled_from(LIMITS)))
    return random_pools(graph, draw(st.randoms(use_true_random=False))) if draw(st.booleans()) else graph


def _asking(task: Task, gate: Gate | None) -> Task:
    return task if gate is None else as_gate(task, gate)


def random_gates(graph: Graph, source: random.Random) -> Graph:
    """Return the graph with about every third node made a gate."""
    chosen = {node: source.choice([gate for gate in GATES if gate]) for node in graph.nodes if source.random() < 0.35}
    return with_gates(graph, chosen)


def random_graph(source: random.Random) -> Graph:
    """Return such a graph without Hypothesis, and without gates."""
    drawn = [
        Task(
            "task",
            retry=source.choice(POLICIES),
            timeout=source.choice(TIMEOUTS),
            slots=source.choice(SLOTS),
            trigger=source.choice(TRIGGERS),
            allow_failure=source.choice(ALLOWED),
        )
        for _ in range(source.choice(COUNTS))
    ]
    edges = set()
    for child in range(1, len(drawn)):
        edges |= {(source.randrange(child), child) for _ in range(source.choice(PARENTS))}
    return _graph(drawn, edges, keep_going=source.random() < 0.5, limit=source.choice(LIMITS))


def with_conditions(graph: Graph, source: random.Random) -> Graph:
    """Return the graph with conditions of half of its tasks. Most of them read a parent."""
    tasks = list(graph.tasks)
    for node in range(len(graph)):
        if source.random() < 0.5:
            chosen = source.choice(graph.parents(node) or [NO_NODE])
            known = [text for text in PARENT_CONDITIONS if ".outputs." not in text or not graph.gate(chosen)]
            texts = [text.format(chosen) for text in known] * 2 if chosen != NO_NODE else []
            tasks[node] = replace(tasks[node], condition=source.choice([*FIXED_CONDITIONS, *texts]))
    graph.tasks = tasks
    return graph


def with_finally_nodes(graph: Graph, source: random.Random) -> Graph:
    """Return the graph with some finally nodes. What is below one is one, too."""
    last: set[int] = set()
    for node in graph.nodes:
        if source.random() < 0.25 or not last.isdisjoint(graph.parents(node)):
            last.add(node)
    graph.tasks = [replace(task, is_finally=node in last) for node, task in enumerate(graph.tasks)]
    graph.any_finally = bool(last)
    return graph


def _graph(drawn: list[Task], edges: set[tuple[int, int]], *, keep_going: bool, limit: float | None) -> Graph:
    labels = [f"n{node}" for node in range(len(drawn))]
    drawn = [_reading(task, node, edges) for node, task in enumerate(drawn)]
    return Graph(labels, sorted(edges), tasks=drawn, settings=RunSettings(keep_going=keep_going, timeout=limit))


def _reading(task: Task, node: int, edges: set[tuple[int, int]]) -> Task:
    """Let a node use an output of its first ancestor, unless that is a parent. Then every third does."""
    above = {node}
    for parent, child in sorted(edges, key=lambda edge: -edge[1]):
        if child in above:
            above.add(parent)
    first = min(above)
    is_gate = isinstance(task.action, Gate)
    if is_gate or first == node or ((first, node) in edges and node % 3):
        return task
    return replace(task, action=ShellCommand(f"echo {{{{ needs.n{first}.outputs.answer or 0 }}}}"))


def random_pools(graph: Graph, source: random.Random) -> Graph:
    """Return the graph with nodes that want pools."""
    graph.tasks = [replace(task, pools=source.choice(WANTS)) for task in graph.tasks]
    graph.pools = (Pool("gpu", 2), Pool("mem", 8, 1000))
    return graph
