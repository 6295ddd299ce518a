"""Log lines that explain a failure: the first error with the lines around it, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.text.lines import copied_line, plain_line
from dagtui.tui.lines.rows import Role, Row, Span, muted, name_run, row
from dagtui.tui.log.attempt_log import ERRORS, NO_ERROR, AttemptLog, FirstError

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.store.log_lines import LogLine

TAIL_LINES = 20
AROUND = 2
"""Number of lines to show before the first error, and after it."""
MOST_CHARACTERS = 1000


class FailureLines:
    """The lines of one node's log that explain its failure. The first error is searched for in steps."""

    def __init__(self, run: RunView) -> None:
        self._run = run
        self._of = (-1, -1)
        self._log: AttemptLog | None = None
        self._error = NO_ERROR
        self._has_asked = False

    @property
    def seeks(self) -> bool:
        """Whether the search for the first error continues, so that another step is needed soon."""
        return self._log is not None and not self._log.complete

    def step(self) -> bool:
        """Search a bounded part of the log. Return whether that found the first error."""
        log = self._log
        if log is None:
            return False
        change = log.refresh()
        if change.replaced:
            self._error = NO_ERROR
        if not self._has_asked or change.replaced or (change.grown and self._error == NO_ERROR and log.complete):
            # The node's last output may arrive after its end.
            log.seek_error()
            self._has_asked = True
        error = log.first_error()
        if error is None or error == self._error:
            return False
        self._error = error
        return True

    def rows(self, node: NodeIndex) -> list[Row]:
        """Return the lines below a title with their node."""
        attempt = self._run.state.attempt[node]
        if self._of != (node, attempt):
            self.close()
            self._of = (node, attempt)
            self._log = AttemptLog(self._run.log_path(node, attempt)) if attempt else None
        log = self._log
        if log is None:
            return []
        self.step()
        lines = log.tail(TAIL_LINES)
        if not lines:
            return []
        name = name_run(self._run.graph.labels[node])
        title = row(muted("the last lines of "), name, jump=node)
        rows = [row(), title, *(_line_row(line) for line in lines)]
        # An error at the beginning of the tail is already visible.
        place = self._error.line - max(0, log.file.line_count - TAIL_LINES)
        if self._error == NO_ERROR or 0 <= place <= AROUND:
            return rows
        return [row(), row(muted("the first error of "), name, jump=node), *_around(log, self._error), *rows]

    def close(self) -> None:
        """Close the file."""
        if self._log is not None:
            self._log.close()
        self._of, self._log = (-1, -1), None
        self._error, self._has_asked = NO_ERROR, False


def _around(log: AttemptLog, error: FirstError) -> list[Row]:
    """Return the line of the error between its neighbours."""
    first = max(0, error.line - AROUND)
    try:
        lines = log.file.lines(first, error.line + AROUND + 1 - first)
        paged = None if error.page is None else log.file.page(error.line, error.page)
    except StoreError:
        return []
    rows = []
    for number, line in enumerate(lines, first):
        if number != error.line:
            rows.append(_line_row(line))
            continue
        shown = line if paged is None else paged
        span = ERRORS.span(plain_line(*shown))
        # For a long line, start at the error.
        start = span[0] - AROUND * 100 if span and span[1] > MOST_CHARACTERS else 0
        rows.append(_line_row(shown, Role.WARNING, start))
    return rows


def _line_row(line: LogLine, role: Role = Role.PLAIN, start: int = 0) -> Row:
    """Return the row of a line. The whole line is copied, as far as it was read, which its text says."""
    text = plain_line(*line)
    exact = None if line.more or line.before else copied_line(line.data)
    shown = row("  ", Span(text[start : start + MOST_CHARACTERS], role), indent=4)
    return shown._replace(whole=f"  {text if exact is None else exact}")
