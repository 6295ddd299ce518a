"""The lines that a search over all logs has found, as rows below the names of their nodes."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.messages import FIRST_ATTEMPT, AttemptNumber
from dagtui.text import cell_width, fit, label, plural
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.lines.rows import SPACE, Role, Row, Span, muted, row, sign_role, spaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.graph.model import NodeIndex
    from dagtui.report.search_process import RunHit, SearchNews
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look

_NUMBER = 7
"""Cells for the number of a line."""
_BEFORE = 12
"""Cells before a hit that is shown at all where the line is cut before it."""


@dataclass(slots=True)
class FoundInLog:
    """The hits in the log of one attempt."""

    node: str
    """The label of the node."""
    attempt: AttemptNumber
    total: int = 0
    hits: list[RunHit] = field(default_factory=list)
    """Those that are listed."""

    @property
    def rows(self) -> int:
        """The rows of its lines, and one about those that are not listed."""
        return len(self.hits) + (self.total > len(self.hits))


class FoundAt(NamedTuple):
    """What a row shows."""

    log: FoundInLog
    hit: RunHit | None
    """None: the heading of the log."""


class FoundLines:
    """Everything that was found so far, in the order in which the nodes began. It is the source of a list of rows."""

    def __init__(self, run: RunView, look: Look) -> None:
        self._run = run
        self._look = look
        self._logs: list[FoundInLog] = []
        self._starts: list[int] = []
        """The row of each log's heading."""
        self._count = 0
        self.total = 0
        """Lines that match."""
        self.searched = self.logs = 0
        """How many logs of how many were searched."""
        self._nodes = 0
        self._folded = False

    def add(self, news: SearchNews) -> None:
        """Add what a search has to say."""
        self.searched, self.logs = news.searched or self.searched, news.logs or self.logs
        if not news.node:
            return
        last = self._logs[-1] if self._logs else None
        if last is None or (last.node, last.attempt) != (news.node, news.attempt):
            self._nodes += last is None or last.node != news.node
            self._starts.append(self._count)
            last = FoundInLog(news.node, news.attempt)
            self._logs.append(last)
        last.total += news.total
        last.hits += news.hits
        self.total += news.total
        self._count = self._starts[-1] + 1 + (0 if self._folded else last.rows)

    @property
    def hits(self) -> Iterator[RunHit]:
        """All lines that are listed."""
        return (hit for log in self._logs for hit in log.hits)

    @property
    def nodes(self) -> int:
        """The number of nodes with hits."""
        return self._nodes

    @property
    def folded(self) -> bool:
        """Whether only the names of nodes are shown, with the numbers of their hits. Settable."""
        return self._folded

    @folded.setter
    def folded(self, folded: bool) -> None:
        self._folded = folded
        self._starts, self._count = [], 0
        for log in self._logs:
            self._starts.append(self._count)
            self._count += 1 + (0 if folded else log.rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    def at(self, index: int) -> FoundAt | None:
        """Return what a row shows, or None if there is no such row."""
        if not 0 <= index < self._count:
            return None
        log, number = self._of(index)
        return FoundAt(log, log.hits[number] if 0 <= number < len(log.hits) else None)

    def _of(self, index: int) -> tuple[FoundInLog, int]:
        """Return the log of a row and the number of its line. -1: the heading."""
        at = self.log_number(index)
        return self._logs[at], index - self._starts[at] - 1

    def log_number(self, index: int) -> int:
        """Return which of the logs a row is of, counted from 0."""
        return bisect_right(self._starts, index) - 1

    def heading_row(self, log: int) -> int:
        """Return the row of a log's heading."""
        return self._starts[log]

    def next_heading(self, index: int, step: int) -> int | None:
        """Return the heading after the log of a row, or before it for a step of -1."""
        at = self.log_number(index)
        if step < 0 and at >= 0 and self._starts[at] < index:
            return self._starts[at]
        return self._starts[at + step] if 0 <= at + step < len(self._starts) else None

    def row(self, index: int, width: CellWidth) -> Row:
        """Return a row for a width. Every row leads to a line, that of a heading to the first one."""
        log, number = self._of(index)
        if number < 0:
            return self._heading(log, index, width)
        if number >= len(log.hits):
            more = plural(log.total - len(log.hits), "more line")
            return row(spaces(_NUMBER + 2), muted(f"{more} counted, not listed"))
        return Row(tuple(self._line(log.hits[number], width)), jump=index)

    def _heading(self, log: FoundInLog, index: int, width: CellWidth) -> Row:
        node = self.node_of(log)
        attempt = "" if log.attempt == FIRST_ATTEMPT else f"  attempt {log.attempt}"
        after = f"  {plural(log.total, 'hit')}"
        sign = SPACE
        if node is not None:
            status = self._run.state.status_of(node)
            sign = Span(self._look.glyphs.statuses[status], sign_role(status))
        room = CellWidth(max(8, width - len(attempt) - len(after) - 4))
        name = Span(name_label(log.node, room, self._look), Role.HEADING)
        return row(SPACE, sign, SPACE, name, muted(attempt), Span(after, Role.KEY), jump=index)

    def _line(self, hit: RunHit, width: CellWidth) -> Iterator[Span]:
        yield muted(f"{hit.line:>{_NUMBER},} ")
        parts = hit.text[: hit.start], hit.text[hit.start : hit.end], hit.text[hit.end :]
        before, found, after = (Span(label(part, 400)) for part in parts)
        room = width - _NUMBER - 3
        if before.width + min(found.width, room // 2) > room:
            kept = before.text
            while kept and cell_width(kept) > max(0, min(_BEFORE, room // 3)):
                kept = kept[1:]
            before = Span(self._look.glyphs.cut + kept)
        yield SPACE
        yield before
        yield found._replace(role=Role.FOUND)
        left = room - before.width - found.width
        if left > 0:
            yield Span(fit(after.text, CellWidth(left), self._look))

    def node_of(self, log: FoundInLog) -> NodeIndex | None:
        """Return the node of a log, or None if a reload has removed it."""
        return self._run.graph.find(log.node)
