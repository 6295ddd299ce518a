"""The range in which a run ends in most cases: wide where little is known, and around the estimate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scene import Scene, dag
from tui.graph.samples import graphs

from dagtui.runs.estimates import expected
from dagtui.runs.forecast import Forecast
from dagtui.store.history import History
from dagtui.text.amounts import time_range

if TYPE_CHECKING:
    from dagtui.graph.model import Graph
    from dagtui.runs.eta_range import EtaRange


def learned(graph: Graph, successes: dict[str, list[float]]) -> Forecast:
    history = History(Path("nowhere"), {}, {})
    for run in range(max(map(len, successes.values()), default=0)):
        for label, seconds in successes.items():
            if run < len(seconds):
                history.record(label, "", seconds[run])
                history.expect(label, "", *expected(seconds[: run + 1]))
        history.end_run()
    return Forecast(graph, history)


def eta(ways: str, successes: dict[str, list[float]], jobs: int = 4) -> EtaRange:
    scene = Scene(dag(ways), jobs)
    found = learned(scene.graph, successes).eta_range(scene.state, 0.0)
    assert found is not None
    return found


@pytest.mark.parametrize("jobs", [1, 3])
@given(graph=graphs(), data=st.data())
def test_the_estimate_is_within_its_range(graph: Graph, jobs: int, data: st.DataObject) -> None:
    times = st.lists(st.floats(0.1, 100.0), max_size=4)
    forecast = learned(graph, {label: data.draw(times) for label in graph.labels})
    state = Scene(graph, jobs).state
    left, found = forecast.remaining(state, 0.0), forecast.eta_range(state, 0.0)
    assert (left is None) == (found is None)
    if left is not None and found is not None:
        assert 0 <= found.low <= left[0] * (1 + 1e-9)
        assert left[0] <= found.high * (1 + 1e-9)


def test_each_run_that_took_as_long_makes_it_narrower() -> None:
    ranges = [eta("a>b", {"a": [10.0] * runs, "b": [10.0] * runs}) for runs in (1, 3, 20)]
    widths = [found.high - found.low for found in ranges]
    assert widths[0] > 15 > widths[1] > 5 > widths[2]
    assert [found.basis for found in ranges] == ["from 1 run", "from 3 runs", "from 20 runs"]


def test_runs_that_differ_keep_it_wide() -> None:
    found = eta("a", {"a": [10.0, 30.0] * 10})
    assert found.high - found.low > 20


def test_nodes_that_vary_together_keep_it_wider() -> None:
    slow, fast = [10.0, 14.0] * 10, [14.0, 10.0] * 10
    apart = eta("a>b>c>d", {"a": slow, "b": fast, "c": slow, "d": fast})
    together = eta("a>b>c>d", {"a": slow, "b": slow, "c": slow, "d": slow})
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_it_rests_on_the_node_of_its_path_that_is_known_least() -> None:
    assert eta("a>b", {"a": [9.0] * 3, "b": [9.0]}).runs == 1
    assert eta("a>b", {"a": [9.0] * 3}).basis == "partly guessed"
    assert eta("a>b c", {"a": [9.0] * 3, "b": [9.0] * 3, "c": [1.0]}).runs == 3


def test_a_chain_and_a_single_slot_leave_no_doubt_about_waits() -> None:
    known = {label: [10.0] * 60 for label in "abc"}
    for ways, jobs in (("a>b>c", 4), ("a b c", 1)):
        found = eta(ways, known, jobs)
        assert (found.low, found.high) == (pytest.approx(30.0, abs=0.1), pytest.approx(30.0, abs=0.1))
    assert eta("a b c", known, 2).high == pytest.approx(17.5, abs=0.1)  # it will be 20


def test_time_passes() -> None:
    scene = Scene(dag("a"))
    forecast = learned(scene.graph, {"a": [10.0] * 60})
    scene.start("a")
    forecast.eta_range(scene.state, 0.0)
    found = forecast.eta_range(scene.state, 0.25)
    assert found is not None
    assert found.high == pytest.approx(9.75, abs=0.1)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.2, 0.4, "0 s"),
        (11.6, 20.3, "12–20 s"),
        (50.0, 99.0, "50–99 s"),
        (59.0, 250.0, "1–4 m"),
        (3000.0, 7000.0, "1–2 h"),
        (100.0, 110.0, "1 m 50 s"),
        (3600.0 * 50, 3600.0 * 100, "2–4 d"),
    ],
)
def test_both_ends_have_one_unit(low: float, high: float, words: str) -> None:
    assert time_range(low, high) == words
