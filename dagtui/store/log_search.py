"""Search a log in steps. A step reads a limited number of bytes, and the next one continues from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.log_lines import PrintedLines, RedrawnLines
from dagtui.text.lines import LINE_LIMIT
from dagtui.text.redraws import pieces

if TYPE_CHECKING:
    from dagtui.store.line_index import Gap, LineIndex
    from dagtui.store.log_lines import Read
    from dagtui.store.log_queries import Query

_BLOCK = 32_768
_PIECE_COST = 1_000
"""The cost of examining a line or a redrawn piece closely, in bytes passed over in the same time."""
_CLOSE_COST = 16
"""The cost of each of its bytes, on top of that."""
_PIECES = 64
"""Redrawn pieces that are examined closely between two looks at the budget."""
_PAGES = 16
"""Pages of a long line that are searched together first."""


class Found(NamedTuple):
    """The result of one step of a search."""

    line: int | None = None
    """The nearest line that matches."""
    resume: int | None = None
    """The line to continue from if there is no match yet. If `line` is None too, no line matches."""


class LogSearch:
    """Finds the matching lines of an index. It remembers how far the last step came within a line or gap."""

    def __init__(self, index: LineIndex, read: Read) -> None:
        self._index = index
        self._read = read
        self._left = 0
        """Bytes that this step may still read."""
        self._long: tuple[Query | None, int, int] = (None, 0, 0)
        """A search within a long line: its query, its start in the file, and the next page."""
        self._redraws: _RedrawSearch | None = None
        self._known: PrintedLines | None = None
        """The lines of the gap that was searched last: a search comes back to it for the next match."""
        self._may_match: tuple[Query, PrintedLines] | None = None
        """The query and the lines that may match it, as was seen last."""

    def find_next(self, query: Query, start: int, budget: int) -> Found:
        """Return the first match at or after a line."""
        line = max(start, 0)
        self._left = budget
        while line < self._index.line_count:
            if self._left <= 0:
                return Found(resume=line)
            gap = self._index.gap_of(line)
            stop = gap.first_line + gap.line_count
            found = self._in_redrawn(query, gap, line) if gap.redrawn else self._in_printed(query, gap, line)
            if found.line is not None or found.resume is not None:
                return found
            line = stop
        return Found()

    def find_page(self, query: Query, line: int, start: int, step: int, budget: int) -> Found:
        """Return the first matching page of a long line, in steps of 1 or -1, as `line` and `resume`."""
        gap = self._index.gap_of(line)
        if gap.redrawn:
            return Found()
        self._left = budget
        return self._matching_page(query, self._printed(gap), line, start, step)

    def _printed(self, gap: Gap) -> PrintedLines:
        known = self._known
        if known is None or known.gap != gap:
            is_open = gap.end == self._index.end > self._index.open_start
            known = self._known = PrintedLines(gap, self._read, is_open=is_open)
        return known

    def _in_printed(self, query: Query, gap: Gap, line: int) -> Found:
        lines = self._printed(gap)
        if self._may_match is None or self._may_match[0] is not query or self._may_match[1] is not lines:
            self._left -= len(lines.data)
            is_cut = gap.end - gap.offset > len(lines.data)
            if not is_cut and not query.may_match(lines.data):
                return Found()
            self._may_match = query, lines
        stop = gap.first_line + gap.line_count
        for number in range(line, stop):
            start, end = lines.extent(number)
            if end - start <= LINE_LIMIT:
                self._left -= _PIECE_COST + _CLOSE_COST * (end - start)
                matches: bool | None = query.matches(lines.raw(number))
            else:
                matches = self._long_line_matches(query, lines, number)
            if matches is None:
                return Found(resume=number)
            if matches:
                return Found(line=number)
            if self._left <= 0 and number + 1 < stop:
                return Found(resume=number + 1)
        return Found()

    def _long_line_matches(self, query: Query, lines: PrintedLines, number: int) -> bool | None:
        """Return whether a line matches, or None if the step ended before that was known."""
        offset = lines.offset_of(number)
        page = self._long[2] if self._long[:2] == (query, offset) else 0
        found = self._matching_page(query, lines, number, page, 1)
        if found.resume is not None:
            self._long = (query, offset, found.resume)
            return None
        self._long = (None, 0, 0)
        return (found.line is not None) != query.every

    def _matching_page(self, query: Query, lines: PrintedLines, number: int, page: int, step: int) -> Found:
        """Return the first page that decides about its line: a match, or a mismatch if all pages must match."""
        count = lines.page_count(number)
        while 0 <= page < count:
            block = lines.page(number, page, _PAGES).data if step > 0 else b""
            self._left -= max(len(block), LINE_LIMIT)
            if step < 0 or query.may_match(block):
                for one in range(page, min(page + _PAGES, count)) if step > 0 else (page,):
                    data = lines.page(number, one).data
                    if not query.may_match(data):
                        continue
                    if query.matches(data) != query.every:
                        return Found(line=one)
                    self._left -= _CLOSE_COST * len(data)
                    if self._left <= 0 and 0 <= one + step < count:
                        return Found(resume=one + step)
            page += _PAGES if step > 0 else -1
            if self._left <= 0 and 0 <= page < count:
                return Found(resume=page)
        return Found()

    def _in_redrawn(self, query: Query, gap: Gap, line: int) -> Found:
        search = self._redraws
        origin = self._index.gap(gap.number - 1) if gap.number else gap
        if search is None or search.query is not query or search.origin != origin.offset:
            search = self._redraws = _RedrawSearch(query, origin)
        self._left -= search.advance(gap, self._read, self._left)
        if search.position < gap.end and not search.at_end:
            return Found(resume=line)
        stop = gap.first_line + gap.line_count
        for number in range(line, stop):
            if search.matches(number, gap, self._read, self._index.start):
                return Found(line=number)
            self._left -= _PIECE_COST
            if self._left <= 0 and number + 1 < stop:
                return Found(resume=number + 1)
        return Found()


class _RedrawSearch:
    """One search through everything that was ever printed in redrawn lines."""

    def __init__(self, query: Query, origin: Gap) -> None:
        self.query = query
        self.origin = origin.offset
        self.position = origin.offset
        self.at_end = False
        """Whether everything was searched, except perhaps for a newline at the end."""
        self._row, self._bottom = origin.row, origin.bottom
        self._decided: set[int] = set()
        """The lines with a part that matches, or that doesn't if all parts must match."""
        self._shown: RedrawnLines | None = None
        """The lines of the gap that was searched last, as they are now."""

    def advance(self, gap: Gap, read: Read, budget: int) -> int:
        """Search about `budget` bytes up to the end of a gap. Return the number of bytes searched."""
        spent = 0
        self.at_end = False
        while self.position < gap.end:
            data = read(min(_BLOCK, gap.end - self.position), self.position)
            if not data:
                self.at_end = True
                break
            spent += len(data)
            is_last = self.position + len(data) >= gap.end
            whole = data.rfind(b"\n") + 1 or (0 if is_last else len(data))
            end = self.position + whole
            spent += self._look_at(data[:whole], advances=True)
            if is_last and self.position == end:
                self._look_at(data[whole:], advances=False)
                self.at_end = True
                break
            if spent >= budget:
                break
        return spent

    def matches(self, number: int, gap: Gap, read: Read, origin: int) -> bool:
        """Return whether a line of the gap matches, as it was at any time or as it is now."""
        if number in self._decided:
            return not self.query.every
        shown = self._shown
        if shown is None or shown.gap != gap:
            shown = self._shown = RedrawnLines(gap, read, origin)
        return self.query.matches(shown.line(number).data)

    def _look_at(self, data: bytes, *, advances: bool) -> int:
        """Search for matches, up to _PIECES pieces when it advances. Return the cost of examining pieces closely."""
        may_match = self.query.may_match(data)
        cost = looked_at = 0
        row, bottom, searched = self._row, self._bottom, len(data)
        for row, bottom, start, end in pieces(data, self._row, self._bottom):  # noqa: B007 - where the cursor is at the end
            if advances and looked_at == _PIECES:
                searched = start
                break
            if may_match and start < end and row not in self._decided:
                looked_at += 1
                cost += _PIECE_COST + _CLOSE_COST * (end - start)
                if self.query.matches(data[start:end]) != self.query.every:
                    self._decided.add(row)
        if advances:
            self._row, self._bottom = row, bottom
            self.position += searched
        return cost
