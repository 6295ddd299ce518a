"""Golden journals, and journals made anew line by line."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.engine.event_records import parse
from dagtui.engine.state import RunState
from dagtui.graph.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterable

GOLDEN = Path(__file__).parents[1] / "store" / "golden"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.jsonl"))


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.jsonl").read_bytes()


def place_golden(run: Path, name: str) -> None:
    """Make a directory the one of a golden run, whose process has ended."""
    run.mkdir(mode=0o700, exist_ok=True)
    for suffix, file in (("jsonl", "journal.jsonl"), ("toml", "graph.toml")):
        if (found := GOLDEN / f"{name}.{suffix}").exists():
            shutil.copy(found, run / file)
    (run / "lock").write_text(f"id-{run.name}\nprocess          1\n")


def encoded(records: Iterable[dict[str, object]]) -> bytes:
    """Records as a journal holds them, numbered and checksummed anew."""
    lines = []
    for number, record in enumerate(records, 1):
        head = json.dumps({**record, "seq": number}, separators=(",", ":"))[:-1].encode()
        lines.append(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
    return b"".join(lines)


def decoded(journal: bytes) -> list[dict[str, object]]:
    """The records of an undamaged journal, without their checksums."""
    records = [json.loads(line) for line in journal.splitlines()]
    for record in records:
        del record["crc"]
    return records


def replayed(name: str, records: Iterable[dict[str, object]]) -> RunState:
    """The state that records of a golden run leave."""
    graph = load(GOLDEN / f"{name}.toml")
    state = RunState(graph)
    events = (parse(record, graph) for record in records)
    state.replay(event for event in events if event is not None)
    return state
