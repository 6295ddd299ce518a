"""Window of the merged logs: the entries around what is on the screen. More are read as the screen nears their end."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from dagtui.store.merged_logs import BEGAN, ENDED, LAST, EntryKey, LogEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dagtui.store.merged_logs import Merge, MergedLogs

MOST = 40_000
"""The most entries that are kept. A screen of folds is made of thousands of them."""
_AT_ONCE = 2_000
"""The most lines that are appended to the entries at once."""


class LogWindow:
    """A stretch of the entries of merged logs. One thread at a time uses it."""

    def __init__(self, logs: MergedLogs, key: EntryKey, sizes: Mapping[int, int], live: Collection[int]) -> None:
        """Begin at a position. Nothing is read yet. `sizes` are the sizes of live logs before now."""
        self.logs = logs
        self.entries: list[LogEntry] = []
        self.at_start = False
        """Whether there is nothing before the entries."""
        self.at_end = key == LAST
        """Whether there was nothing after them when that was looked at."""
        self._key = key
        self._before: Merge | None = None
        self._after: Merge | None = None
        self._next: dict[int, int] = {}
        """Where the first line starts that is not among the entries, by track, if any of its lines are."""
        self._sizes = sizes
        self.live = set(live)
        """The tracks that went on when the end was looked at."""
        self._tracks = len(logs.tracks)

    def grow_up(self, most: int, until: float = inf) -> None:
        """Read at most `most` entries before the others."""
        if self.at_start:
            return
        if self._before is None:
            self._before = self.logs.backward(self.entries[0].key if self.entries else self._key)
        found = self._before.take(most, until)
        self.at_start = self._before.exhausted
        self._note(found)
        self.entries = [*reversed(found), *self.entries]
        if len(self.entries) > MOST:
            del self.entries[MOST:]
            self._after, self.at_end = None, False

    def grow_down(self, most: int, until: float = inf) -> None:
        """Read at most `most` entries after the others."""
        if self.at_end:
            return
        if self._after is None:
            self._after = self.logs.forward(_after(self.entries[-1]) if self.entries else self._key)
        found = self._after.take(most, until)
        self.at_end = self._after.exhausted
        # A late record of its time may have moved a line that is known.
        self._append([one for one in found if not one.is_line or one.key.offset >= self._next.get(one.key.track, 0)])

    def reopen(self, logs: MergedLogs) -> None:
        """Look again for entries after the others. `logs` knows the new tracks."""
        self.logs, self._before, self._after = logs, None, None
        self.at_end = False

    def catch_up(self, logs: MergedLogs, grown: Iterable[int], live: Collection[int]) -> bool:
        """Append what has come since the end was reached. `logs` knows the new tracks, `grown` are longer logs.

        Return False if it is too much: then a window at the end is to be read instead.
        """
        self.logs, self._before, self._after = logs, None, None
        chosen = set(logs.chosen)
        found: list[LogEntry] = []
        new = range(self._tracks, len(logs.tracks))
        for track in sorted({*grown, *new, *self.live, *live} & chosen):
            found += self._lines(track)
            if len(found) > _AT_ONCE:
                return False
        for track in chosen.intersection(new):
            found += [LogEntry(key) for key in logs.marks(track) if key is not None]
        for track in self.live.difference(live) & chosen:
            found += [LogEntry(key) for key in logs.marks(track)[1:] if key is not None and track < self._tracks]
        self.live, self._tracks = set(live), len(logs.tracks)
        self._append(sorted(self._replace(found)))
        return True

    def _lines(self, track: int) -> list[LogEntry]:
        """Return the new lines of a track."""
        found: list[LogEntry] = []
        offset, size = self._next.get(track, self._sizes.get(track, 0)), self.logs.size(track)
        while offset < size and len(found) <= _AT_ONCE:
            lines = self.logs.lines_after(track, offset, 1 << 16, size)
            if not lines:
                break
            kept = self.logs.kept(lines)
            found += [LogEntry(EntryKey(line.time, track, line.offset), line.data, line.end) for line in kept]
            last = lines[-1]
            offset = last.end
            # A line without its newline may still grow.
            self._next[track] = last.end if last.end > last.offset + len(last.data) else last.offset
        return found

    def _replace(self, found: list[LogEntry]) -> list[LogEntry]:
        """Put longer lines in the place of what was known of them. Return the other entries."""
        first: dict[int, int] = {}
        for entry in found:
            first[entry.key.track] = min(entry.key.offset, first.get(entry.key.track, ENDED))
        known: dict[tuple[int, int], int] = {}
        for index in range(len(self.entries) - 1, max(-1, len(self.entries) - _AT_ONCE), -1):
            at = self.entries[index].key
            if first.get(at.track) == at.offset:
                known[at.track, at.offset] = index
        self.entries = list(self.entries)  # others may be reading the old list
        for entry in found:
            place = known.get((entry.key.track, entry.key.offset))
            if place is not None:
                self.entries[place] = entry._replace(key=self.entries[place].key)
        return [entry for entry in found if (entry.key.track, entry.key.offset) not in known]

    def _append(self, found: list[LogEntry]) -> None:
        self._note(found)
        self.entries = [*self.entries, *found]
        if len(self.entries) > MOST:
            del self.entries[: len(self.entries) - MOST]
            self._before, self.at_start = None, False

    def _note(self, found: Iterable[LogEntry]) -> None:
        """Remember where to read on in each log."""
        for entry in found:
            if entry.is_line:
                (_, track, offset), data, end = entry
                self._next[track] = max(self._next.get(track, 0), end if end > offset + len(data) else offset)


def _after(entry: LogEntry) -> EntryKey:
    """Return the position right after an entry."""
    key = entry.key
    return key._replace(offset=entry.end if BEGAN < key.offset < ENDED else key.offset + 1)
