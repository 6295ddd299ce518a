"""The log of one attempt as the pane reads it: opened when first wanted, its failures kept as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.errors import StoreError
from dagtui.store.log_queries import ErrorLine
from dagtui.store.logs import Change, LogReader
from dagtui.text import label, size
from dagtui.text.lines import copied_line, plain_line
from dagtui.tui.lines.copied import MOST_CHARACTERS, Copied

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.store.log_lines import LogLine

COPIED_LINES = 10_000
ERROR_STEP = 2_097_152
"""Bytes that one frame looks through for an error."""
ERRORS = ErrorLine()


class FirstError(NamedTuple):
    """Where a log first has something that looks like an error."""

    line: int
    page: int | None = None
    """Of a line that is too long to be shown at once, the page that has it."""


NO_ERROR = FirstError(-1)
"""Nothing looks like an error."""


class AttemptLog:
    """A LogFile that never raises while it is looked at, and that can be asked for its first error in steps.

    It is read in the event loop: a read is bounded, and what was written lately lies in memory. A thread would cost
    a frame of delay and two switches for each of them.
    """

    def __init__(self, path: Path) -> None:
        self.file = LogReader(path)
        self.trouble = ""
        """Why it can't be read, safe to show; empty if it can."""
        self._seek_from: FirstError | None = None
        self._is_found = False
        """Whether the line is found, and only its page is looked for."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left to index or to look through."""
        return bool(self.trouble) or (self.file.complete and self._seek_from is None)

    def refresh(self) -> Change:
        """Take in what is new; a bounded part of it at once."""
        try:
            change = self.file.refresh()
        except StoreError as error:
            self.trouble = label(error, 500)
            return Change()
        self.trouble = ""
        return change

    def seek_error(self) -> None:
        """Begin to look for the first line that looks like an error."""
        self._seek_from, self._is_found = FirstError(0), False

    def first_error(self) -> FirstError | None:
        """Go on looking for it; NO_ERROR when there is none; None while nobody knows, or nobody asked."""
        sought = self._seek_from
        if sought is None or not self.file.numbered:
            return None
        try:
            found = self._sought(sought)
        except StoreError as error:
            self.trouble = label(error, 500)
            found = NO_ERROR
        if found is not None:
            self._seek_from = None
        return found

    def _sought(self, sought: FirstError) -> FirstError | None:
        if not self._is_found:
            line, resume = self.file.find_next(ERRORS, sought.line, ERROR_STEP)
            if line is None:
                self._seek_from = None if resume is None else FirstError(resume)
                return NO_ERROR if resume is None else None
            sought = FirstError(line, 0)
            if self.file.page_count(line) == 1:
                return FirstError(line)
            self._is_found = True
        page, resume = self.file.find_page(ERRORS, sought.line, sought.page or 0, 1, ERROR_STEP)
        if page is None and resume is not None:
            self._seek_from = FirstError(sought.line, resume)
            return None
        return FirstError(sought.line, page)

    def text(self, first: int, last: int) -> Copied:
        """The lines from one to another, at most COPIED_LINES of them, whole and without colours."""
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

    def _whole(self, number: int, most: int) -> tuple[str, int]:
        """A line for copying, and how many bytes of it are left out."""
        found = self.file.whole(number, max(1, most))
        text = None if found is None else copied_line(found.data)
        if found is not None and text is not None:
            return text, found.more
        # It was drawn over: what the screen shows of it is all that a terminal would have been left with.
        return "\n".join(plain_line(*line) for line in self.file.lines(number, 1)), 0

    def tail(self, count: int) -> list[LogLine]:
        """The last lines; none when they can't be read."""
        try:
            return self.file.tail(count)
        except StoreError as error:
            self.trouble = label(error, 500)
            return []

    def close(self) -> None:
        """Give the file back."""
        self.file.close()
