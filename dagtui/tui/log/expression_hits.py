"""Search of a log for a regular expression. Only a search over all logs leads to one, so it is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.report.search_process import MOST_TEXT
from dagtui.store.log_queries import has_rewrites, without_colours
from dagtui.store.regular_queries import Regular, compiled, is_quick, regular
from dagtui.text.lines import plain_line, printed
from dagtui.tui.log.hits import Finder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.report.search_process import RunHit
    from dagtui.store.logs import LogReader
    from dagtui.tui.log.hits import FinderAt


class ExpressionFinder(Finder):
    """Searches one log for a regular expression of Python."""

    inverted = False

    def __init__(self, log: LogReader, text: str, start: int = 0) -> None:
        """Search for the expression `text`, beginning at line `start`."""
        super().__init__(log, text, start)
        self.query = regular(text)
        self._expression = compiled(text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the expression matches in a line."""
        return [found.span() for found in self._expression.finditer(text) if found[0]]


class ListedLines(Regular):
    """The lines that a search over all logs has listed, for an expression that takes too long to be tried on a line.

    Whether an expression matches depends on nothing but the line, so a line is one of them if it has the same text.
    """

    def __init__(self, expression: str, hits: Iterable[RunHit]) -> None:
        super().__init__(expression)
        self._spans: dict[tuple[int, str], tuple[int, int]] = {}
        for hit in hits:
            self._spans[hit.cut, hit.text] = hit.start + hit.cut, hit.end + hit.cut
        self._cuts = {cut for cut, _ in self._spans}

    def may_match(self, lines: bytes, /) -> bool:
        """Return whether the lines have what every match has, or may have had it."""
        return has_rewrites(lines) or self.has_needed(without_colours(lines))

    def matches(self, line: bytes, /) -> bool:
        """Return whether the search has listed a line of this text, or what was overwritten of it."""
        if self.span(plain_line(line)) is not None:
            return True
        return has_rewrites(line) and any(self.span(text) is not None for text in printed(line).split("\n"))

    def span(self, text: str) -> tuple[int, int] | None:
        """Return where the expression matches first in a line, or None if no line of this text is listed."""
        whole = self._spans.get((0, text))
        if whole is not None or len(text) < MOST_TEXT:
            return whole
        found = (self._spans.get((cut, text[cut : cut + MOST_TEXT])) for cut in self._cuts)
        return next((span for span in found if span is not None), None)


class ListedFinder(Finder):
    """Goes through the lines that a search over all logs has listed, in any of its logs."""

    inverted = False

    def __init__(self, log: LogReader, listed: ListedLines, text: str, start: int = 0) -> None:
        """Begin at line `start`. `text` is the expression."""
        super().__init__(log, text, start)
        self.query = self._listed = listed

    def again(self, log: LogReader) -> Finder:
        """Return a search for the same lines in another log, or in one that was replaced."""
        return ListedFinder(log, self._listed, self.text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the expression matches first in a line that is listed."""
        span = self._listed.span(text)
        return [span] if span and span[0] < span[1] else []


def finder_of_hit(expression: str, hits: Iterable[RunHit]) -> FinderAt:
    """Return what begins a search for an expression at a line.

    If the expression could hold the screen up, the search is for the lines in which it is known to match.
    """
    if is_quick(expression):
        return lambda log, line: ExpressionFinder(log, expression, line)
    listed = ListedLines(expression, hits)
    return lambda log, line: ListedFinder(log, listed, expression, line)
