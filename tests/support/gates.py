"""Gates of tests: their questions, and some nodes of a graph made gates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagtui.engine.messages import Answer, Command, CommandKind, Question
from dagtui.graph.model import Graph, RetryPolicy
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.graph.gates import Gate
    from dagtui.graph.model import Task

NOON = WallTime(1_800_000_000.0)
CANNOT_BE_ASKED = "?"
"""The question of a gate that can't be asked."""


def questions(graph: Graph) -> Callable[[int], Question]:
    """What gates ask, as it is written."""

    def question(node: int) -> Question:
        gate = graph.gate(node)
        assert gate is not None
        return Question("", "no value") if gate.question == CANNOT_BE_ASKED else Question(gate.question)

    return question


def as_gate(task: Task, gate: Gate) -> Task:
    """A task as a gate, as the reader makes it: without what is for attempts."""
    return replace(task, action=gate, retry=RetryPolicy(), timeout=None, slots=1)


def with_gates(graph: Graph, gates: dict[int, Gate]) -> Graph:
    """The graph with some nodes made gates."""
    tasks = [as_gate(task, gates[node]) if node in gates else task for node, task in enumerate(graph.tasks)]
    edges = [(parent, child) for parent in graph.nodes for child in graph.children(parent)]
    return Graph(graph.labels, edges, tasks=tasks, settings=graph.settings)


def answer(nodes: Iterable[int], choice: str, user: str = "anna") -> Command:
    """The command that answers gates."""
    return Command(CommandKind.ANSWER, tuple(nodes), answer=Answer(choice, user, NOON))
