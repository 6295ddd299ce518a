"""What a run that ends teaches the estimates of the next one: how long nodes usually take, by the last runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.runs.usual import pace_of
from dagtui.store.history import GUESSED, History, Spread
from dagtui.store.run_figures import read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagtui.graph.model import Graph
    from dagtui.store.run_figures import RunFigures
    from dagtui.text.amounts import Seconds

_MEAN: Final = 0.62
"""The mean deviation as a share of the spread, of times that are distributed normally."""
_FORGOTTEN: Final = 0.7
"""The share of what is guessed of the deviation that each success leaves."""


def teach(graph_path: Path, number: int, graph: Graph) -> None:
    """Let the saved history expect of each node what it usually takes, if it succeeded in the run with that number.

    The run has left its figures. With a hundred thousand nodes and fifty runs, this takes seconds.
    """
    past = read_runs(graph_path)
    if len(past) < 2 or past[-1].number != number:  # a single run has told all, or its figures could not be written
        return
    history = History.load(graph_path)  # one of its own: that of the run is shown meanwhile
    groups = {graph.labels[node]: graph.task(node).group for node in graph.nodes}
    for name, seconds in successes(past):
        if len(seconds) > 1 or not history.knows(name):  # else it is recorded, or an older dagtui knew more
            history.expect(name, groups.get(name, ""), *expected(seconds))
    history.save()


def successes(past: Sequence[RunFigures]) -> Iterator[tuple[str, Sequence[Seconds]]]:
    """Yield nodes that succeeded in the last of some runs, with the seconds of all their successes, oldest first."""
    done, last = int(NodeStatus.COMPLETED), past[-1]
    columns = [(run.names.places, run.outcomes, run.attempts, run.seconds) for run in past]
    for name, outcome, attempts in zip(last.names.labels, last.outcomes, last.attempts, strict=True):
        if outcome != done or not attempts:
            continue
        found: list[Seconds] = []
        for places, outcomes, executed, seconds in columns:
            place = places.get(name)
            if place is not None and outcomes[place] == done and executed[place]:
                found.append(seconds[place])
        yield name, found


def expected(seconds: Sequence[Seconds]) -> tuple[Seconds, Spread]:
    """Return what is expected of a node by the seconds of its successes, and how far off that will be.

    Few successes are nearer to each other than the next one is to them, so a guess counts beside them.
    """
    pace = pace_of(seconds)
    guess = _FORGOTTEN ** (pace.rests_on - 1)
    deviation = guess * GUESSED * pace.seconds + (1 - guess) * _MEAN * pace.spread
    return pace.seconds, Spread(deviation, pace.rests_on)
