"""Scan a journal for the outcome of its run: one pass, every checksum verified, almost nothing parsed."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

from dagtui.engine.events import LEFT
from dagtui.engine.messages import RUN_AGAIN
from dagtui.engine.status import SETTLED_NAMES
from dagtui.store.errors import JournalError
from dagtui.store.files import open_file
from dagtui.store.journal import LONGEST_LINE, check_version, is_whole, parse_line
from dagtui.text.amounts import NO_TIME, ClockTime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.text.amounts import Seconds, WallTime

# The spelling of this version's writer for nearly all lines of a journal. Other lines are parsed.
_NODE = re.compile(
    rb'\{"seq":(\d+),"time":[^,]+,"event":"node","node":"([^"\\]*)","attempt":(\d+),"status":"([A-Z_]+)"'
)
_STALE = b',"stale":true'
"""As the journal spells it. Inside a string, its quotes would be escaped."""
_UP_TO_DATE = b',"cause":"up_to_date"'
_BLOCK = 1_048_576
_AT = b',"at":'
_SECONDS = b',"seconds":'
_EXECUTOR = b',"executor":'
_FAILED = "FAILED"
_RETRYING_WORDS = frozenset(kind.value for kind in RUN_AGAIN)


class NodeRecord(NamedTuple):
    """The last record of a node in a journal."""

    attempt: AttemptNumber
    status: str
    """The name of a NodeStatus, or of a status that only a later dagtui knows."""
    stale: bool = False
    up_to_date: bool = False
    seconds: Seconds | None = None
    """The seconds of its attempt, once that has ended."""
    executor: str = ""
    """The executor on other machines that has an attempt of it. Foreign text. Empty: none has."""


@dataclass(slots=True)
class JournalScan:
    """What a journal says about its run, up to its end or to the first line that is not whole."""

    nodes: dict[str, NodeRecord] = field(default_factory=dict)
    """Records by label, without the nodes that nothing ever happened to."""
    lines: int = 0
    """Number of whole lines."""
    began: WallTime | None = None
    """Wall time of the first line."""
    last: WallTime | None = None
    """Wall time of the last line."""
    clock: ClockTime = NO_TIME
    """The run's own clock at the last line that states it: seconds since its start, unaffected by the wall clock."""
    left: bool = False
    """Whether its process left it while attempts on other machines went on."""
    ended: bool = False
    """Whether the run was closed and not resumed."""
    why: str = ""
    """The reason that the run gave when it was closed."""
    verdict: str = ""
    """The verdict recorded when the run was closed. Empty if it was not, or by a version without verdicts."""
    cancelled: bool = False
    """Whether a command to cancel all nodes is still in effect."""
    named: tuple[str, ...] = ()
    """The names that the run was called with."""
    resumed: bool = False
    """Whether the run was ever resumed or reloaded. The graph may then be another one than at its start."""
    jobs: int = 0
    """The slots that the run had last. 0 if the journal does not state them."""
    problem: str | None = None
    """What is wrong with the first line that is not whole."""
    settled_at: ClockTime | None = None
    """When the last node was settled, on the run's clock, or None while some nodes are not settled."""
    parked: float = 0.0
    """Seconds of the run's clock during which all nodes were settled, before the run continued."""
    _open: set[str] = field(default_factory=set)
    """Nodes with records that are not settled. While other nodes still wait, at least one is in this set."""
    _failures: dict[str, bytes] = field(default_factory=dict)
    """The last lines of nodes that failed, in the order in which they did."""

    def active(self, clock: ClockTime) -> float:
        """Return the seconds that the run was active up to `clock`, on its own clock."""
        return max(0.0, (clock if self.settled_at is None else self.settled_at) - NO_TIME - self.parked)

    def counts(self) -> dict[str, int]:
        """Return the number of nodes by their last status. Statuses without nodes are left out."""
        return dict(Counter(record.status for record in self.nodes.values()))

    def stale(self) -> int:
        """Return the number of nodes that completed before an ancestor ran again."""
        return sum(record.stale for record in self.nodes.values())

    def up_to_date(self) -> int:
        """Return the number of nodes that did not have to run, because nothing had changed."""
        return sum(record.up_to_date for record in self.nodes.values())

    def elsewhere(self) -> Counter[str]:
        """Return the number of attempts that executors on other machines have, by the names of those."""
        return Counter(record.executor for record in self.nodes.values() if record.executor)

    def failures(self) -> dict[str, str]:
        """Return the nodes that failed by themselves, in the order in which they did, each with the reason."""
        words = {name: json.loads(line).get("why", "") for name, line in self._failures.items() if name in self.nodes}
        return {name: str(why) for name, why in words.items()}

    def _node(self, name: str, attempt: AttemptNumber, status: str, line: bytes) -> None:
        if self._failures and name in self._failures:
            del self._failures[name]
        if status not in SETTLED_NAMES:
            executor = _text_of("executor", line) if _EXECUTOR in line else ""
            self.nodes[name] = NodeRecord(attempt, status, executor=executor)
            self._open.add(name)
            if self.settled_at is not None:
                self._wake(_clock_of(line))
            return
        seconds = _number_after(_SECONDS, line)
        self.nodes[name] = NodeRecord(attempt, status, _STALE in line, _UP_TO_DATE in line, seconds)
        if status == _FAILED:
            self._failures[name] = line
        if name in self._open:
            self._open.discard(name)
            if not self._open:
                self.settled_at = _clock_of(line)

    def _wake(self, at: ClockTime | None) -> None:
        if self.settled_at is not None and at is not None:
            self.parked += max(0.0, at - self.settled_at)
        self.settled_at = None

    def _resume(self, line: bytes) -> None:
        self.resumed = True
        if self.settled_at is None:
            # What remains to be done is recorded again from here on.
            self._open.clear()
            self.settled_at = _clock_of(line)

    def _reload(self, reload: object, line: bytes) -> None:
        """Drop the nodes that the graph no longer has, as far as they are named."""
        self.resumed = True
        found = reload if isinstance(reload, dict) else {}
        removed, leaving = found.get("removed"), found.get("leaving")
        names = removed.get("nodes") if isinstance(removed, dict) else None
        for name in names if isinstance(names, list) else ():
            if not isinstance(leaving, list) or name not in leaving:
                self.nodes.pop(str(name), None)
                self._open.discard(str(name))
        if not self._open and self.settled_at is None:
            self.settled_at = _clock_of(line)

    def _record(self, record: dict[str, object], line: bytes) -> None:
        """Take in a record of any kind. Malformed parts of it are ignored."""
        kind, jobs = record.get("event"), record.get("jobs")
        if isinstance(jobs, int) and jobs > 0:
            self.jobs = jobs
        if kind == "node":
            attempt = record.get("attempt")
            number = cast("AttemptNumber", attempt if isinstance(attempt, int) else 0)
            self._node(str(record.get("node")), number, str(record.get("status")), line)
        elif kind == "run":
            self.ended, self.left = record.get("what") == "ended", record.get("what") == LEFT
            names = record.get("named")
            if isinstance(names, list) and (self.named or record.get("what") == "started"):
                self.named += tuple(map(str, names))
            if record.get("what") == "resumed":
                self._resume(line)
            elif record.get("what") == "reloaded":
                self._reload(record.get("reload"), line)
            self.why = str(record.get("why", "")) if self.ended else ""
            self.verdict = str(record.get("verdict", "")) if self.ended else ""
        elif kind == "command":
            words = record.get("command")
            self.cancelled = words == "cancel all" or (self.cancelled and words not in _RETRYING_WORDS)


def scan_journal(path: Path) -> JournalScan:
    """Scan a journal. 50 MB take about half a second. Raises JournalError if it can't be read."""
    found = JournalScan()
    last = b""
    for line in _lines(path):
        number = found.lines + 1
        node = _NODE.match(line)
        if line.endswith(b"\n") and node is not None and int(node[1]) == number and is_whole(line[:-1]):
            attempt = cast("AttemptNumber", int(node[3]))
            found._node(node[2].decode("ascii", "replace"), attempt, node[4].decode("ascii"), line)
        else:
            record = parse_line(line[:-1], number) if line.endswith(b"\n") else None
            if record is None:
                found.problem = f"line {number} is torn or damaged"
                break
            if number == 1:
                check_version(record, path)
                found.began = cast("WallTime | None", _number(record.get("time")))
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
    found.last = cast("WallTime | None", _number(record.get("time")))
    clock = _number(record.get("at"))
    if clock is None and found.last is not None and found.began is not None:
        clock = max(0.0, found.last - found.began)
    found.clock = ClockTime(clock or 0.0)


def _clock_of(line: bytes) -> ClockTime | None:
    """Return the run's clock in a line."""
    at = _number_after(_AT, line)
    return None if at is None else ClockTime(at)


def _text_of(name: str, line: bytes) -> str:
    """Return a field of a line, or an empty string if it is not a string."""
    value = json.loads(line).get(name)
    return value if isinstance(value, str) else ""


def _number_after(name: bytes, line: bytes) -> float | None:
    """Return the number of a field of a line, given with its quotes. Inside strings, those would be escaped."""
    begin = line.find(name) + len(name)
    if begin < len(name):
        return None
    try:
        return float(line[begin : line.find(b",", begin)])
    except ValueError:
        return None


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines with their newlines. The last one has none if it is torn or too long."""
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
    """Return the last record of a node before the journal's end or damage, or None. Raises JournalError."""
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
