"""A journal read for what became of its run: one pass, every checksum verified, almost nothing parsed."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.store.errors import JournalError
from dagtui.store.files import open_file
from dagtui.store.journal import LONGEST_LINE, check_version, is_whole, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# As the writer of this version spells the lines that make up nearly all of a journal; any other is parsed.
_NODE = re.compile(
    rb'\{"seq":(\d+),"time":[^,]+,"event":"node","node":"([^"\\]*)","attempt":(\d+),"status":"([A-Z_]+)"'
)
_STALE = b',"stale":true'
"""As the journal spells it; in a text, its quotes would be escaped."""
_BLOCK = 1_048_576
_AT = b',"at":'
_SETTLED = frozenset(status.name for status in NodeStatus if status.settled)
_RETRYING_WORDS = frozenset({"retry", "retry all failed", "rerun with downstream", "rerun this node only"})


class NodeRecord(NamedTuple):
    """The last that a journal says of a node."""

    attempt: int
    status: str
    """The name of a NodeStatus, or of a status that a later dagtui knows."""
    stale: bool = False


@dataclass(slots=True)
class JournalScan:
    """What a journal says of its run, up to its end or to the first line that is not whole."""

    nodes: dict[str, NodeRecord] = field(default_factory=dict)
    """By label; nodes that nothing ever happened to are not in it."""
    lines: int = 0
    """Whole lines."""
    began: float | None = None
    """Wall time of the first line."""
    last: float | None = None
    """Wall time of the last line."""
    clock: float = 0.0
    """The run's own clock at the last line that tells it: seconds since the run began, whatever the wall clock did."""
    ended: bool = False
    """Whether the run was closed, and not taken up again."""
    why: str = ""
    """The reason that the run gave when it was closed."""
    verdict: str = ""
    """How the run said that it stood when it was closed; empty: it was not closed, or by a dagtui that did not say."""
    cancelled: bool = False
    """Whether a command to cancel all still stands."""
    problem: str | None = None
    """What is wrong with the first line that is not whole."""
    settled_at: float | None = None
    """When the last node was settled, on the run's clock; None while some are not."""
    parked: float = 0.0
    """Seconds of the run's clock that everything was settled, before the run went on."""
    _open: set[str] = field(default_factory=set)
    """Nodes that something happened to and that are not settled. While others still wait, some of these are open."""

    def active(self, clock: float) -> float:
        """Seconds that the run was active when its clock read that."""
        return max(0.0, (clock if self.settled_at is None else self.settled_at) - self.parked)

    def counts(self) -> dict[str, int]:
        """How many nodes ended with each status; empty statuses are left out."""
        return dict(Counter(record.status for record in self.nodes.values()))

    def stale(self) -> int:
        """How many nodes completed before an ancestor ran again."""
        return sum(record.stale for record in self.nodes.values())

    def _node(self, name: str, attempt: int, status: str, line: bytes) -> None:
        self.nodes[name] = NodeRecord(attempt, status, _STALE in line)
        if status not in _SETTLED:
            self._open.add(name)
            if self.settled_at is not None:
                self._wake(_clock_of(line))
        elif name in self._open:
            self._open.discard(name)
            if not self._open:
                self.settled_at = _clock_of(line)

    def _wake(self, at: float | None) -> None:
        if self.settled_at is not None and at is not None:
            self.parked += max(0.0, at - self.settled_at)
        self.settled_at = None

    def _record(self, record: dict[str, object], line: bytes) -> None:
        """Take in a record of any kind; what is malformed in it counts for nothing."""
        kind = record.get("event")
        if kind == "node":
            attempt = record.get("attempt")
            number = attempt if isinstance(attempt, int) else 0
            self._node(str(record.get("node")), number, str(record.get("status")), line)
        elif kind == "run":
            self.ended = record.get("what") == "ended"
            if record.get("what") == "resumed" and self.settled_at is None:
                # What is still to be done is told again from here on.
                self._open.clear()
                self.settled_at = _clock_of(line)
            self.why = str(record.get("why", "")) if self.ended else ""
            self.verdict = str(record.get("verdict", "")) if self.ended else ""
        elif kind == "command":
            words = record.get("command")
            self.cancelled = words == "cancel all" or (self.cancelled and words not in _RETRYING_WORDS)


def scan_journal(path: Path) -> JournalScan:
    """Skim a journal; 50 MB take about half a second. Raises JournalError when it can't be read."""
    found = JournalScan()
    last = b""
    for line in _lines(path):
        number = found.lines + 1
        node = _NODE.match(line)
        if line.endswith(b"\n") and node is not None and int(node[1]) == number and is_whole(line[:-1]):
            found._node(node[2].decode("ascii", "replace"), int(node[3]), node[4].decode("ascii"), line)
        else:
            record = parse_line(line[:-1], number) if line.endswith(b"\n") else None
            if record is None:
                found.problem = f"line {number} is torn or damaged"
                break
            if number == 1:
                check_version(record, path)
                found.began = _number(record.get("time"))
            found._record(record, line)
        found.lines = number
        last = line
    if not found.lines and found.problem is None:
        found.problem = "it is empty"
    _end(found, last)
    return found


def _end(found: JournalScan, last: bytes) -> None:
    if not last:
        return
    record = json.loads(last)
    found.last = _number(record.get("time"))
    clock = _number(record.get("at"))
    found.clock = max(0.0, (found.last or 0.0) - (found.began or 0.0)) if clock is None else clock


def _clock_of(line: bytes) -> float | None:
    """What the run's clock read, as a line tells it; within texts, its quotes would be escaped."""
    begin = line.find(_AT) + len(_AT)
    if begin < len(_AT):
        return None
    try:
        return float(line[begin : line.find(b",", begin)])
    except ValueError:
        return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _lines(path: Path) -> Iterator[bytes]:
    """The lines with their newlines; the last one has none when it is torn, or too long to be one of ours."""
    try:
        descriptor = open_file(path, os.O_RDONLY)
        with open(descriptor, "rb", buffering=_BLOCK) as file:
            while line := file.readline(LONGEST_LINE + 1):
                yield line
                if not line.endswith(b"\n"):
                    return
    except OSError as error:
        raise JournalError.of("read the journal", path, error) from error


def last_record(path: Path, node_label: str) -> dict[str, object] | None:
    """The last record of a node, None if there is none up to the journal's end or damage; raises JournalError."""
    words = f'"node":{json.dumps(node_label)},'.encode()
    found: bytes | None = None
    for number, line in enumerate(_lines(path), 1):
        if not line.endswith(b"\n") or not line.startswith(b'{"seq":%d,' % number) or not is_whole(line[:-1]):
            break
        if number == 1:
            check_version(json.loads(line), path)
        if words in line and b'"event":"node"' in line:
            found = line
    record = json.loads(found) if found is not None else None
    return record if isinstance(record, dict) else None
