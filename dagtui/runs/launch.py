"""Launch a run: a new one, or the last one again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.runs.beginning import Call, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.graph.model import Graph
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.runs.last_run import Resumption
    from dagtui.runs.session import Session


def start_run(
    graph: Graph,
    *,
    jobs: int | None = None,
    paused: bool = False,
    environment: Mapping[str, str] | None = None,
    listeners: Iterable[Callable[[Sequence[Event]], None]] = (),
    mirror: EventsCopy | None = None,
    supervisor: SupervisorLink | None = None,
) -> Session:
    """Create a run directory and start a run. Needs no event loop. Raises StoreError, and GraphError for secrets.

    `jobs` defaults to the graph's setting, then to the processors available to this process. `mirror` receives the
    journal's lines as well. A `supervisor` that was started early saves time.
    """
    return start(graph, Call(jobs, paused, environment, tuple(listeners), mirror, supervisor))


def resume_run(
    graph: Graph,
    *,
    jobs: int | None = None,
    paused: bool = False,
    environment: Mapping[str, str] | None = None,
    listeners: Iterable[Callable[[Sequence[Event]], None]] = (),
    mirror: EventsCopy | None = None,
    supervisor: SupervisorLink | None = None,
    resumption: Resumption | None = None,
) -> Session:
    """Resume a run of the graph in its directory, by default the last one. Otherwise like `start_run`.

    Raises NothingToResumeError if there is no such run or nothing left to do in it, StoreError also if it is live, and
    GraphError if the graph that it ran can't be read any more.
    """
    from dagtui.runs.restore import resume

    return resume(graph, Call(jobs, paused, environment, tuple(listeners), mirror, supervisor, resumption))
