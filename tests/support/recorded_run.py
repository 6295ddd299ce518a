"""A run as recorded events left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.state import RunState
from dagtui.runs.forecast import Forecast
from dagtui.runs.view import RunView, WallTimes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph


class RecordedRun(RunView):
    """A view on a clock that stands still, with the state after some events."""

    def __init__(
        self, graph: Graph, events: Sequence[Event], now: float, path: Path, *, number: int = 1, began_at: float = 0.0
    ) -> None:
        """Replay events for a clock that reads `now`. `began_at` is the wall time at which it read 0."""
        super().__init__(RunState(graph), Forecast(graph, None), path, number)
        self.wall_times = WallTimes(began_at)
        self._now = now
        self.state.replay(events)
        self.attempts.learn(events)

    def clock(self) -> float:
        """Return the time at which the clock stands."""
        return self._now
