"""The lines of a log that match, found in steps while the log grows."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.log_queries import Query, query

if TYPE_CHECKING:
    from dagtui.store.logs import LogReader

STEP_BYTES = 262_144
"""So much is looked at between two looks at the clock."""
STEP_SECONDS = 0.01
"""About so long a step takes: a person who types must not notice it."""
MOST_HITS = 1_000_000
"""No more lines than this are remembered: 8 MB."""


class Tally(NamedTuple):
    """How many lines match: "3/17"."""

    number: int
    """Which of them is the current one, from 1; 0: none is, or nobody can say yet."""
    total: int
    """As far as they are known."""
    progress: float
    """The share of the log that was looked at; 1: all of it."""


class Finder:
    """One search in one log; `step` does a bounded part of it, `found` are the lines so far, in order.

    It looks from the line where it begins to the end, and at what lies before that line afterwards: of a large log, a
    person waits for the next hit and not for the first.
    """

    def __init__(self, log: LogReader, text: str, start: int = 0) -> None:
        """`start` is the line where it begins."""
        self.text = text
        self.query: Query = query(text)
        self.found = array("q")
        self.current = start - 1
        """The line that n and N start from; -1: none."""
        self._log = log
        self._start = start
        self._next = start
        """The first line from there on that was not looked at, or may have changed since."""
        self._at_end = False
        """Whether the last line was looked at, as it is now."""
        self._before = 0
        """The first line before the start that was not looked at."""
        self._hits_before = 0
        """How many of those found are before the start."""
        self._wanted = 0
        """The direction in which a hit is wanted that is not known yet."""

    @property
    def inverted(self) -> bool:
        """Whether lines without the text are looked for."""
        return self.text.startswith("!") and len(self.text) > 1

    @property
    def finished(self) -> bool:
        """Whether every line was looked at."""
        return self._at_end and self._before >= self._start

    def step(self, budget: int = STEP_BYTES) -> bool:
        """Look at some more lines; returns whether other lines match now."""
        before = self.found[-1:], len(self.found)
        # The last line may have been different when it was looked at.
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
        except StoreError:  # the view says why the log can't be read
            self._give_up()
        if len(self.found) == MOST_HITS:
            self._give_up()
        self._next = min(self._next, max(self._start, self._log.line_count - 1))
        return (self.found[-1:], len(self.found)) != before

    def _give_up(self) -> None:
        self._next, self._before, self._at_end = self._log.line_count, self._start, True

    def grown(self) -> None:
        """The log has more, and its last line may be another."""
        self._at_end = False

    def redrawn(self, line: int) -> None:
        """Lines from one on may be other ones now."""
        self._at_end = False
        if line < self._before:
            kept = bisect_left(self.found, line, 0, self._hits_before)
            del self.found[kept : self._hits_before]
            self._hits_before, self._before = kept, line
        self._next = min(self._next, max(self._start, line))

    def is_hit(self, line: int) -> bool:
        """Whether a line is known to match."""
        number = bisect_left(self.found, line)
        return number < len(self.found) and self.found[number] == line

    def inserted(self, count: int) -> None:
        """Lines were put before those that were known: all are looked at anew."""
        self.found = array("q")
        self._start += count
        self._next = self._start
        self._before = self._hits_before = 0
        self._at_end = False
        if self.current >= 0:
            self.current += count

    def _search(self, line: int, end: int, budget: int, until: float) -> tuple[array[int], int]:
        """The hits from a line to before another, and how far it came until that time."""
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
        """Ask for the hit after the current line, or before it if the direction is below 0."""
        self._wanted = direction

    def arrive(self) -> int | None:
        """The hit that is wanted, once it is known for sure; it is the current line from then on."""
        if not self._wanted:
            return None
        hit = self.after(self.current) if self._wanted > 0 else self.before(self.current)
        if not self.finished and (hit is None or not self._is_next(hit)):
            return None
        if hit is None and not self._log.numbered:
            return None  # it may lie in what is still to be indexed
        self._wanted = 0
        if hit is not None:
            self.current = hit
        return hit

    def _is_next(self, hit: int) -> bool:
        """Whether there can be no other hit on the way from the current line to this one."""
        first, last = (self.current, hit) if self._wanted > 0 else (hit, self.current)
        if first < last:
            return self._knows(first + 1, last)
        return self._knows(first + 1, self._log.line_count) and self._knows(0, last)

    def _knows(self, line: int, end: int) -> bool:
        """Whether every line from one to before another was looked at."""
        known = self._log.line_count if self._at_end else self._next
        if line >= self._start or self._before >= self._start:
            return line >= end or end <= known
        return line >= end or end <= self._before

    def tally(self) -> Tally:
        """Where the current line stands among those that match."""
        number = bisect_left(self.found, self.current)
        looked_at = 1.0
        if not self.finished:
            looked_at = (self._next - self._start + self._before) / max(1, self._log.line_count)
        return Tally(
            number + 1 if self.is_hit(self.current) and self._knows(0, self.current) else 0, len(self.found), looked_at
        )

    def after(self, line: int) -> int | None:
        """The first match after a line, from the start again if there is none."""
        if not self.found:
            return None
        index = bisect_right(self.found, line)
        return self.found[index if index < len(self.found) else 0]

    def before(self, line: int) -> int | None:
        """The last match before a line, from the end again if there is none."""
        if not self.found:
            return None
        return self.found[bisect_left(self.found, line) - 1]

    def marks(self, line: int, text: str) -> list[tuple[int, int]]:
        """What to mark in a line: all of one in which the text was overwritten since."""
        spans = self.spans(text)
        if spans or self.inverted or not self.is_hit(line):
            return spans
        return [(0, len(text))]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the text that is looked for occurs in a line."""
        wanted = self.text
        if self.inverted or not wanted:
            return []
        folded = text.lower() if wanted == wanted.lower() else text
        if len(folded) != len(text):
            return []  # a letter whose lower case is longer: the positions would be wrong
        found = []
        at = folded.find(wanted)
        while at >= 0:
            found.append((at, at + len(wanted)))
            at = folded.find(wanted, at + len(wanted))
        return found
