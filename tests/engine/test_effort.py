"""The engine's work, counted and not timed, is linear in nodes and edges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from engine.machine import STEERING, TARGETLESS
from support.long_forms import mostly_long
from support.scene import dag

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import RUN_AGAIN, Command, CommandKind, Ended, EndKind, Started
from dagtui.engine.rules.propagation import Propagation
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.traversal import Traversal
from dagtui.graph.model import Graph

WIDE = 16_000


class Effort:
    """Counts expensive calls."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: dict[str, int] = {}
        self._count(patch, Propagation, "propagate")
        self._count(patch, Propagation, "set")
        self._count(patch, Graph, "parents")
        self._count(patch, Graph, "children")

    def _count(self, patch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        original = getattr(owner, name)
        self.calls[name] = 0

        def counted(*args: object, **fields: object) -> object:
            self.calls[name] += 1
            return original(*args, **fields)

        patch.setattr(owner, name, counted)

    def take(self) -> dict[str, int]:
        taken = dict(self.calls)
        self.calls.update(dict.fromkeys(self.calls, 0))
        return taken


def fan_in(count: int, **task: object) -> Graph:
    return dag(" ".join(f"p{node}>last" for node in range(count)), last=dict(task))


def run(traversal: Traversal, value: int = 0) -> None:
    """Run all submitted attempts, one after another."""
    while traversal.submitted:
        node = next(iter(traversal.submitted))
        attempt = traversal.state.attempt[node]
        traversal.handle(Started(node, attempt), 0.0)
        traversal.handle(Ended(node, attempt, EndKind.EXIT, value), 0.0)
        traversal.take()


def test_a_fan_in_derives_once_an_edge(monkeypatch: pytest.MonkeyPatch):
    graph = fan_in(WIDE)
    effort = Effort(monkeypatch)
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    run(traversal)
    assert traversal.state.verdict() is Verdict.COMPLETED
    calls = effort.take()
    assert calls["propagate"] <= 2 * (WIDE + len(graph))
    assert calls["parents"] == 0


def test_a_fan_in_of_failures_looks_for_its_blocker_seldom(monkeypatch: pytest.MonkeyPatch):
    graph = fan_in(4000)
    effort = Effort(monkeypatch)
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    run(traversal, 1)
    assert effort.take()["parents"] <= 3
    traversal.handle(Command(CommandKind.RETRY_FAILED), 0.0)
    calls = effort.take()
    assert calls["parents"] <= 4 * len(graph)
    assert calls["propagate"] <= 6 * len(graph)


def test_a_blocked_fan_out_propagates_once_an_edge(monkeypatch: pytest.MonkeyPatch):
    graph = dag(" ".join(f"first>c{node}" for node in range(WIDE)))
    effort = Effort(monkeypatch)
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    run(traversal, 1)
    assert traversal.state.counts[NodeStatus.FAILED_PARENT] == WIDE
    assert effort.take()["propagate"] <= 2 * (WIDE + len(graph))


def layers(count: int, width: int) -> Graph:
    """Return a graph in which each node of a layer is a parent of each node of the next."""
    names = [[f"n{layer}.{place}" for place in range(width)] for layer in range(count)]
    return Graph.from_edges(
        [name for layer in names for name in layer],
        [(parent, child) for above, below in pairwise(names) for parent in above for child in below],
    )


def test_rerunning_layers_is_linear_in_their_edges(monkeypatch: pytest.MonkeyPatch):
    graph = layers(60, 8)
    edges = 59 * 64
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    run(traversal)
    effort = Effort(monkeypatch)
    traversal.handle(Command(CommandKind.RERUN, (0,)), 0.0)
    run(traversal)
    assert traversal.state.verdict() is Verdict.COMPLETED
    calls = effort.take()
    assert calls["propagate"] <= 6 * (edges + len(graph))
    assert calls["children"] <= 14 * len(graph)


def test_a_failure_in_layers_and_its_retry_are_linear_in_their_edges(monkeypatch: pytest.MonkeyPatch):
    graph = layers(60, 8)
    edges = 59 * 64
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    effort = Effort(monkeypatch)
    run(traversal, 1)
    assert traversal.state.counts[NodeStatus.FAILED_PARENT] == len(graph) - 8
    traversal.handle(Command(CommandKind.RETRY_FAILED), 0.0)
    assert effort.take()["propagate"] <= 6 * (edges + len(graph))


MANY = 1500


def fan_in_chain(trigger: str) -> Graph:
    """Return many parents of the first node of a long chain, which has the trigger."""
    ways = " ".join(f"p{node}>c0" for node in range(MANY))
    return dag(f"{ways} {'>'.join(f'c{node}' for node in range(MANY))}", c0={"trigger": trigger})


def begin(graph: Graph) -> Traversal:
    traversal = Traversal(graph, 8)
    traversal.begin(0.0)
    return traversal


def fail_all_above(traversal: Traversal) -> None:
    """Let everything except the chain fail."""
    labels = traversal.graph.labels
    while traversal.submitted:
        for node in list(traversal.submitted):
            attempt = traversal.state.attempt[node]
            traversal.handle(Started(node, attempt), 0.0)
            traversal.handle(Ended(node, attempt, EndKind.EXIT, int(labels[node][0] == "p")), 0.0)
        traversal.take()


@pytest.mark.parametrize("trigger", ["all_success", "all_done", "any_failed"])
def test_retrying_many_failures_above_one_long_way_is_linear(monkeypatch: pytest.MonkeyPatch, trigger: str):
    graph = fan_in_chain(trigger)
    traversal = begin(graph)
    fail_all_above(traversal)
    effort = Effort(monkeypatch)
    for _ in range(2):
        traversal.handle(Command(CommandKind.RETRY_FAILED), 0.0)
        fail_all_above(traversal)
    calls = effort.take()
    assert max(calls.values()) <= 30 * len(graph), calls
    assert traversal.state.counts[NodeStatus.FAILED] == MANY


@pytest.mark.parametrize("trigger", mostly_long(["all_success", "all_done"], ["all_done"]))
@pytest.mark.parametrize("after", ["nothing ran", "all failed", "all cancelled"])
@pytest.mark.parametrize("kind", [kind for kind in CommandKind if kind not in {*STEERING}], ids=lambda kind: kind.value)
def test_one_command_for_all_nodes_is_linear(
    monkeypatch: pytest.MonkeyPatch, kind: CommandKind, after: str, trigger: str
):
    traversal = begin(fan_in_chain(trigger))
    everything = tuple(range(len(traversal.graph)))
    if after == "all failed":
        fail_all_above(traversal)
    elif after == "all cancelled":
        traversal.handle(Command(CommandKind.CANCEL_ALL), 0.0)
    traversal.take()
    effort = Effort(monkeypatch)
    answer = traversal.handle(Command(kind, () if kind in TARGETLESS else everything), 0.0)
    calls = effort.take()
    assert max(calls.values()) <= 30 * len(everything), calls
    if answer is not None and answer.nothing is None:
        happened = [event for event in traversal.take()[0] if isinstance(event, NodeEvent)]
        # What a command stops is taken to have ended once, to say what begins then.
        foreseen = 0 if kind in RUN_AGAIN else len(answer.stopped)
        assert len(happened) <= calls["set"] <= len(happened) + foreseen, "it was rehearsed, and then done once more"
