"""Reading journals."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.event_records import parse
from dagtui.engine.state import RunState
from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.live import LiveRun


@dataclass(frozen=True, slots=True)
class JournalReading:
    """What a journal holds, all at once; `torn`, `problem` and `size` are those of its reader."""

    records: list[dict[str, object]]
    """The whole lines, in their order."""
    torn: bytes
    problem: str | None
    size: int


def read_journal(path: Path) -> JournalReading:
    """Read a journal up to the first line that is torn or damaged; raises as its reader does."""
    reader = JournalReader(path)
    records = list(reader)
    return JournalReading(records, reader.torn, reader.problem, reader.size)


def read_through(path: Path) -> JournalReader:
    """Return a reader that has read its journal."""
    reader = JournalReader(path)
    for _ in reader:
        pass
    return reader


def replayed(run: LiveRun) -> RunState:
    """Return the state that the journal of a run on disk gives."""
    assert run.path is not None
    reading = read_journal(run.path / "journal.jsonl")
    assert reading.problem is None
    state = RunState(run.graph)
    state.replay(event for record in reading.records if (event := parse(record, run.graph)) is not None)
    return state


def records_so_far(path: Path) -> list[dict[str, object]]:
    """Return the whole lines of a journal that may be written at this moment, or none if it does not exist yet."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def statuses_so_far(path: Path) -> dict[str, str]:
    """Return the last status of each node in a journal that may be written at this moment."""
    return {str(r["node"]): str(r["status"]) for r in records_so_far(path) if r["event"] == "node"}
