"""What to look for in a log."""

from __future__ import annotations

import re
from typing import Protocol

from dagtui.text.lines import plain_line, printed

_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
_REWRITES = re.compile(rb"\x08|\r(?!\r*(?:\n|\Z))|\x1b(?!\[[0-9;:]*m)")
"""Where what is shown may be something else than what was printed, colours aside."""


class Query(Protocol):
    """A question about lines of a log, asked of many lines at once first and then of each."""

    every: bool
    """Of a line that is looked at in parts: whether all of them must match, and not any of them."""

    def may_match(self, lines: bytes, /) -> bool:
        """Whether any of these lines could match; must be fast, and true when in doubt."""

    def matches(self, line: bytes, /) -> bool:
        """Whether a line matches, as it is shown or as it was before parts of it were overwritten."""


class Substring:
    """A plain text; its case matters only if it has an upper-case letter ("smart case")."""

    every = False

    def __init__(self, text: str) -> None:
        self._folds = text == text.lower()
        self._text = text
        # Only ASCII can be folded without decoding.
        self._bytes = text.encode("utf-8", "surrogatepass") if text.isascii() or not self._folds else b""

    def may_match(self, lines: bytes, /) -> bool:
        """Whether the text occurs anywhere, colours aside, or may come about by what is overwritten."""
        if self._occurs(lines):
            return True
        if b"\x1b" not in lines:
            return (b"\r" in lines or b"\x08" in lines) and _REWRITES.search(lines) is not None
        return _REWRITES.search(lines) is not None or self._occurs(_COLOUR.sub(b"", lines))

    def matches(self, line: bytes, /) -> bool:
        """Whether the text occurs in the line as it is shown, or in what was overwritten."""
        if not self.may_match(line):
            return False
        if self._is_in(plain_line(line)):
            return True
        return _REWRITES.search(line) is not None and self._is_in(printed(line))

    def _occurs(self, lines: bytes) -> bool:
        return self._bytes in (lines.lower() if self._folds else lines)

    def _is_in(self, shown: str) -> bool:
        return self._text in (shown.lower() if self._folds else shown)


class Without:
    """The lines that another query does not match."""

    every = True

    def __init__(self, query: Query) -> None:
        self._query = query

    def may_match(self, _lines: bytes, /) -> bool:
        """Always true."""
        return True

    def matches(self, line: bytes, /) -> bool:
        """Whether the other query does not match."""
        return not self._query.matches(line)


class ErrorLine:
    """Lines that look like the report of an error."""

    every = False
    _WORDS = (b"error", b"exception", b"traceback", b"failed", b"failure", b"fatal", b"panic")
    _REPORT = re.compile(
        r"(?<!\bno )(?<!\b0 )(?<!\bwithout )"
        r"\b(?:\w*error|\w*exception|traceback|failed|failure|fatal|panic(?:ked)?)s?\b"
        r"(?!\W{1,3}0\b)(?!-)",
        re.IGNORECASE,
    )

    def may_match(self, lines: bytes, /) -> bool:
        """Whether any of the words occurs."""
        folded = lines.lower()
        return any(word in folded for word in self._WORDS)

    def matches(self, line: bytes, /) -> bool:
        """Whether one of the words stands alone or ends a name, and does not count zero of it."""
        return self.may_match(line) and self.span(plain_line(line)) is not None

    def span(self, shown: str) -> tuple[int, int] | None:
        """Where the first of the words stands in what is shown of a line."""
        found = self._REPORT.search(shown)
        return found.span() if found else None


def query(text: str) -> Query:
    """What a person typed: a plain text; with "!" before it, the lines that don't have it."""
    if text.startswith("!") and len(text) > 1:
        return Without(Substring(text[1:]))
    return Substring(text)
