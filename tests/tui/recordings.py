"""Runs from a recorded run of the demo, at the moments that pictures show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.adopted_run import AdoptedRun, adopted_run
from support.journals import read_journal

from dagtui.engine.event_records import parse
from dagtui.engine.events import Event, NodeEvent, RunEvent
from dagtui.engine.walks import reach
from dagtui.graph.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dagtui.graph.model import Graph

FOLDER = Path(__file__).parent / "snapshots" / "demo"
BEGAN_AT = 1_795_000_000.0

MOMENTS = {"running": 13.0, "cancelled": 23.0, "failed": 40.0, "completed": 43.0, "waiting": 10.0}
"""Seconds on the run's clock: nodes train; a subtree was cancelled; approve failed; all is well; two wait."""


def demo_graph() -> Graph:
    """The graph of the demo, as if it lay elsewhere."""
    graph = load(FOLDER / "graph.toml")
    # What is shown must not depend on where this checkout lies: tests run in FOLDER.
    graph.path = Path("/home/ada/pipeline/configs/demo.toml")
    graph.directory = graph.path.parent
    return graph


def recorded(moment: float, *targets: str) -> AdoptedRun:
    """The demo as it was so many seconds after its start, or as if only some nodes had been called for."""
    graph = demo_graph()
    records = [record for record in read_journal(FOLDER / "journal.jsonl").records if record["event"] != "journal"]
    parsed = (parse(record, graph) for record in records)
    events: list[Event] = [event for event in parsed if event is not None and event.at <= moment]
    if targets:
        events = list(of_a_run_for(graph, events, targets))
    return adopted_run(graph, events, moment, Path(), number=6, began_at=BEGAN_AT)


def of_a_run_for(graph: Graph, events: Iterable[Event], targets: tuple[str, ...]) -> Iterator[Event]:
    """Leave out what happened to the nodes that the targets do not need."""
    nodes = tuple(map(graph.node, targets))
    inside = reach(nodes, graph.parents)
    for event in events:
        if isinstance(event, RunEvent) and event.what == "started":
            yield event._replace(targets=nodes, named=targets)
        elif not isinstance(event, NodeEvent) or event.node in inside:
            yield event
