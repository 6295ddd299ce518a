"""Queries for searching a log."""

from __future__ import annotations

import re
from typing import Protocol

from dagtui.store.byte_search import occurs, occurs_folded
from dagtui.text.lines import plain_line, printed

_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
_REWRITES = re.compile(rb"\x08|\r(?!\r*(?:\n|\Z))|\x1b(?!\[[0-9;:]*m)")
"""Where the text shown may differ from the text printed, apart from colours."""
_AS_PRINTED = re.compile(rb"[ -~]*")
"""A line that is shown as it was printed."""


class Query(Protocol):
    """A query about lines of a log, applied to many lines at once first and then to each."""

    pattern: re.Pattern[bytes] | None
    """Finds matches in many lines that are shown as they were printed, without colours. None: each must be asked."""
    folds: bool
    """Whether upper and lower case are alike. The pattern is then for lines in lower case."""
    every: bool
    """For a line that is searched in parts: whether all parts must match rather than any."""

    def may_match(self, lines: bytes, /) -> bool:
        """Return whether any of these lines could match. Must be fast, and true when in doubt."""

    def matches(self, line: bytes, /) -> bool:
        """Return whether a line matches, as shown or as it was before parts of it were overwritten."""


class Substring:
    """A plain text. It is case-sensitive only if it has an upper-case letter ("smart case")."""

    every = False

    def __init__(self, text: str) -> None:
        self.folds = text == text.lower()
        self._text = text
        # Only ASCII can be folded without decoding.
        self._bytes = text.encode("utf-8", "surrogatepass") if text.isascii() or not self.folds else b""
        self.pattern: re.Pattern[bytes] | None = None
        if self._bytes and b"\n" not in self._bytes:
            self.pattern = re.compile(re.escape(self._bytes))

    def may_match(self, lines: bytes, /) -> bool:
        """Return whether the text occurs anywhere, ignoring colours, or may result from overwriting."""
        if self._occurs(lines):
            return True
        return has_rewrites(lines) or (b"\x1b" in lines and self._occurs(_COLOUR.sub(b"", lines)))

    def matches(self, line: bytes, /) -> bool:
        """Return whether the text occurs in the line as shown, or in what was overwritten."""
        if not self.may_match(line):
            return False
        if self._is_in(plain_line(line)):
            return True
        return has_rewrites(line) and self._is_in(printed(line))

    def _occurs(self, lines: bytes) -> bool:
        return (occurs_folded if self.folds else occurs)(self._bytes, lines)

    def _is_in(self, shown: str) -> bool:
        return self._text in (shown.lower() if self.folds else shown)


class Without:
    """The lines that another query does not match."""

    every = True
    folds = False
    pattern: re.Pattern[bytes] | None = None

    def __init__(self, query: Query) -> None:
        self._query = query

    def may_match(self, _lines: bytes, /) -> bool:
        """Return True."""
        return True

    def matches(self, line: bytes, /) -> bool:
        """Return whether the other query does not match."""
        return not self._query.matches(line)


class ErrorLine:
    """Lines that look like an error report."""

    every = False
    folds = False
    pattern: re.Pattern[bytes] | None = None
    _WORDS = (b"error", b"exception", b"traceback", b"failed", b"failure", b"fatal", b"panic")
    _REPORT = re.compile(
        r"(?<!\bno )(?<!\b0 )(?<!\bwithout )"
        r"\b(?:\w*error|\w*exception|traceback|failed|failure|fatal|panic(?:ked)?)s?\b"
        r"(?!\W{1,3}0\b)(?!-)",
        re.IGNORECASE,
    )
    _REPORT_IN_BYTES = re.compile(_REPORT.pattern.encode(), re.IGNORECASE)

    def may_match(self, lines: bytes, /) -> bool:
        """Return whether any of the words occurs."""
        folded = lines.lower()
        return any(word in folded for word in self._WORDS)

    def matches(self, line: bytes, /) -> bool:
        """Return whether one of the words stands alone or ends a name, and is not a count of zero."""
        if not self.may_match(line):
            return False
        if _AS_PRINTED.fullmatch(line):  # what is shown is what was printed, and the quick look decides
            return self._REPORT_IN_BYTES.search(line) is not None
        return self.span(plain_line(line)) is not None

    def span(self, shown: str) -> tuple[int, int] | None:
        """Return the position of the first of the words in the text shown."""
        found = self._REPORT.search(shown)
        return found.span() if found else None


def has_rewrites(lines: bytes) -> bool:
    """Return whether the text shown may differ from the text printed, apart from colours."""
    if b"\x1b" not in lines and b"\r" not in lines and b"\x08" not in lines:
        return False  # most logs; the expression takes twenty times as long
    return _REWRITES.search(lines) is not None


def without_colours(lines: bytes) -> bytes:
    """Return lines without the codes that set colours."""
    return _COLOUR.sub(b"", lines) if b"\x1b" in lines else lines


def query(text: str) -> Query:
    """Return the query for a search text. A leading "!" selects the lines that do not contain the rest."""
    if text.startswith("!") and len(text) > 1:
        return Without(Substring(text[1:]))
    return Substring(text)
