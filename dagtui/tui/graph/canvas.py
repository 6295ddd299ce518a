"""Canvas of the tree: draws only the rows in sight, and paints only those that differ."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.views import View
from dagtui.tui.lines.segments import PLAIN, RowSegment
from dagtui.tui.lines.theme import STATUS_CLASSES, STATUS_CSS, part_style, status_styles
from dagtui.tui.terminal.cleanup import take_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.runs.session import Session

REGROUP_SHARE = 30
"""Regrouping takes at most one part in this many of the time."""
MARGIN = 3
"""Rows to keep between the cursor and the edge, if there are more rows beyond it."""


class TreeCanvas(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows the rows of a navigator that are in sight."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tree--cursor",
        "tree--mark",
        "look--quiet",
        "look--guide",
        *STATUS_CLASSES.values(),
    }
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + STATUS_CSS

    def __init__(
        self,
        session: Session,
        *,
        ascii: bool = False,  # noqa: A002 - the name of the option it comes from
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self.navigator = Navigator(session.state)
        self.painter = Rows(session, self.navigator, ascii_only=ascii)
        self._session = session
        self._state = session.state
        self._watch = session.state.watch()
        self._clock = session.clock()
        self._palette: tuple[Sequence[Style], Sequence[Style]] | None = None
        self._painted: dict[int, tuple[tuple[object, ...], str]] = {}
        """For each row, its words and its time as drawn."""
        self._drawn: dict[int, Strip] = {}
        """For each row, its cells as drawn, if they are known."""
        self._time_only: dict[int, tuple[object, ...]] = {}
        """For rows of which only the time cells are refreshed: the words that their other cells show."""
        self._generation = -1
        self._cursor_row = 0
        """The cursor's row as drawn."""
        self._disordered = False
        """Whether a status changed since the nodes were grouped by status."""
        self._regroup_at = 0.0

    def flush(self, clock: float, *, recount: bool = True) -> int:
        """Refresh the rows on screen that differ from before. Return how many.

        `recount`: the other panes show the present counts, so that the sections of the view by status may do so, too.
        Until then, a row shows its new status in the section of its last one.

        The app calls this once a frame. Without changes, it looks at the rows once a second, for their clocks.
        """
        ticked = int(clock) != int(self._clock)
        self._clock = clock
        changed = self.take_changes()
        counts = tuple(self._state.counts)
        if recount and self.painter.section_counts != counts:
            self.painter.section_counts, changed = counts, True
        if recount and self._regroup_is_due():
            self._regroup()
            return self.size.height
        if not changed and not ticked:
            return 0
        return self._refresh_rows()

    def take_changes(self) -> bool:
        """Adopt the run's changes since the last call. Return whether there were any."""
        changed = self._watch.nodes
        if not changed:
            return False
        self._watch.nodes = set()
        if self.navigator.take(changed):
            self._disordered = True
        return True

    def follow(self) -> None:
        """Show what the navigator did: other rows, or the cursor on another row."""
        navigator = self.navigator
        if not self.is_running:
            return
        row = navigator.row
        if navigator.generation != self._generation:
            self._generation = navigator.generation
            self.painter.section_counts = tuple(self._state.counts)
            self._painted.clear()
            self._time_only.clear()
            self._fit()
            # The cursor's row keeps its position on the screen.
            self.scroll_to(y=max(0, self.scroll_offset.y + row - self._cursor_row), animate=False)
            self.refresh()
        elif row != self._cursor_row:
            self.refresh_line(self._cursor_row)
            self.refresh_line(row)
        self._cursor_row = row
        self.scroll_to_cursor()

    def scroll_to_cursor(self) -> None:
        """Scroll as little as needed to show the cursor's row and a few around it."""
        height, row, top = self.size.height, self.navigator.row, self.scroll_offset.y
        if not height:
            return
        margin = min(MARGIN, (height - 1) // 3)
        if row < top + margin:
            self.scroll_to(y=max(0, row - margin), animate=False)
        elif row >= top + height - margin:
            self.scroll_to(y=row - height + margin + 1, animate=False)

    @property
    def row_width(self) -> int:
        """Width of a row in cells, without the scroll bar."""
        return self.scrollable_content_region.width

    # Calls from Textual

    def render_line(self, y: int) -> Strip:
        """Return one screen row."""
        width = self.row_width
        plain, under_cursor = self._looks()
        row = self.scroll_offset.y + y
        outline = self.navigator.outline
        if row >= len(outline):
            self._drawn[row] = blank = Strip.blank(width, plain[PLAIN])
            return blank
        item = outline.item(row)
        at_cursor = item == self.navigator.cursor
        said, its_time = self.painter.signature(item, width, self._clock)
        only_time = row in self._time_only
        # The node may have changed since its cells were refreshed: those beside the time are not written this time.
        self._painted[row] = self._time_only.pop(row, said), its_time
        pieces = self.painter.pieces(item, width, self._clock, cursor=at_cursor)
        strip = _strip(pieces, under_cursor if at_cursor else plain, width)
        if only_time:
            self._drawn.pop(row, None)
        else:
            self._drawn[row] = strip
        return strip

    def notify_style_update(self) -> None:
        """Discard the cached styles: the colours have changed."""
        super().notify_style_update()
        self._palette = None

    def on_mount(self) -> None:
        """Show the rows for the first time."""
        self.follow()

    def on_unmount(self) -> None:
        """Stop watching the run."""
        self._state.unwatch(self._watch)
        take_apart(self)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._fit()
        self.scroll_to_cursor()

    # Inside

    def _regroup_is_due(self) -> bool:
        """Return whether the view by status is out of order and was not regrouped recently."""
        if not self._disordered or self.navigator.view is not View.STATUS:
            return False
        return self._session.settled or time.monotonic() >= self._regroup_at

    def _regroup(self) -> None:
        began = time.monotonic()
        self._disordered = False
        self.navigator.regroup()
        if self.navigator.row == self._cursor_row:
            self._redraw_differing()
        self.follow()
        took = time.monotonic() - began
        self._regroup_at = began + REGROUP_SHARE * took

    def _redraw_differing(self) -> None:
        """Refresh the rows that look different after a regrouping, so that the others cost no bytes."""
        self._generation = self.navigator.generation
        self._time_only.clear()
        self._fit()
        for y in range(self.size.height):
            row = self.scroll_offset.y + y
            before = self._drawn.get(row)
            if before is None or self.render_line(y) != before:
                self.refresh_line(row)

    def _refresh_rows(self) -> int:
        """Refresh the rows that differ from what was drawn, some of them only in the time cells."""
        outline, width, top = self.navigator.outline, self.row_width, self.scroll_offset.y
        rows = range(top, min(top + self.size.height, len(outline)))
        if len(self._painted) > 4 * len(rows):
            self._painted = {row: self._painted[row] for row in rows if row in self._painted}
            self._drawn.clear()
            self.navigator.keep(filter(None, (self.painter.branch(outline.item(row)) for row in rows)))
        regions: list[Region] = []
        for row in rows:
            before, now = self._painted.get(row), self.painter.signature(outline.item(row), width, self._clock)
            if before is None or before == now:
                continue  # rows that were never drawn are about to be
            is_time = before[0] == now[0]
            if is_time:
                self._time_only[row] = now[0]
            else:
                self._time_only.pop(row, None)
            cells = self.painter.time_cells(width) if is_time else width
            regions.append(Region(width - cells, row - top, cells, 1))
        if regions:
            self.refresh(*regions)
        return len(regions)

    def _fit(self) -> None:
        """Tell the scroll bar the number of rows."""
        height = len(self.navigator.outline)
        if self.virtual_size.height != height or self.virtual_size.width != self.row_width:
            self.virtual_size = Size(self.row_width, height)

    def _looks(self) -> tuple[Sequence[Style], Sequence[Style]]:
        """Return the styles by look: for ordinary rows, and for the cursor's row."""
        if self._palette is None:
            base = self.rich_style
            parts = [
                *status_styles(self),
                Style(),
                *(part_style(self, part) for part in ("look--quiet", "look--guide", "tree--mark")),
            ]
            cursor = self.get_component_rich_style("tree--cursor", partial=True)
            # Reversed colours would give each segment a background of its own.
            uniform = [base + cursor] * len(parts)
            under_cursor = uniform if cursor.reverse else [base + part + cursor for part in parts]
            self._palette = [base + part for part in parts], under_cursor
        return self._palette


def _strip(pieces: Sequence[RowSegment], looks: Sequence[Style], width: int) -> Strip:
    """Return the pieces as a strip. Neighbours of one look are joined, except the last: it may be painted alone."""
    segments: list[Segment] = []
    text, look = "", PLAIN
    for piece in pieces[:-1]:
        if piece.look == look or piece.text.isspace():
            text += piece.text
            continue
        if text:
            segments.append(Segment(text, looks[look]))
        text, look = piece.text, piece.look
    if text:
        segments.append(Segment(text, looks[look]))
    if pieces and pieces[-1].text:
        segments.append(Segment(pieces[-1].text, looks[pieces[-1].look]))
    return Strip(segments).adjust_cell_length(width, looks[PLAIN])
