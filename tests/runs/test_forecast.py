"""How long a command and the rest of a run would take, by history, order and slots."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.remote_scene import with_executors
from support.scene import Scene, dag

from dagtui.graph.gates import Gate
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History

SECONDS = {"a": 10.0, "b": 20.0, "c": 4.0, "d": 1.0}


def forecast(scene: Scene) -> Forecast:
    return Forecast(scene.graph, History(Path("nowhere"), dict(SECONDS), dict.fromkeys(SECONDS, "")))


@pytest.mark.parametrize(
    ("ways", "slots", "jobs", "wanted"),
    [
        ("a>b>c d", 1, 9, 34.0),  # the longest way
        ("a b c d", 1, 9, 20.0),
        ("a b c d", 1, 1, 35.0),  # one after the other
        ("a b c d", 1, 2, 20.0),
        ("a>b c d", 1, 1, 35.0),
        ("a b c d", 2, 2, 35.0),  # each takes all slots
        ("a b c d", 9, 2, 35.0),  # and no more than all
        ("a b c d", 2, 4, 20.0),
    ],
)
def test_what_runs_takes_its_longest_way_or_its_work_by_slots(ways: str, slots: int, jobs: int, wanted: float) -> None:
    scene = Scene(dag(ways, **{label: {"slots": slots} for label in SECONDS}), jobs)
    found = forecast(scene)
    assert found.seconds_for(range(4), jobs) == pytest.approx(wanted)
    left = found.remaining(scene.state, 0.0)
    assert left is not None
    assert left[0] == pytest.approx(wanted)


def test_only_what_would_run_counts() -> None:
    scene = Scene(dag("a>b>c>d"))
    found = forecast(scene)
    assert found.seconds_for([], 4) == 0.0
    assert found.seconds_for([0, 2], 4) == pytest.approx(10.0)


def test_what_remains_is_less_what_ran_already() -> None:
    scene = Scene(dag("a>b>c>d"))
    scene.run("a")
    scene.start("b")
    scene.now = 15.0
    left = forecast(scene).remaining(scene.state, scene.now)
    assert left == (pytest.approx(10.0), scene.graph.node("b"))


def test_the_answers_that_are_still_wanted_are_counted() -> None:
    gate = {"action": Gate("Go on?")}
    scene = Scene(dag("a>b>c d", b=gate, d=gate), targets=("c",))
    found = forecast(scene)
    assert (found.remaining(scene.state, 0.0), found.answers_left(scene.state)) == ((14.0, scene.graph.node("a")), 1)
    scene.run("a")
    scene.answer("b", "approve")
    assert found.answers_left(scene.state) == 0


def test_without_history_nothing_is_said() -> None:
    scene = Scene(dag("a>b"))
    found = Forecast(scene.graph, None)
    assert found.seconds_for([0, 1], 4) is None
    assert found.remaining(scene.state, 0.0) is None


@pytest.mark.parametrize(("jobs", "wanted"), [(1, 35.0), (2, 20.0), (None, 20.0)])
def test_what_runs_elsewhere_takes_its_work_by_the_slots_there(jobs: int | None, wanted: float) -> None:
    scene = Scene(with_executors(dag("a b c d", **{label: {"executor": "cluster"} for label in SECONDS}), jobs), jobs=1)
    found = forecast(scene)
    assert found.seconds_for(range(4), 1) == pytest.approx(wanted)
    left = found.remaining(scene.state, 0.0)
    assert left is not None
    assert left[0] == pytest.approx(wanted)
