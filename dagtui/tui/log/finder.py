"""The lines of a log that match, found in steps while the log grows."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.queries import Query, query

if TYPE_CHECKING:
    from dagtui.store.logs import LogFile

STEP_BYTES = 262_144
"""So much is looked at between two looks at the clock."""
STEP_SECONDS = 0.01
"""About so long a step takes: a person who types must not notice it."""
MOST_HITS = 1_000_000
"""No more lines than this are remembered: 8 MB."""


class Tally(NamedTuple):
    """How many lines match: "3/17"."""

    number: int
    """Which of them is the current one, from 1; 0: none is."""
    total: int
    finished: bool
    """Whether the whole log was looked at."""


class Finder:
    """One search in one log; `step` does a bounded part of it, `found` are the lines so far, in order."""

    def __init__(self, log: LogFile, text: str) -> None:
        self.text = text
        self.query: Query = query(text)
        self.found = array("q")
        self.current = -1
        """The line that n and N start from; -1: none."""
        self._log = log
        self._next = 0
        """The first line that was not looked at, or may have changed since."""
        self._stale = True
        self._wanted = 0
        """The direction in which a hit is wanted that is not known yet."""

    @property
    def inverted(self) -> bool:
        """Whether lines without the text are looked for."""
        return self.text.startswith("!") and len(self.text) > 1

    @property
    def finished(self) -> bool:
        """Whether every line was looked at."""
        return not self._stale and self._next >= self._log.line_count - 1

    def step(self, budget: int = STEP_BYTES) -> bool:
        """Look at some more lines; returns whether other lines match now."""
        before = self.found[-1:], len(self.found)
        # The last line may have been different when it was looked at.
        while self.found and self.found[-1] >= self._next:
            self.found.pop()
        try:
            self._search(budget, time.perf_counter() + STEP_SECONDS)
        except StoreError:
            self._next = self._log.line_count  # the view says why the log can't be read
        if len(self.found) == MOST_HITS:
            self._next = self._log.line_count
        self._next = min(self._next, max(0, self._log.line_count - 1))
        self._stale = False
        return (self.found[-1:], len(self.found)) != before

    def grown(self) -> None:
        """The log has more, and its last line may be another."""
        self._stale = True

    def inserted(self, count: int) -> None:
        """Lines were put before those that were known: all are looked at anew."""
        self.found = array("q")
        self._next = 0
        self._stale = True
        if self.current >= 0:
            self.current += count

    def _search(self, budget: int, until: float) -> None:
        while len(self.found) < MOST_HITS:
            line, resume = self._log.find_next(self.query, self._next, budget)
            if line is not None:
                self.found.append(line)
                self._next = line + 1
            elif resume is not None:
                self._next = resume
            else:
                self._next = self._log.line_count
                return
            if time.perf_counter() > until:
                return

    def want(self, direction: int) -> None:
        """Ask for the hit after the current line, or before it if the direction is below 0."""
        self._wanted = direction

    def arrive(self) -> int | None:
        """The hit that is wanted, once it is known for sure; it is the current line from then on."""
        if not self._wanted:
            return None
        here = self.current
        hit = self.after(here) if self._wanted > 0 else self.before(here)
        # A hit from the other end counts only when there is none left on the way there.
        on_the_way = hit is not None and (hit > here if self._wanted > 0 else hit < here <= self._next)
        if not on_the_way and not self.finished:
            return None
        self._wanted = 0
        if hit is not None:
            self.current = hit
        return hit

    def tally(self) -> Tally:
        """Where the current line stands among those that match."""
        number = bisect_left(self.found, self.current)
        is_hit = number < len(self.found) and self.found[number] == self.current
        return Tally(number + 1 if is_hit else 0, len(self.found), self.finished)

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
