"""A live run whose processes a test plays: it takes commands, and writes nothing to the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from support.adopted_traversal import adopted_traversal
from support.played_executor import PlayedExecutor

from dagtui.engine.run import Run
from dagtui.graph.expressions.as_run import UnknownEnvironment
from dagtui.runs.forecast import Forecast
from dagtui.runs.live import LiveRun
from dagtui.runs.node_environment import NoNodeEnvironmentError
from dagtui.runs.view import WallTimes
from dagtui.store.directory import RunDirectory
from dagtui.store.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.text.secrets import Secrets

BEGAN = 1_700_000_000.0
"""When the runs began, as wall time."""
NOWHERE = Path("/nonexistent")


class SilentExecutor(PlayedExecutor):
    """Keeps all requests. The test posts the results to the run itself."""

    def flush(self) -> None:
        pass

    def surroundings(self, _node: int, _attempt: int) -> None:
        raise NoNodeEnvironmentError("nothing is executed here")


class UnwrittenJournal:
    """Forgets the events."""

    def write(self, events: Iterable[Event]) -> None:
        pass

    def sync(self) -> None:
        pass


class AdoptedRun(LiveRun):
    """A live run without files and processes of its own."""

    def __init__(
        self,
        run: Run,
        path: Path = NOWHERE,
        *,
        number: int = 1,
        environment: Mapping[str, str] | None = None,
        secrets: Secrets | None = None,
    ) -> None:
        directory, history = RunDirectory(NOWHERE / str(number)), History(NOWHERE / "history.json", {}, {})
        known = UnknownEnvironment() if environment is None else environment
        super().__init__(run, Forecast(run.state.graph, None), directory, history, SilentExecutor(), known, secrets)
        self.path = path
        self.monitor = Unmonitored()

    async def close(self, why: str = "") -> None:
        await self.run.close(why)


class Unmonitored:
    """There are no files to check."""

    def look(self) -> None:
        pass

    async def watch(self) -> None:
        await anyio.sleep_forever()


def adopted_run(
    graph: Graph,
    events: Iterable[Event],
    now: float,
    path: Path = NOWHERE,
    *,
    jobs: int = 4,
    began_at: float = BEGAN,
    **options: object,
) -> AdoptedRun:
    """A run that goes on from recorded events, attempts in flight included, on a clock that stands still."""
    events = list(events)
    run = Run(
        adopted_traversal(graph, jobs, events, now), SilentExecutor(), UnwrittenJournal(), clock=lambda: now, origin=0.0
    )
    adopted = AdoptedRun(run, path, **options)
    adopted.wall_times = WallTimes(began_at)
    adopted.attempts.learn(events)
    return adopted
