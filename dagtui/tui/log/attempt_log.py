"""The log of one attempt as the pane reads it: opened when first wanted, its failures kept as words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.logs import Change, LogFile, LogLine
from dagtui.store.queries import ErrorLine
from dagtui.text import label
from dagtui.text.lines import plain_line

if TYPE_CHECKING:
    from pathlib import Path

COPIED_LINES = 10_000
ERROR_STEP = 2_097_152
"""Bytes that one frame looks through for an error."""


class AttemptLog:
    """A LogFile that never raises while it is looked at, and that can be asked for its first error in steps.

    It is read in the event loop: a read is bounded, and what was written lately lies in memory. A thread would cost
    a frame of delay and two switches for each of them.
    """

    def __init__(self, path: Path) -> None:
        self.file = LogFile(path)
        self.trouble = ""
        """Why it can't be read, safe to show; empty if it can."""
        self._seek_from: int | None = None

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
        self._seek_from = 0

    def first_error(self) -> int | None:
        """Go on looking for it; the line, or -1 when there is none; None while nobody knows, or nobody asked."""
        if self._seek_from is None or not self.file.numbered:
            return None
        try:
            line, resume = self.file.find_next(ErrorLine(), self._seek_from, ERROR_STEP)
        except StoreError as error:
            self.trouble = label(error, 500)
            line, resume = None, None
        self._seek_from = resume
        if resume is not None:
            return None
        return -1 if line is None else line

    def text(self, first: int, last: int) -> str:
        """The lines from one to another, at most COPIED_LINES of them, without colours."""
        count = min(last - first + 1, COPIED_LINES)
        try:
            lines = self.file.lines(first, count)
        except StoreError as error:
            return label(error, 500)
        return "\n".join(plain_line(*line) for line in lines)

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
