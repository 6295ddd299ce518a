"""The expected rest of a run, and the chain of nodes that decides how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remote_scene import with_executors
from support.scene import Scene, dag
from tui.graph.samples import graphs

from dagtui.engine.walks import critical_path_lengths
from dagtui.runs.expected_times import ExpectedTimes, expected_times

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

SECONDS = {"a": 10.0, "b": 20.0, "c": 4.0, "d": 1.0}


def expected(scene: Scene, *, known: bool = True) -> ExpectedTimes:
    weights = [SECONDS[label] for label in scene.graph.labels]
    order = critical_path_lengths(scene.graph, weights)
    return expected_times(scene.graph, scene.state, weights if known else None, scene.now, order)


def spans(scene: Scene) -> dict[str, tuple[float, float]]:
    return {scene.graph.labels[node]: span for node, span in expected(scene).spans.items()}


def chain(scene: Scene, *, known: bool = True) -> list[str]:
    return [scene.graph.labels[node] for node in expected(scene, known=known).chain]


def ends(scene: Scene, *labels: str, value: int = 0) -> None:
    """Each ends some time after the one before."""
    for label in labels:
        scene.start(label)
        scene.now += 3.0
        scene.end(label, value)


def test_what_is_ready_waits_for_a_slot_in_the_order_of_the_run() -> None:
    scene = Scene(dag("a b>c d"), jobs=1)
    assert spans(scene) == {"b": (0.0, 20.0), "a": (20.0, 30.0), "c": (30.0, 34.0), "d": (34.0, 35.0)}


def test_a_node_that_wants_much_lets_others_pass() -> None:
    scene = Scene(dag("a c d", a={"slots": 2}, c={"slots": 2}), jobs=3)
    assert spans(scene) == {"a": (0.0, 10.0), "c": (10.0, 14.0), "d": (0.0, 1.0)}


def test_each_executor_has_its_own_slots() -> None:
    far = {"executor": "cluster"}
    scene = Scene(with_executors(dag("a b>c d", b=far, c=far, d=far), jobs=1), jobs=1)
    assert spans(scene) == {"a": (0.0, 10.0), "b": (0.0, 20.0), "c": (20.0, 24.0), "d": (24.0, 25.0)}


def test_what_runs_ends_at_its_usual_time_or_now() -> None:
    scene = Scene(dag("a>b c"))
    scene.start("a")
    scene.start("c")
    scene.now += 7.0
    assert spans(scene) == {"a": (0.0, 10.0), "c": (0.0, 7.0), "b": (10.0, 30.0)}


def test_what_runs_only_after_failures_is_not_expected() -> None:
    assert set(spans(Scene(dag("a>d c", d={"trigger": "any_failed"})))) == {"a", "c"}


def test_finally_nodes_come_last() -> None:
    assert spans(Scene(dag("a>b c", c={"is_finally": True})))["c"] == (30.0, 34.0)


def test_the_chain_leads_to_the_last_end() -> None:
    scene = Scene(dag("a>b c>b d"))
    assert chain(scene) == ["a", "b"]
    ends(scene, "a", "c")
    assert chain(scene) == ["c", "b"]  # it ended later
    ends(scene, "b", "d")
    assert chain(scene) == ["d"]


def test_without_history_the_chain_is_known_at_the_end() -> None:
    scene = Scene(dag("a>b"))
    ends(scene, "a")
    assert chain(scene, known=False) == []
    ends(scene, "b")
    assert chain(scene, known=False) == ["a", "b"]


def test_a_chain_leads_through_blocked_nodes_to_what_failed() -> None:
    scene = Scene(dag("a>b>c>d", d={"trigger": "all_done"}))
    ends(scene, "a")
    ends(scene, "b", value=1)
    ends(scene, "d")
    assert chain(scene) == ["a", "b", "d"]


@given(graph=graphs(), jobs=st.integers(1, 4), data=st.data())
def test_parents_come_first_and_slots_are_enough(graph: Graph, jobs: int, data: st.DataObject) -> None:
    weights = [data.draw(st.floats(0.1, 9.0)) for _ in graph.nodes]
    scene = Scene(graph, jobs)
    found = expected_times(graph, scene.state, weights, 0.0, critical_path_lengths(graph, weights)).spans
    assert set(found) == set(graph.nodes)
    for node, (start, end) in found.items():
        assert end == pytest.approx(start + weights[node])
        assert all(found[parent][1] <= start for parent in graph.parents(node))
        assert sum(begun <= start < over for begun, over in found.values()) <= jobs
