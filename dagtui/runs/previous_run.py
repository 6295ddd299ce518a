"""What the journal of a run says, when nobody has the run any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagtui.engine.events import RunEvent, parse
from dagtui.store.errors import JournalError
from dagtui.text import label

if TYPE_CHECKING:
    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.runs.wall_times import WallTimes
    from dagtui.store.journal import JournalReader

TICK = 0.001
"""Seconds from the last event of a run to the first after it was resumed, on its clock: what the journal resolves."""


@dataclass(slots=True)
class Replay:
    """The events of a run up to now."""

    events: list[Event] = field(default_factory=list)
    """Those of nodes that the graph still has."""
    clock: float = 0.0
    """What the run's clock read last."""
    began_at: float = 0.0
    """The wall time at which the clock read 0."""
    resumed: list[tuple[float, float]] = field(default_factory=list)
    """What the clock read, and the wall time, whenever the run was resumed."""
    last_wall: float = 0.0
    """The wall time of the last event."""
    ended: bool = False
    """It was closed in an orderly way."""
    boot: str = ""
    """Which start of the machine it last began in; empty when nobody knows."""
    unended: int = 0
    """The position among the events from which on no orderly end follows."""

    def set_going(self, times: WallTimes) -> None:
        """Let wall times be known of all that is past."""
        for clock, wall in self.resumed:
            times.set_going(clock, wall)


def understand(reader: JournalReader, graph: Graph) -> Replay:
    """What a journal means for a graph, up to its first torn or damaged line; reads it. Raises StoreError."""
    past = Replay()
    for record in reader:
        try:
            _take_in(past, record, graph)
        except (ValueError, KeyError, TypeError) as error:
            text = f"can't understand line {reader.lines} of the journal {label(reader.path, 1000)}: {error}"
            raise JournalError(text) from error
    return past


def _take_in(past: Replay, record: dict[str, object], graph: Graph) -> None:
    event = parse(record, graph)
    if event is None:
        return
    past.events.append(event)
    at = event.at
    if at > past.clock:
        past.clock = at
    time = record.get("time")
    past.last_wall = wall = float(time) if isinstance(time, int | float) else 0.0
    if not isinstance(event, RunEvent):
        return
    if event.what == "started":
        past.began_at, past.boot, past.ended = wall - at, event.boot, False
    elif event.what == "resumed":
        past.resumed.append((at, wall))
        past.boot, past.ended = event.boot, False
    elif event.what == "ended":
        past.ended, past.unended = True, len(past.events)
