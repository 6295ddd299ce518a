"""The rows of a tree on the screen: only those in sight are drawn, and only those that differ are painted again."""

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

REGROUP_SECONDS = 1.0
"""The view by status is ordered anew at most so often."""
REGROUP_SHARE = 30
"""And so rarely that it takes at most one part in so many of the time."""
MARGIN = 3
"""Rows between the cursor and the edge, where there are more rows beyond it."""


class TreeCanvas(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows what a navigator has in sight."""

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
        """By row: what it says, and its time, as they were drawn."""
        self._time_only: dict[int, tuple[object, ...]] = {}
        """By row of which only the cells of the time are refreshed: what its other cells on the screen say."""
        self._generation = -1
        self._cursor_row = 0
        """The row of the cursor as it was drawn."""
        self._disordered = False
        """Whether a status changed since the nodes were ordered by status."""
        self._regroup_at = 0.0

    def flush(self, clock: float) -> int:
        """Refresh the rows on screen that say something else than before; returns how many.

        The app calls it once a frame; without changes it looks at the rows once a second, for their clocks.
        """
        ticked = int(clock) != int(self._clock)
        self._clock = clock
        changed = self.take_changes()
        if self._regroup_is_due():
            self._regroup()
            return self.size.height
        if not changed and not ticked:
            return 0
        return self._refresh_rows()

    def take_changes(self) -> bool:
        """Take over what changed in the run since the last time; says whether anything did."""
        changed = self._watch.nodes
        if not changed:
            return False
        self._watch.nodes = set()
        if self.navigator.take(changed):
            self._disordered = True
        return True

    def follow(self) -> None:
        """Show what the navigator did: other rows, or the cursor on another one of them."""
        navigator = self.navigator
        if not self.is_running:
            return
        row = navigator.row
        if navigator.generation != self._generation:
            self._generation = navigator.generation
            self._painted.clear()
            self._time_only.clear()
            self._fit()
            # What the cursor is on stays where it is on the screen.
            self.scroll_to(y=max(0, self.scroll_offset.y + row - self._cursor_row), animate=False)
            self.refresh()
        elif row != self._cursor_row:
            self.refresh_line(self._cursor_row)
            self.refresh_line(row)
        self._cursor_row = row
        self.scroll_to_cursor()

    def scroll_to_cursor(self) -> None:
        """Scroll as little as brings the row with the cursor, and a few around it, on the screen."""
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
        """The cells of a row, without the scroll bar."""
        return self.scrollable_content_region.width

    # What Textual calls

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self.row_width
        plain, under_cursor = self._looks()
        row = self.scroll_offset.y + y
        outline = self.navigator.outline
        if row >= len(outline):
            return Strip.blank(width, plain[PLAIN])
        item = outline.item(row)
        at_cursor = item == self.navigator.cursor
        said, its_time = self.painter.signature(item, width, self._clock)
        # The node may have changed since its cells were refreshed: those beside the time are not written this time.
        self._painted[row] = self._time_only.pop(row, said), its_time
        pieces = self.painter.pieces(item, width, self._clock, cursor=at_cursor)
        return _strip(pieces, under_cursor if at_cursor else plain, width)

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._palette = None

    def on_mount(self) -> None:
        """Show the rows for the first time."""
        self.follow()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._state.unwatch(self._watch)
        take_apart(self)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._fit()
        self.scroll_to_cursor()

    # Inside

    def _regroup_is_due(self) -> bool:
        """Whether the view by status is no longer in order, and was not put in order lately."""
        if not self._disordered or self.navigator.view is not View.STATUS:
            return False
        return self._session.settled or time.monotonic() >= self._regroup_at

    def _regroup(self) -> None:
        began = time.monotonic()
        self._disordered = False
        self.navigator.regroup()
        self.follow()
        took = time.monotonic() - began
        self._regroup_at = began + max(REGROUP_SECONDS, REGROUP_SHARE * took)

    def _refresh_rows(self) -> int:
        """Refresh the rows whose words are no longer those that were drawn; of some only the time."""
        outline, width, top = self.navigator.outline, self.row_width, self.scroll_offset.y
        rows = range(top, min(top + self.size.height, len(outline)))
        if len(self._painted) > 4 * len(rows):
            self._painted = {row: self._painted[row] for row in rows if row in self._painted}
            self.navigator.keep(filter(None, (self.painter.branch(outline.item(row)) for row in rows)))
        regions: list[Region] = []
        for row in rows:
            before, now = self._painted.get(row), self.painter.signature(outline.item(row), width, self._clock)
            if before is None or before == now:
                continue  # what was not drawn yet is about to be
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
        """Tell the scroll bar how many rows there are."""
        height = len(self.navigator.outline)
        if self.virtual_size.height != height or self.virtual_size.width != self.row_width:
            self.virtual_size = Size(self.row_width, height)

    def _looks(self) -> tuple[Sequence[Style], Sequence[Style]]:
        """The styles by look: of usual rows, and of the row with the cursor."""
        if self._palette is None:
            base = self.rich_style
            parts = [
                *status_styles(self),
                Style(),
                *(part_style(self, part) for part in ("look--quiet", "look--guide", "tree--mark")),
            ]
            cursor = self.get_component_rich_style("tree--cursor", partial=True)
            # With reversed colours each piece would get a background of its own.
            uniform = [base + cursor] * len(parts)
            under_cursor = uniform if cursor.reverse else [base + part + cursor for part in parts]
            self._palette = [base + part for part in parts], under_cursor
        return self._palette


def _strip(pieces: Sequence[RowSegment], looks: Sequence[Style], width: int) -> Strip:
    """The pieces as segments, neighbours of one look joined but for the last, which may be painted alone."""
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
