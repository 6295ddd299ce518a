"""Drawing of the rows of all logs: the sign of the cursor, a time, a name, and a line or what happened to a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from dagtui.text import cell_width, label
from dagtui.text.amounts import NO_CELLS, CellWidth, time_of_day
from dagtui.text.lines import copied_line, plain_line, styled
from dagtui.tui.all_logs.filters import ERRORS
from dagtui.tui.all_logs.names import LogNames
from dagtui.tui.all_logs.row_words import fold_words, mark_words, names_span
from dagtui.tui.lines.painter import measured
from dagtui.tui.lines.rows import SPACE, Role, Span, spaces
from dagtui.tui.log.task_colours import segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.terminal_theme import TerminalTheme
    from textual.strip import Strip

    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.runs.attempt_tracks import AttemptTracks
    from dagtui.store.merged_logs import LogEntry
    from dagtui.text.look import Look
    from dagtui.tui.all_logs.folds import FoldedRow
    from dagtui.tui.lines.painter import Painter

_NO_STYLE = Style.null()
_MOST_COPIED = 10_000


class _DrawnLine(NamedTuple):
    """What a row of a line shows, from which its strip follows."""

    entry: LogEntry
    lead: tuple[Span, ...]
    name: Span
    over: Style


class _Dimensions(NamedTuple):
    """How rows are drawn. With another one, all of them differ."""

    width: CellWidth
    names: CellWidth
    column: CellWidth
    palette: TerminalTheme


class AllLogsDrawing:
    """Draws rows, keeps those of lines that stay the same, and writes them for the clipboard."""

    def __init__(
        self, graph: Graph, attempts: AttemptTracks, painter: Painter, look: Look, *, unfold_key: str = ""
    ) -> None:
        self._graph = graph
        self._attempts = attempts
        self._painter = painter
        self._look = look
        self._unfold_key = unfold_key
        self.names = LogNames(graph, look)
        self.shows_times = True
        self.column = NO_CELLS
        """The first cell that is shown of what stands after the names."""
        self.palette = DEFAULT_TERMINAL_THEME
        self._shape: _Dimensions | None = None
        self._known: dict[_DrawnLine, Strip] = {}

    def forget(self) -> None:
        """Draw all rows again: the colours have changed."""
        self._known = {}

    def rows(
        self, entries: Sequence[LogEntry], rows: Sequence[FoldedRow], width: CellWidth, cursor: int, *, fills: bool
    ) -> list[Strip]:
        """Return the rows of a window. `fills`: the row of the cursor stands out over its whole width."""
        cells = self.names.width(width)
        shape = _Dimensions(width, cells, self.column, self.palette)
        if shape != self._shape:
            self._shape, self._known = shape, {}
        names = self.names.spans({self._node(entries[row.first]) for row in rows}, cells)
        cursor_style = self._painter.laid_over(Role.CURSOR)
        strips, drawn, before = [], {}, ""
        for index, row in enumerate(rows):
            entry = entries[row.first]
            lead = [Span(self._look.glyphs.cursor if index == cursor else " ", Role.KEY)]
            if self.shows_times:
                at = "" if row.is_fold else time_of_day(entry.key.time)
                lead.append(Span(f"{_since(before, at):>8} ", Role.GUIDE))
                before = at or before
            over = cursor_style if fills and index == cursor else _NO_STYLE
            if entry.is_line and row.size == 1:
                line = _DrawnLine(entry, tuple(lead), names[self._node(entry)], over)
                strip = self._known.get(line)
                drawn[line] = strip = strip or self._line(line, shape)
            else:
                name = self._names(entries, row, names[self._node(entry)])
                front = [*lead, name, spaces(cells - name.width), SPACE]
                strip = self._strip(front, self._content(row, entry, over), width, over)
            strips.append(strip)
        self._known = drawn
        return strips

    def _line(self, line: _DrawnLine, shape: _Dimensions) -> Strip:
        """Return the row of a single line."""
        entry, lead, name, over = line
        sign = Span(self._look.glyphs.block, Role.BAD) if ERRORS.matches(entry.data) else SPACE
        front = [*lead, name, spaces(shape.names - name.width), sign]
        text = styled(entry.data)
        plain = self._painter.style(Role.PLAIN) + over
        return self._strip(front, segments(text, 0, len(text.text), plain, (), shape.palette), shape.width, over)

    def _names(self, entries: Sequence[LogEntry], row: FoldedRow, name: Span) -> Span:
        """Return the names before a row that is not a single line."""
        if row.is_fold:
            return SPACE
        if row.size == 1:
            return name
        nodes = dict.fromkeys(map(self._node, entries[row.first : row.first + row.size]))
        return names_span([self.names.whole(node) for node in nodes])

    def _strip(self, front: Iterable[Span], content: list[Segment], width: CellWidth, over: Style) -> Strip:
        """Return a row. `over` is laid over its styles."""
        parts = self._segments(front, over)
        room = width - sum(cell_width(part.text) for part in parts)
        strip = measured([*parts, *self._cut(measured(content), CellWidth(room), over)]).crop(0, width)
        return strip.extend_cell_length(width, self._painter.style(Role.PLAIN) + over) if over else strip

    def _content(self, row: FoldedRow, entry: LogEntry, over: Style) -> list[Segment]:
        """Return what a row says after the name that is not a single line."""
        if row.is_fold:
            return self._segments(fold_words(row.size, self._unfold_key, self._look), over)
        return self._segments(mark_words(self._attempts, entry.key, self._look), over)

    def _segments(self, spans: Iterable[Span], over: Style) -> list[Segment]:
        return [Segment(span.text, self._painter.style_under(over, span.role)) for span in spans if span.text]

    def _cut(self, strip: Strip, room: CellWidth, over: Style) -> list[Segment]:
        """Return what is shown of the content of a row, with a sign if it goes on."""
        if strip.cell_length <= self.column + room:
            return list(strip.crop(self.column, strip.cell_length)) if self.column else list(strip)
        shown = strip.crop(self.column, self.column + room - 1)
        return [*shown, Segment(self._look.glyphs.tabs_after, self._painter.style(Role.MUTED) + over)]

    # Copying

    def texts(self, entries: Sequence[LogEntry], row: FoldedRow) -> Iterator[tuple[str, str]]:
        """Yield the text of each entry of a row, after the name of its node."""
        for entry in entries[row.first : row.first + min(row.size, _MOST_COPIED)]:
            if entry.is_line:
                text = copied_line(entry.data)
                text = plain_line(entry.data) if text is None else text
            else:
                text = "".join(span.text for span in mark_words(self._attempts, entry.key, self._look)).strip()
            yield label(self._graph.labels[self._node(entry)]), text

    def _node(self, entry: LogEntry) -> NodeIndex:
        return self._attempts.nodes[entry.key.track]


def _since(before: str, now: str) -> str:
    """Return what a time of day tells beyond the one above it."""
    if not before or not now or before[:5] != now[:5]:
        return now
    return "" if before == now else now[6:]
