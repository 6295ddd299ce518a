"""Past runs as recordings, made of events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dagtui.engine.event_records import fields
from dagtui.runs.recorded import RecordedRun
from dagtui.runs.snapshots import Snapshots
from dagtui.store.directory import RunDirectory
from dagtui.store.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

BEGAN_AT = 1_795_000_000.0


def records_of(graph: Graph, events: Iterable[Event]) -> list[dict[str, object]]:
    """What a journal has of events."""
    return [{"time": BEGAN_AT + event.at, **json.loads(f"{{{fields(event, graph)}}}")} for event in events]


def recording_of(
    graph: Graph, records: Sequence[dict[str, object]], folder: Path, *, spacing: int = 5, most_bytes: int = 4_000
) -> RecordedRun:
    """A recording with many snapshots, of which few may be kept."""
    directory = RunDirectory.create(folder / "g.toml", "")
    directory.close()
    return RecordedRun(graph, directory, History(folder, {}, {}), records, Snapshots(most_bytes, spacing))
