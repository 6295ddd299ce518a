"""Samples of what nodes on the screen use: as often as once a second, and never too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.scene import Scene, dag

from dagtui.engine.messages import Usage
from dagtui.runs.live_figures import MOST_SAMPLES, LiveFigures, UsageSample, rates, thinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dagtui.runs.live_figures import Key


class Meter:
    """Each look finds one more second of a processor."""

    def __init__(self) -> None:
        self.asked: list[list[Key]] = []

    def measuring(self, attempts: Sequence[Key]) -> Callable[[], Mapping[Key, Usage]] | None:
        self.asked.append(list(attempts))
        return lambda: {key: Usage(float(len(self.asked)), 5_000_000 * len(self.asked), 0, 0) for key in attempts}


class Nothing:
    """A system that tells nothing."""

    def measuring(self, _attempts: Sequence[Key]) -> None:
        return None


class Looked:
    """A run whose clock stands where the test puts it, and whose logs lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(dag("a b c"), 4)
        self.state = self.scene.state
        self.now = 0.0
        self.folder = folder

    def clock(self) -> float:
        return self.now

    def log_path(self, node: int, attempt: int) -> Path:
        return self.folder / f"{node}.{attempt}.log"


@pytest.fixture
def run(tmp_path: Path) -> Looked:
    return Looked(tmp_path)


def look(figures: LiveFigures, *nodes: int, output: bool = False) -> bool:
    question = figures.question(nodes, output=output)
    if question is None:
        return False
    figures.take(question())
    return True


def test_only_nodes_in_flight_are_looked_at_once_a_second(run: Looked):
    meter = Meter()
    figures = LiveFigures(run, meter)
    run.scene.start("a")
    assert look(figures, 0, 1)
    run.now = 0.5
    assert not look(figures, 0, 1)
    run.now = 1.0
    assert look(figures, 0)
    assert meter.asked == [[(0, 1)], [(0, 1)]]
    assert [sample.usage.cpu for sample in figures.samples(0)] == [1.0, 2.0]
    assert [rate.cpu for rate in rates(figures.samples(0))] == [1.0]
    assert not figures.samples(1)


def test_lines_are_those_that_were_printed_in_between(run: Looked):
    figures = LiveFigures(run, Meter())
    run.scene.start("a")
    path = run.log_path(0, 1)
    path.write_text("old\n" * 7)
    for printed in ("", "new\n" * 3, "new\n" * 5 + "more"):
        with path.open("a") as file:
            file.write(printed)
        look(figures, 0, output=True)
        run.now += 1.0
    assert [rate.lines for rate in rates(figures.samples(0))] == [3.0, 5.0]


def test_where_nothing_is_told_it_is_asked_once(run: Looked):
    figures = LiveFigures(run, Nothing())
    run.scene.start("a")
    assert not look(figures, 0)
    assert not figures.tells
    assert not look(figures, 0)


def test_long_attempts_keep_fewer_samples_and_their_peak(run: Looked):
    samples = [UsageSample(float(at), Usage(float(at), 9 if at == 4 else 1, 0, 0), at) for at in range(11)]
    found = thinned(samples)
    assert [sample.at for sample in found] == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert max(sample.usage.memory for sample in found) == 9
    assert all(rate.cpu == 1.0 for rate in rates(found))
    figures = LiveFigures(run, Meter())
    run.scene.start("a")
    for _ in range(2 * MOST_SAMPLES):
        look(figures, 0)
        run.now += 1.0
    assert MOST_SAMPLES / 2 <= len(figures.samples(0)) <= MOST_SAMPLES
