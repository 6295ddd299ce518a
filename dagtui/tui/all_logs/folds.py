"""Folds: runs of lines that are alike become one row, and so do statuses that many nodes got at once."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.store.merged_logs import EntryKey

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dagtui.store.merged_logs import LogEntry

LOOK_BACK: Final = 100
"""A line is alike if one of the lines just before it is of the same log and the same but for its numbers."""
_LEAST: Final = 3
"""The fewest lines that are folded."""
MOST: Final = 200
"""The most lines in one fold, so that a screen of folds can be read at once."""
FRESH: Final = 8
"""The last lines of all are shown as they come."""
_LOOKED_AT: Final = 200
_KEPT: Final = 100_000
_NUMBER: Final = re.compile(rb"[0-9]+")
_BAR: Final = re.compile(rb"[#=>.\- ]{3,}")


class FoldedRow(NamedTuple):
    """One row of the page: an entry, or several of them as one."""

    first: int
    """The index of its first entry."""
    size: int = 1
    """Number of entries."""
    is_fold: bool = False
    """Whether it stands for lines that are hidden."""


def shape(line: bytes) -> bytes:
    """Return a line without what differs from line to line: its numbers, and how far a bar has come."""
    return _BAR.sub(b"-", _NUMBER.sub(b"0", line[:_LOOKED_AT]))


StatusOf = Callable[[EntryKey], Hashable]
"""Returns what a mark says, for marks that may be one row with others. None: it stands alone."""


class Folding:
    """Makes rows of entries."""

    def __init__(self, status_of: StatusOf) -> None:
        self._status_of = status_of
        self._kinds: dict[tuple[int, int], tuple[int, bytes]] = {}
        """Log and shape of each line, by log and offset."""

    def rows(
        self,
        entries: Sequence[LogEntry],
        opened: Collection[EntryKey] = (),
        fresh: Collection[EntryKey] = (),
        *,
        folds: bool = True,
    ) -> list[FoldedRow]:
        """Return the rows of some entries. The `fresh` ones are not folded.

        `opened` has the keys of the first lines of folds that are open.
        """
        rows: list[FoldedRow] = []
        alike = 0
        """Number of lines before this entry that are alike and have no row yet."""
        seen: Counter[tuple[int, bytes]] = Counter()
        recent: deque[tuple[int, bytes]] = deque()
        for index, entry in enumerate(entries):
            if not entry.is_line:
                rows += _run(entries, index - alike, alike, opened)
                alike = 0
                self._add_mark(entries, index, rows)
                continue
            kind = self._kind(entry)
            is_alike = folds and seen[kind] > 0 and entry.key not in fresh
            seen[kind] += 1
            recent.append(kind)
            if len(recent) > LOOK_BACK:
                seen[recent.popleft()] -= 1
            if is_alike and alike < MOST:
                alike += 1
                continue
            rows += _run(entries, index - alike, alike, opened)
            alike = 0
            rows.append(FoldedRow(index))
        return rows + _run(entries, len(entries) - alike, alike, opened)

    def _kind(self, entry: LogEntry) -> tuple[int, bytes]:
        at = (entry.key.track, entry.key.offset)
        found = self._kinds.get(at)
        if found is None or entry.end == 0:
            if len(self._kinds) > _KEPT:
                self._kinds.clear()
            found = self._kinds[at] = (entry.key.track, shape(entry.data))
        return found

    def _add_mark(self, entries: Sequence[LogEntry], index: int, rows: list[FoldedRow]) -> None:
        """Add a mark, to the row before if that says the same of other nodes."""
        status = self._status_of(entries[index].key)
        if rows and status is not None:
            before = entries[rows[-1].first]
            if not before.is_line and self._status_of(before.key) == status:
                rows[-1] = rows[-1]._replace(size=rows[-1].size + 1)
                return
        rows.append(FoldedRow(index))


def _run(entries: Sequence[LogEntry], first: int, count: int, opened: Collection[EntryKey]) -> list[FoldedRow]:
    if count >= _LEAST and entries[first].key not in opened:
        return [FoldedRow(first, count, is_fold=True)]
    return [FoldedRow(index) for index in range(first, first + count)]
