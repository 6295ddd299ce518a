"""Search of a log for a regular expression. Only a search over all logs leads to one, so it is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.regular_queries import compiled, is_quick, regular
from dagtui.tui.log.hits import Finder

if TYPE_CHECKING:
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


def finder_of_hit(expression: str, found: str) -> FinderAt | None:
    """Return what begins a search at a line where an expression has found a text.

    It looks for the expression, or for the text if the expression could hold the screen up. None: for neither.
    """
    if is_quick(expression):
        return lambda log, line: ExpressionFinder(log, expression, line)
    text = found.lstrip("!")
    return (lambda log, line: Finder(log, text, line)) if text else None
