"""Read what a run has recorded: its graph, and the events of its journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagtui.engine.event_records import parse, wall_time
from dagtui.engine.events import LEFT, RunEvent
from dagtui.graph.loading import EXECUTOR_GIVEN
from dagtui.store.errors import JournalError, StoreError
from dagtui.store.files import read_file
from dagtui.text import label
from dagtui.text.amounts import NO_TIME, WallTime

if TYPE_CHECKING:
    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.store.directory import RunDirectory
    from dagtui.store.journal import JournalReader
    from dagtui.text.amounts import ClockTime

TICK = 0.001
"""Seconds on the run's clock between its last event and the first after a resume: the journal's resolution."""
_LARGEST_GRAPH = 1 << 30
_HEADINGS = re.compile(rb'^\[tasks\.(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)")\]$', re.MULTILINE)
UNKNOWN = WallTime(0.0)
"""Stands for a wall time that is not on record."""


@dataclass(slots=True)
class Replay:
    """The events of a run so far."""

    events: list[Event] = field(default_factory=list)
    """Only those of nodes that the graph still has."""
    clock: ClockTime = NO_TIME
    """The last reading of the run's clock."""
    began_at: WallTime = UNKNOWN
    """The wall time at which the clock read 0."""
    resumed: list[tuple[ClockTime, WallTime]] = field(default_factory=list)
    """Clock reading and wall time of each resume."""
    last_wall: WallTime = UNKNOWN
    """The wall time of the last event."""
    ended: bool = False
    """Whether the run was closed properly."""
    left: bool = False
    """Whether the process left the run while attempts went on elsewhere."""
    boot: str = ""
    """The machine's boot identifier when the run last started or resumed, or empty if unknown."""
    unended: int = 0
    """The index of the first event after the last proper end."""


def recorded_graph(directory: RunDirectory) -> bytes:
    """Return the graph that a run recorded. Raises StoreError."""
    try:
        return read_file(directory.graph_path, _LARGEST_GRAPH)
    except OSError as error:
        raise StoreError.of("read the graph of the run", directory.graph_path, error) from error


def recorded_executor(directory: RunDirectory) -> str:
    """Return the executor that the call of a run named for all tasks. Empty if it named none, or if that is unknown."""
    try:
        content = recorded_graph(directory)
    except StoreError:
        return ""
    if b"\nexecutor = " not in content:
        return ""
    import tomllib

    try:
        run = tomllib.loads(content.decode()).get("run", {})
    except ValueError:
        return ""
    return str(run.get(EXECUTOR_GIVEN, ""))


def recorded_tasks(content: bytes) -> list[str]:
    """Return the tasks of a recorded graph as in its file, by their headings, without reading the rest."""
    found = (bare.decode() or _unquoted(quoted) for bare, quoted in _HEADINGS.findall(content))
    return list(dict.fromkeys(found))


def _unquoted(text: bytes) -> str:
    import tomllib

    try:
        return str(tomllib.loads(f'name = "{text.decode()}"')["name"]) if b"\\" in text else text.decode()
    except ValueError:
        return ""


def understand(reader: JournalReader, graph: Graph) -> Replay:
    """Read a journal and replay it for a graph, up to its first torn or damaged line. Raises StoreError."""
    past = Replay()
    for record in reader:
        try:
            _add(past, record, graph)
        except (ValueError, KeyError, TypeError) as error:
            text = f"can't understand line {reader.lines} of the journal {label(reader.path, 1000)}: {error}"
            raise JournalError(text) from error
    return past


def _add(past: Replay, record: dict[str, object], graph: Graph) -> None:
    event = parse(record, graph)
    if event is None:
        return
    past.events.append(event)
    at = event.at
    if at > past.clock:
        past.clock = at
    past.last_wall = wall = wall_time(record, UNKNOWN)
    if not isinstance(event, RunEvent):
        return
    if event.what == "started":
        past.began_at, past.boot, past.ended = wall - at, event.boot, False
    elif event.what == "resumed":
        past.resumed.append((at, wall))
        past.boot, past.ended, past.left = event.boot, False, False
    elif event.what == LEFT:
        past.left = True
    elif event.what == "ended":
        past.ended, past.unended = True, len(past.events)
