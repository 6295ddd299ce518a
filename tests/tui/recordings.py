"""Runs from a recorded run of the demo, at the moments that pictures show."""

from __future__ import annotations

from pathlib import Path

from support.adopted_run import AdoptedRun, adopted_run
from support.journals import read_journal

from dagtui.engine.events import Event, parse
from dagtui.graph.loading import load

FOLDER = Path(__file__).parent / "snapshots" / "demo"
BEGAN_AT = 1_795_000_000.0

MOMENTS = {"running": 13.0, "cancelled": 23.0, "failed": 40.0, "completed": 43.0, "waiting": 10.0}
"""Seconds on the run's clock: nodes train; a subtree was cancelled; approve failed; all is well; two wait."""


def recorded(moment: float) -> AdoptedRun:
    """The demo as it was so many seconds after its start."""
    graph = load(FOLDER / "graph.toml")
    records = [record for record in read_journal(FOLDER / "journal.jsonl").records if record["event"] != "journal"]
    parsed = (parse(record, graph) for record in records)
    events: list[Event] = [event for event in parsed if event is not None and event.at <= moment]
    # What is shown must not depend on where this checkout lies: tests run in FOLDER.
    graph.path = Path("/home/ada/pipeline/configs/demo.toml")
    graph.directory = graph.path.parent
    return adopted_run(graph, events, moment, Path(), number=6, began_at=BEGAN_AT)
