"""Stepwise search for the matching lines of a log while it grows."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.log_queries import Query, query

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from dagtui.store.logs import LogReader

    FinderAt: TypeAlias = Callable[[LogReader, int], "Finder"]
    """Begins a search in a log at a line."""

STEP_BYTES = 262_144
"""Bytes to search between two looks at the clock."""
STEP_SECONDS = 0.01
"""Approximate duration of a step: a person who types must not notice it."""
MOST_HITS = 1_000_000
"""The most lines remembered: 8 MB."""


class Tally(NamedTuple):
    """Number of matching lines, as in "3/17"."""

    number: int
    """The number of the current one, from 1. 0 if none is, or if unknown."""
    total: int
    """As far as they are known."""
    progress: float
    """The share of the log that was searched. 1: all of it."""


class Finder:
    """One search in one log. `step` does a bounded part of it; `found` are the matching lines so far, in order.

    The search runs from its first line to the end, then through the lines before: in a large log, a person waits for
    the next hit, not for the first.
    """

    def __init__(self, log: LogReader, text: str, start: int = 0) -> None:
        """Search for `text`, beginning at line `start`."""
        self.text = text
        self.query: Query = query(text)
        self.found = array("q")
        self.current = start - 1
        """The line that n and N start from. -1: none."""
        self._log = log
        self._start = start
        self._next = start
        """The first line after the start that was not searched, or may have changed since."""
        self._at_end = False
        """Whether the last line was searched in its present form."""
        self._before = 0
        """The first line before the start that was not searched."""
        self._hits_before = 0
        """Number of hits before the start."""
        self._wanted = 0
        """The direction of a requested hit that is not known yet."""

    def again(self, log: LogReader) -> Finder:
        """Return a search for the same in another log, or in one that was replaced."""
        return type(self)(log, self.text)

    @property
    def inverted(self) -> bool:
        """Whether the search is for lines without the text."""
        return self.text.startswith("!") and len(self.text) > 1

    @property
    def finished(self) -> bool:
        """Whether every line was searched."""
        return self._at_end and self._before >= self._start

    def step(self, budget: int = STEP_BYTES) -> bool:
        """Search some more lines. Return whether the matching lines have changed."""
        before = self.found[-1:], len(self.found)
        # The last line may have been different when it was searched.
        while len(self.found) > self._hits_before and self.found[-1] >= self._next:
            self.found.pop()
        until = time.perf_counter() + STEP_SECONDS
        try:
            hits, self._next = self._search(self._next, self._log.line_count, budget, until)
            self.found += hits
            was_at_end, self._at_end = self._at_end, self._next >= self._log.line_count
            in_time = was_at_end or time.perf_counter() <= until
            if self._at_end and in_time and self._before < self._start:
                hits, self._before = self._search(self._before, self._start, budget, until)
                self.found[self._hits_before : self._hits_before] = hits
                self._hits_before += len(hits)
        except StoreError:  # the view says why the log cannot be read
            self._give_up()
        if len(self.found) == MOST_HITS:
            self._give_up()
        self._next = min(self._next, max(self._start, self._log.line_count - 1))
        return (self.found[-1:], len(self.found)) != before

    def _give_up(self) -> None:
        self._next, self._before, self._at_end = self._log.line_count, self._start, True

    def grown(self) -> None:
        """Note that the log has grown, and that its last line may have changed."""
        self._at_end = False

    def redrawn(self, line: int) -> None:
        """Note that lines from `line` on may have changed."""
        self._at_end = False
        if line < self._before:
            kept = bisect_left(self.found, line, 0, self._hits_before)
            del self.found[kept : self._hits_before]
            self._hits_before, self._before = kept, line
        self._next = min(self._next, max(self._start, line))

    def is_hit(self, line: int) -> bool:
        """Return whether a line is known to match."""
        number = bisect_left(self.found, line)
        return number < len(self.found) and self.found[number] == line

    def inserted(self, count: int) -> None:
        """Search everything again: `count` lines were inserted before the known ones."""
        self.found = array("q")
        self._start += count
        self._next = self._start
        self._before = self._hits_before = 0
        self._at_end = False
        if self.current >= 0:
            self.current += count

    def _search(self, line: int, end: int, budget: int, until: float) -> tuple[array[int], int]:
        """Return the hits in lines [line, end) and how far the search came by the time `until`."""
        hits = array("q")
        while line < end and len(self.found) + len(hits) < MOST_HITS:
            hit, resume = self._log.find_next(self.query, line, budget)
            if hit is not None and hit < end:
                hits.append(hit)
                line = hit + 1
            else:
                line = end if resume is None else resume
            if time.perf_counter() > until:
                break
        return hits, min(line, end)

    def want(self, direction: int) -> None:
        """Request the hit after the current line, or before it if the direction is negative."""
        self._wanted = direction

    def arrive(self) -> int | None:
        """Return the requested hit once it is certain, and make it the current line."""
        if not self._wanted:
            return None
        hit = self.after(self.current) if self._wanted > 0 else self.before(self.current)
        if not self.finished and (hit is None or not self._is_next(hit)):
            return None
        if hit is None and not self._log.numbered:
            return None  # it may lie in the part that is not indexed yet
        self._wanted = 0
        if hit is not None:
            self.current = hit
        return hit

    def _is_next(self, hit: int) -> bool:
        """Return whether there is no other hit between the current line and this one."""
        first, last = (self.current, hit) if self._wanted > 0 else (hit, self.current)
        if first < last:
            return self._knows(first + 1, last)
        return self._knows(first + 1, self._log.line_count) and self._knows(0, last)

    def _knows(self, line: int, end: int) -> bool:
        """Return whether every line in [line, end) was searched."""
        known = self._log.line_count if self._at_end else self._next
        if line >= self._start or self._before >= self._start:
            return line >= end or end <= known
        return line >= end or end <= self._before

    def tally(self) -> Tally:
        """Return the position of the current line among the matching lines."""
        number = bisect_left(self.found, self.current)
        looked_at = 1.0
        if not self.finished:
            looked_at = (self._next - self._start + self._before) / max(1, self._log.line_count)
        return Tally(
            number + 1 if self.is_hit(self.current) and self._knows(0, self.current) else 0, len(self.found), looked_at
        )

    def after(self, line: int) -> int | None:
        """Return the first match after a line, wrapping around."""
        if not self.found:
            return None
        index = bisect_right(self.found, line)
        return self.found[index if index < len(self.found) else 0]

    def before(self, line: int) -> int | None:
        """Return the last match before a line, wrapping around."""
        if not self.found:
            return None
        return self.found[bisect_left(self.found, line) - 1]

    def marks(self, line: int, text: str) -> list[tuple[int, int]]:
        """Return what to mark in a line: all of it if the matching text was overwritten since."""
        spans = self.spans(text)
        if spans or self.inverted or not self.is_hit(line):
            return spans
        return [(0, len(text))]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the searched text occurs in a line."""
        wanted = self.text
        if self.inverted or not wanted:
            return []
        folded = text.lower() if wanted == wanted.lower() else text
        if len(folded) != len(text):
            return []  # a letter has a longer lower case: the positions would be wrong
        found = []
        at = folded.find(wanted)
        while at >= 0:
            found.append((at, at + len(wanted)))
            at = folded.find(wanted, at + len(wanted))
        return found
