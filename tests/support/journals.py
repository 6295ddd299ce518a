"""Reading a whole journal at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path


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
