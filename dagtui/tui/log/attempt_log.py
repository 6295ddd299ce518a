"""Log of one attempt, as the pane reads it: opened when first needed, with read errors kept as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.log_queries import ErrorLine
from dagtui.store.logs import Change, LogReader
from dagtui.text import label, size
from dagtui.text.lines import copied_line, plain_line
from dagtui.tui.actions.pagers import PagedLine
from dagtui.tui.lines.copied import MOST_CHARACTERS, Copied
from dagtui.tui.log.hits import STEP_BYTES, STEP_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.log_lines import LogLine

COPIED_LINES = 10_000
ERRORS = ErrorLine()


class FirstError(NamedTuple):
    """The first line of a log that looks like an error."""

    line: int
    page: int | None = None
    """For a line too long to be shown at once, the page with the error."""


NO_ERROR = FirstError(-1)
"""No line looks like an error."""


class AttemptLog:
    """A LogReader that never raises, with a stepwise search for the first error.

    It is read in the event loop: a read is bounded, and recent output is in memory. A thread would cost a frame of
    delay and two switches for each read.
    """

    def __init__(self, path: Path) -> None:
        self.file = LogReader(path)
        self.trouble = ""
        """Why the log cannot be read, safe to show. Empty if it can be read."""
        self._seek_from: FirstError | None = None
        self._is_found = False
        """Whether the line has been found and only its page is missing."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to index or to search."""
        return bool(self.trouble) or (self.file.complete and self._seek_from is None)

    def refresh(self) -> Change:
        """Read a bounded part of the new output."""
        try:
            change = self.file.refresh()
        except StoreError as error:
            self.trouble = label(error, 500)
            return Change()
        self.trouble = ""
        return change

    def line_at(self, offset: int) -> int | None:
        """Return the line that a byte is in, or None if it is not indexed yet."""
        try:
            return self.file.line_at(offset)
        except StoreError as error:
            self.trouble = label(error, 500)
            return None

    def seek_error(self) -> None:
        """Start searching for the first line that looks like an error."""
        self._seek_from, self._is_found = FirstError(0), False

    def first_error(self) -> FirstError | None:
        """Continue the search. Return NO_ERROR if there is none, or None if it is still open or none is active."""
        sought = self._seek_from
        if sought is None or not self.file.numbered:
            return None
        until = time.perf_counter() + STEP_SECONDS
        try:
            found = self._sought(sought)
            while found is None and self._seek_from is not None and time.perf_counter() < until:
                found = self._sought(self._seek_from)
        except StoreError as error:
            self.trouble = label(error, 500)
            found = NO_ERROR
        if found is not None:
            self._seek_from = None
        return found

    def _sought(self, sought: FirstError) -> FirstError | None:
        if not self._is_found:
            line, resume = self.file.find_next(ERRORS, sought.line, STEP_BYTES)
            if line is None:
                self._seek_from = None if resume is None else FirstError(resume)
                return NO_ERROR if resume is None else None
            sought = FirstError(line, 0)
            if self.file.page_count(line) == 1:
                return FirstError(line)
            self._is_found = True
        page, resume = self.file.find_page(ERRORS, sought.line, sought.page or 0, 1, STEP_BYTES)
        if page is None and resume is not None:
            self._seek_from = FirstError(sought.line, resume)
            return None
        return FirstError(sought.line, page)

    def text(self, first: int, last: int) -> Copied:
        """Return the lines of a range, at most COPIED_LINES, in full and without colours."""
        texts: list[str] = []
        room = MOST_CHARACTERS
        try:
            for number in range(first, min(last, first + COPIED_LINES - 1) + 1):
                text, left_out = self._whole(number, room)
                texts.append(text)
                room -= len(text) + 1
                if left_out:
                    return Copied("\n".join(texts), f"line {number + 1:,} without its last {size(left_out)}")
                if room <= 0:
                    break
        except StoreError as error:
            return Copied("", label(error, 500))
        wanted = last - first + 1
        remark = f"only the first {len(texts):,} of {wanted:,} lines" if len(texts) < wanted else ""
        return Copied("\n".join(texts), remark)

    def place_of(self, line: int, *, last: bool) -> PagedLine | None:
        """Return where a line is in the file, or None if there is none, or if it can't be read."""
        if not 0 <= line < self.file.line_count:
            return None
        try:
            offset = self.file.offset_of(line)
        except StoreError:
            return None
        row = self.file.row_in_file(line)
        return PagedLine(offset, None if row is None else row + 1, last)

    def _whole(self, number: int, most: int) -> tuple[str, int]:
        """Return a line for copying, and the number of bytes left out."""
        found = self.file.whole(number, max(1, most))
        text = None if found is None else copied_line(found.data)
        if found is not None and text is not None:
            return text, found.more
        # The line was drawn over: what the screen shows is all that a terminal would have kept.
        return "\n".join(plain_line(*line) for line in self.file.lines(number, 1)), 0

    def tail(self, count: int) -> list[LogLine]:
        """Return the last lines, or none if they cannot be read."""
        try:
            return self.file.tail(count)
        except StoreError as error:
            self.trouble = label(error, 500)
            return []

    def close(self) -> None:
        """Close the file."""
        self.file.close()
