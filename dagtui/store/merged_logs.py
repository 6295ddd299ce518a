"""The logs of many attempts merged in time order, read only around the position that is shown.

Attempts are *tracks*. A track begins and ends with a mark, and has the lines of its log between them. To merge at a
position opens the logs of the attempts that lasted at that time, and of those that begin or end on the way from there.
"""

from __future__ import annotations

import heapq
import time
from bisect import bisect_right
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dagtui.store.errors import StoreError
from dagtui.store.log_pieces import BytesRead, LogPieces, TimedLine
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

BEGAN = -1
"""The offset of the mark at the beginning of a track."""
ENDED = 1 << 62
"""The offset of the mark at its end."""
_LEAST = 1_024
"""The first read of a log. At a moment at which many attempts end, each of them has few lines on the screen."""
_MOST = 65_536
_Result = TypeVar("_Result")


class EntryKey(NamedTuple):
    """The position of an entry among all entries. Keys are in their order."""

    time: WallTime
    """As wall time."""
    track: int
    offset: int
    """Where the line starts in its log. BEGAN, ENDED: a mark of the track."""


FOREVER = WallTime("inf")
"""The end of an attempt that goes on."""
FIRST = EntryKey(WallTime("-inf"), -1, 0)
LAST = EntryKey(FOREVER, 1 << 62, 0)


class LogEntry(NamedTuple):
    """A line of a log, or a mark."""

    key: EntryKey
    data: bytes = b""
    """The line, without its newline."""
    end: int = 0
    """Where the next line of the log starts."""

    @property
    def is_line(self) -> bool:
        """Whether it is a line, not a mark."""
        return BEGAN < self.key.offset < ENDED


class Tracks:
    """The attempts whose logs are merged, in the order in which they began. More may be added at the end."""

    def __init__(self, log_of: Callable[[int], Path] | None = None) -> None:
        """`log_of` returns the log of a track that was added with `has_log`: most logs are never looked at."""
        self._log_of = log_of
        self.begins: list[WallTime] = []
        """Wall times, which never decrease."""
        self.ends: list[WallTime] = []
        """Wall times. Infinite: the attempt goes on."""
        self.has_log = bytearray()
        """Whether a track has a log, by track. Otherwise it has only its mark at the end."""
        self._paths: dict[int, Path] = {}
        self.seen: dict[int, list[tuple[int, WallTime]]] = {}
        """What a log has grown by and when, as far as it was watched, by track."""
        self.until: WallTime | None = None
        """Logs of attempts that go on are shown as they were then. None: as they are."""

    def __len__(self) -> int:
        return len(self.ends)

    def add(self, begin: WallTime, end: WallTime, path: Path | None, *, has_log: bool = False) -> int:
        """Add a track and return its number."""
        self.begins.append(max(begin, self.begins[-1]) if self.begins else begin)
        self.has_log.append(path is not None or has_log)
        if path is not None:
            self._paths[len(self.has_log) - 1] = path
        self.ends.append(max(end, self.begins[-1]))
        return len(self.ends) - 1

    def extend(self, begins: Sequence[WallTime], ends: Sequence[WallTime], has_log: Sequence[bool]) -> None:
        """Add tracks, each of which began no sooner than the one before it, and ends no sooner than it began."""
        self.begins += begins
        self.ends += ends
        self.has_log += bytes(has_log)

    def path(self, track: int) -> Path | None:
        """Return the log of a track, or None if it has only a mark."""
        if not self.has_log[track]:
            return None
        found = self._paths.get(track)
        if found is None and self._log_of is not None:
            found = self._paths[track] = self._log_of(track)
        return found

    def close(self, track: int, end: WallTime) -> None:
        """Set when a track ended."""
        self.ends[track] = max(end, self.begins[track])


@dataclass(frozen=True, slots=True)
class Kept:
    """What is shown of logs."""

    line: Callable[[bytes], bool]
    """Whether a line is shown. It is asked of every line that is read."""
    lines: Callable[[bytes], bool]
    """Whether any of many lines may be shown. It is fast, and true when in doubt."""
    mark: Callable[[EntryKey], bool]


class MergedLogs:
    """The logs of tracks, as one sequence of entries that can be read from any position in both directions."""

    def __init__(
        self,
        tracks: Tracks,
        chosen: Sequence[int] | None = None,
        only: Kept | None = None,
        read: BytesRead | None = None,
    ) -> None:
        """Merge all tracks, or those with the `chosen` numbers, which are in order, or `only` a part of them."""
        self.tracks = tracks
        self.chosen: Sequence[int] = range(len(tracks)) if chosen is None else chosen
        self.only = only
        self.read = read or BytesRead()
        self.trouble = ""
        """Why a log could not be read."""

    def forward(self, key: EntryKey = FIRST) -> Merge:
        """Return the entries from a position on."""
        return Merge(self, key, step=1)

    def backward(self, key: EntryKey = LAST) -> Merge:
        """Return the entries before a position, the last one first."""
        return Merge(self, key, step=-1)

    def marks(self, track: int) -> tuple[EntryKey | None, EntryKey | None]:
        """Return the keys of a track's marks, as far as it has them."""
        tracks = self.tracks
        begin, end = tracks.begins[track], tracks.ends[track]
        began = EntryKey(begin, track, BEGAN) if tracks.has_log[track] else None
        ended = EntryKey(end, track, ENDED) if end < FOREVER else None
        if self.only is None:
            return began, ended
        keeps = self.only.mark
        return began if began and keeps(began) else None, ended if ended and keeps(ended) else None

    def size(self, track: int) -> int:
        """Return the size of a log now, or 0 if there is none."""
        return self._from_log(track, lambda found: found.size, 0)

    def first_after(self, track: int, key: EntryKey) -> tuple[list[TimedLine], int]:
        """Return the first lines of a track from a position on, few of them, and the size of its log."""
        return self._first(track, lambda found: found.after(_start(found, track, key), _LEAST))

    def first_before(self, track: int, key: EntryKey) -> tuple[list[TimedLine], int]:
        """Return the last lines of a track before a position, few of them, and the size of its log."""
        return self._first(track, lambda found: found.before(_start(found, track, key), _LEAST))

    def lines_after(self, track: int, offset: int, amount: int, size: int) -> list[TimedLine]:
        """Return the lines of a log of a size from an offset on, about `amount` bytes of them."""
        return self._from_log(track, lambda found: found.up_to(size).after(offset, amount), [])

    def lines_before(self, track: int, offset: int, amount: int, size: int) -> list[TimedLine]:
        """Return the lines of a log of a size before an offset, about `amount` bytes of them."""
        return self._from_log(track, lambda found: found.up_to(size).before(offset, amount), [])

    def kept(self, lines: list[TimedLine]) -> list[TimedLine]:
        """Return those of some lines that are shown."""
        if self.only is None:
            return lines
        if not self.only.lines(b"\n".join(line.data for line in lines)):
            return []
        keeps = self.only.line
        return [line for line in lines if keeps(line.data)]

    def _first(self, track: int, read: Callable[[LogPieces], list[TimedLine]]) -> tuple[list[TimedLine], int]:
        nothing: tuple[list[TimedLine], int] = [], 0
        return self._from_log(track, lambda found: (read(found), found.size), nothing)

    def _from_log(self, track: int, read: Callable[[LogPieces], _Result], nothing: _Result) -> _Result:
        """Read a log. Return `nothing` if there is none, or if it can't be read."""
        found = self._opened(track)
        if found is None:
            return nothing
        try:
            return read(found)
        except OSError as error:
            self._note(error)
            return nothing
        finally:
            found.close()

    def _opened(self, track: int) -> LogPieces | None:
        """Return the opened log of a track, or None if it has none."""
        tracks = self.tracks
        path = tracks.path(track)
        if path is None:
            return None
        end = tracks.ends[track]
        until = tracks.until if end == FOREVER else None
        found = LogPieces(path, tracks.begins[track], end, self.read, tracks.seen.get(track, ()), until)
        try:
            return found if found.open() else None
        except (OSError, StoreError) as error:
            found.close()
            self._note(error)
            return None

    def _note(self, error: OSError | StoreError) -> None:
        self.trouble = str(error) if isinstance(error, StoreError) else f"can't read a log: {error.strerror}"


class Merge:
    """The entries from a position on, or those before it, one after the other."""

    def __init__(self, logs: MergedLogs, key: EntryKey, step: int) -> None:
        self._logs = logs
        self._key = key
        self._step = step
        self._heap: list[tuple[float, int, int, LogEntry | None, Iterator[_NextEntry]]] = []
        """The next entry of each track that was reached, by its key, which is negated if the direction is backwards."""
        self._beyond = self._tracks_beyond()
        """The tracks that lie wholly beyond the position, the nearest one last."""
        self._within = self._tracks_within()
        """The tracks that lasted at the position and were not looked at yet."""
        self.exhausted = False
        """Whether there are no more entries."""

    def take(self, most: int, until: float = inf) -> list[LogEntry]:
        """Return the next entries, at most `most`. It stops at the time `until` of `time.perf_counter`."""
        found: list[LogEntry] = []
        heap, step = self._heap, self._step
        while len(found) < most and not self.exhausted:
            if self._within:
                self._push(self._within.pop(), self._key)
            elif self._beyond and (not heap or self._is_reached(heap[0][0])):
                self._push(self._beyond.pop(), FIRST if step > 0 else LAST)
            elif heap:
                *_, entry, rest = heap[0]
                if entry is not None:
                    found.append(entry)
                if (following := next(rest, None)) is None:
                    heapq.heappop(heap)
                else:
                    heapq.heapreplace(heap, self._item(following, rest))
            else:
                self.exhausted = True
            if until < inf and time.perf_counter() >= until:
                break
        return found

    def _tracks_beyond(self) -> list[int]:
        tracks, chosen, at = self._logs.tracks, self._logs.chosen, self._key.time
        if self._step > 0:
            return list(reversed(chosen[bisect_right(chosen, at, key=tracks.begins.__getitem__) :]))
        ends = tracks.ends
        found = [track for track in chosen if ends[track] < at]
        found.sort(key=ends.__getitem__)  # those that end together stay in their order
        return found

    def _tracks_within(self) -> list[int]:
        tracks, chosen, at = self._logs.tracks, self._logs.chosen, self._key.time
        last = bisect_right(chosen, at, key=tracks.begins.__getitem__)
        ends = tracks.ends
        return [track for track in chosen[:last] if at <= ends[track]]

    def _is_reached(self, at: float) -> bool:
        """Return whether the nearest track beyond may have an entry before one at a time, negated if backwards."""
        track, tracks = self._beyond[-1], self._logs.tracks
        return float(tracks.begins[track]) <= at if self._step > 0 else -float(tracks.ends[track]) <= at

    def _push(self, track: int, key: EntryKey) -> None:
        rest = _entries_from(self._logs, track, key) if self._step > 0 else _entries_before(self._logs, track, key)
        first = next(rest, None)
        if first is not None:
            heapq.heappush(self._heap, self._item(first, rest))

    def _item(
        self, following: _NextEntry, rest: Iterator[_NextEntry]
    ) -> tuple[float, int, int, LogEntry | None, Iterator[_NextEntry]]:
        (at, track, offset), entry = following
        step = self._step
        return step * float(at), step * track, step * offset, entry, rest


class _NextEntry(NamedTuple):
    """What comes next in a track."""

    key: EntryKey
    entry: LogEntry | None
    """None: a long stretch was read in which nothing is shown. Nothing comes before the key."""


def _start(log: LogPieces, track: int, key: EntryKey) -> int:
    """Return the offset in the log of a track of the first line at or after a position."""
    if key.track == track:
        return min(max(0, key.offset), log.size)
    return log.start_at(log.offset_at(key.time, after=key.track > track))


def _entries_from(logs: MergedLogs, track: int, key: EntryKey) -> Iterator[_NextEntry]:
    """Yield the entries of a track from a position on."""
    began, ended = logs.marks(track)
    if began is not None and key <= began:
        yield _NextEntry(began, LogEntry(began))
    at, amount = logs.tracks.begins[track], _LEAST
    lines, size = logs.first_after(track, key)
    while lines:
        shown = False
        for line in logs.kept(lines):
            at, shown = max(at, line.time), True
            found = EntryKey(at, track, line.offset)
            yield _NextEntry(found, LogEntry(found, line.data, line.end))
        offset, amount = lines[-1].end, min(2 * amount, _MOST)
        if not shown:
            at = max(at, lines[-1].time)
            yield _NextEntry(EntryKey(at, track, offset), None)
        lines = logs.lines_after(track, offset, amount, size) if offset < size else []
    if ended is not None and key <= ended:
        yield _NextEntry(ended, LogEntry(ended))


def _entries_before(logs: MergedLogs, track: int, key: EntryKey) -> Iterator[_NextEntry]:
    """Yield the entries of a track before a position, the last one first."""
    began, ended = logs.marks(track)
    if ended is not None and ended < key:
        yield _NextEntry(ended, LogEntry(ended))
    at, amount = logs.tracks.ends[track], _LEAST
    lines, size = logs.first_before(track, key)
    while lines:
        shown = False
        for line in reversed(logs.kept(lines)):
            at, shown = min(at, line.time), True
            found = EntryKey(at, track, line.offset)
            yield _NextEntry(found, LogEntry(found, line.data, line.end))
        offset, amount = lines[0].offset, min(2 * amount, _MOST)
        if not shown:
            at = min(at, lines[0].time)
            yield _NextEntry(EntryKey(at, track, offset), None)
        lines = logs.lines_before(track, offset, amount, size) if offset > 0 else []
    if began is not None and began < key:
        yield _NextEntry(began, LogEntry(began))
