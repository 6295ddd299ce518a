"""The pane of nodes: flat rows of which only those on screen are ever drawn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dagtui.tui.theme import STATUS_CLASSES, STATUS_CSS, part_style, status_styles
from dagtui.tui.tree.navigator import Navigator, NavigatorDump
from dagtui.tui.tree.pieces import PLAIN, Piece
from dagtui.tui.tree.rows import Rows
from dagtui.tui.tree.stems import marker_column
from dagtui.tui.tree.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from textual import events

    from dagtui.engine.status import NodeStatus
    from dagtui.session.session import Session
    from dagtui.tui.tree.outline import Outline

FRAME = 1 / 30
"""Seconds between two messages about where the cursor rests."""
REGROUP_SECONDS = 1.0
"""The view by status is ordered anew at most so often, and so rarely that it takes a thirtieth of the time."""
REGROUP_SHARE = 30
MARGIN = 3
"""Rows between the cursor and the edge, where there are more rows beyond it."""

_Painted = tuple[tuple[object, ...], str]


class TreeDump(NavigatorDump):
    """What a person did to the pane, so that another pane over the same graph can go on from there."""

    top: int
    """The first row on screen."""


class TreePane(ScrollView, can_focus=True, inherit_bindings=False):
    """The tree of nodes. It has no keys of its own: the app calls its methods, and `flush` once a frame."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tree--cursor",
        "tree--mark",
        "look--quiet",
        "look--guide",
        *STATUS_CLASSES.values(),
    }
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + STATUS_CSS

    class Selected(Message):
        """The cursor rests on another node; None: on a row that is no node. At most one a frame."""

        def __init__(self, node: int | None) -> None:
            super().__init__()
            self.node = node

    class Opened(Message):
        """A person wants to see a node in full."""

        def __init__(self, node: int) -> None:
            super().__init__()
            self.node = node

    def __init__(
        self,
        session: Session,
        *,
        ascii: bool = False,  # noqa: A002 - the name of the option it comes from
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id)
        self._state = session.state
        self._watch = session.state.watch()
        self._clock = session.clock()
        self._navigator = Navigator(session.state)
        self._rows = Rows(session, self._navigator, ascii_only=ascii)
        self._palette: tuple[Sequence[Style], Sequence[Style]] | None = None
        self._painted: dict[int, _Painted] = {}
        """By row: what it says, and its time, as they were drawn."""
        self._generation = -1
        self._cursor_row = 0
        """The row of the cursor as it was drawn."""
        self._announced: int | None = self._navigator.node
        self._announcing = False
        self._regroup_at = 0.0

    # What it shows

    @property
    def view(self) -> View:
        """By what the tree is ordered."""
        return self._navigator.view

    @property
    def outline(self) -> Outline:
        """The rows of the present view."""
        return self._navigator.outline

    @property
    def cursor_node(self) -> int | None:
        """The node in the row with the cursor, or the one that it refers to; None on a row that stands for many."""
        return self._navigator.node

    @property
    def cursor_row(self) -> int:
        """The row with the cursor, from 0."""
        return self._navigator.row

    @property
    def filter_query(self) -> str:
        """What is filtered for; empty: nothing."""
        return self._navigator.filter_query

    # What a person does

    def select(self, node: int) -> None:
        """Put the cursor on a node, unfolding what hides it; a filter that hides it ends."""
        self._navigator.to_node(node)
        self._follow()

    def move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self._navigator.to_row(self._navigator.row + delta)
        self._follow()

    def page(self, delta: float) -> None:
        """Move the cursor by pages, which may be fractions."""
        self.move(int(delta * max(1, self.size.height - 1)))

    def top(self) -> None:
        """Move the cursor to the first row."""
        self._navigator.to_row(0)
        self._follow()

    def bottom(self) -> None:
        """Move the cursor to the last row."""
        self._navigator.to_row(len(self.outline) - 1)
        self._follow()

    def fold(self) -> None:
        """Fold the row with the cursor; when there is nothing to fold, go to the row above it in the tree."""
        self._navigator.fold()
        self._follow()

    def unfold(self) -> None:
        """Unfold the row with the cursor; when it is, go into it; from a reference go to its node."""
        self._navigator.unfold()
        self._follow()

    def toggle(self) -> None:
        """Fold or unfold the row with the cursor."""
        self._navigator.toggle()
        self._follow()

    def fold_all(self) -> None:
        """Fold everything."""
        self._navigator.fold_all()
        self._follow()

    def unfold_all(self) -> None:
        """Unfold everything."""
        self._navigator.unfold_all()
        self._follow()

    def cycle_view(self) -> View:
        """Go to the next view, which is returned; the cursor stays on its node."""
        self._take_changes()
        self._navigator.show(self.view.following)
        self._follow()
        return self.view

    def set_filter(self, text: str) -> None:
        """Show only the nodes whose name contains a text, or doesn't after a leading "!"; empty: all."""
        self._navigator.set_filter(text)
        self._follow()

    def find_next(self, text: str, backwards: bool = False) -> bool:
        """Put the cursor on the next node whose name matches, round the end; says whether there is one."""
        found = self._navigator.find(text, backwards=backwards)
        self._follow()
        return found

    def next_with(self, statuses: AbstractSet[NodeStatus], backwards: bool = False) -> bool:
        """Put the cursor on the next node in one of these statuses, round the end; says whether there is one."""
        self._take_changes()
        found = self._navigator.next_with(statuses, backwards=backwards)
        self._follow()
        return found

    def open_cursor(self) -> None:
        """Say that a person wants to see the node under the cursor; a row that stands for many unfolds."""
        node = self.cursor_node
        if node is None:
            self.toggle()
        else:
            self.post_message(self.Opened(node))

    def dump_state(self) -> TreeDump:
        """Folds, view, filter, cursor and scroll position."""
        return {**self._navigator.dump(), "top": self.scroll_offset.y}

    def restore_state(self, state: TreeDump) -> None:
        """Go on from what another pane dumped; what this graph does not have is forgotten."""
        self._navigator.restore(state)
        self._follow()
        self.scroll_to(y=state["top"], animate=False)
        self._scroll_to_cursor()

    # Painting

    def flush(self, clock: float) -> int:
        """Refresh the rows on screen that say something else than before; returns how many.

        The app calls it once a frame; without changes it looks at the rows once a second, for their clocks.
        """
        ticked = int(clock) != int(self._clock)
        self._clock = clock
        if self.view is View.STATUS and self._watch.nodes and time.monotonic() >= self._regroup_at:
            self._regroup()
            return self.size.height
        if not self._take_changes() and not ticked:
            return 0
        return self._refresh_rows()

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        width = self._width
        plain, under_cursor = self._looks()
        row = self.scroll_offset.y + y
        if row >= len(self.outline):
            return Strip.blank(width, plain[PLAIN])
        item = self.outline.item(row)
        at_cursor = item == self._navigator.cursor
        self._painted[row] = self._rows.signature(item, width, self._clock)
        pieces = self._rows.pieces(item, width, self._clock, cursor=at_cursor)
        return _strip(pieces, under_cursor if at_cursor else plain, width)

    def notify_style_update(self) -> None:
        """Colours changed."""
        super().notify_style_update()
        self._palette = None

    def on_mount(self) -> None:
        """Show the rows for the first time."""
        self._follow()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._state.unwatch(self._watch)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._fit()
        self._scroll_to_cursor()

    def on_click(self, event: events.Click) -> None:
        """Select a row; on its fold marker fold or unfold it; twice opens its node."""
        row = self.scroll_offset.y + event.y
        if row >= len(self.outline):
            return
        event.stop()
        self._navigator.to_row(row)
        marker = 1 + marker_column(self.outline, self._navigator.cursor, self._width, self._rows.glyphs)
        if event.x == marker:
            self.toggle()
        elif event.chain == 2:
            self.open_cursor()
        self._follow()

    # Inside

    @property
    def _width(self) -> int:
        """The cells of a row, without the scroll bar."""
        return self.scrollable_content_region.width

    def _follow(self) -> None:
        """Show what the navigator did: other rows, or the cursor on another one of them."""
        navigator = self._navigator
        if not self.is_mounted:
            return
        row = navigator.row
        if navigator.generation != self._generation:
            self._generation = navigator.generation
            self._painted.clear()
            self._fit()
            # What the cursor is on stays where it is on the screen.
            self.scroll_to(y=max(0, self.scroll_offset.y + row - self._cursor_row), animate=False)
            self.refresh()
        elif row != self._cursor_row:
            self.refresh_line(self._cursor_row)
            self.refresh_line(row)
        self._cursor_row = row
        self._scroll_to_cursor()
        self._announce()

    def _regroup(self) -> None:
        began = time.monotonic()
        self._watch.nodes = set()
        self._navigator.regroup()
        self._follow()
        took = time.monotonic() - began
        self._regroup_at = began + max(REGROUP_SECONDS, REGROUP_SHARE * took)

    def _take_changes(self) -> bool:
        changed = self._watch.nodes
        if not changed:
            return False
        self._watch.nodes = set()
        self._navigator.tallies.update(changed)
        return True

    def _refresh_rows(self) -> int:
        """Refresh the rows whose words are no longer those that were drawn; of some only the time."""
        width, top = self._width, self.scroll_offset.y
        rows = range(top, min(top + self.size.height, len(self.outline)))
        if len(self._painted) > 4 * len(rows):
            self._painted = {row: self._painted[row] for row in rows if row in self._painted}
            self._navigator.tallies.keep(filter(None, (self._rows.branch(self.outline.item(row)) for row in rows)))
        regions: list[Region] = []
        for row in rows:
            item = self.outline.item(row)
            before, now = self._painted.get(row), self._rows.signature(item, width, self._clock)
            if before is None or before == now:
                continue  # what was not drawn yet is about to be
            cells = self._rows.time_cells(width) if before[0] == now[0] else width
            regions.append(Region(width - cells, row - top, cells, 1))
        if regions:
            self.refresh(*regions)
        return len(regions)

    def _fit(self) -> None:
        height = len(self.outline)
        if self.virtual_size.height != height or self.virtual_size.width != self._width:
            self.virtual_size = Size(self._width, height)

    def _scroll_to_cursor(self) -> None:
        height, row, top = self.size.height, self._navigator.row, self.scroll_offset.y
        if not height:
            return
        margin = min(MARGIN, (height - 1) // 3)
        if row < top + margin:
            self.scroll_to(y=max(0, row - margin), animate=False)
        elif row >= top + height - margin:
            self.scroll_to(y=row - height + margin + 1, animate=False)

    def _announce(self) -> None:
        """Say where the cursor is: at once, then again a frame later if it moved on meanwhile."""
        if self._announcing or self._navigator.node == self._announced:
            return
        self._announcing = True
        self._say_where()
        self.set_timer(FRAME, self._frame_over)

    def _frame_over(self) -> None:
        self._announcing = False
        self._announce()

    def _say_where(self) -> None:
        self._announced = self._navigator.node
        self.post_message(self.Selected(self._announced))

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


def _strip(pieces: Sequence[Piece], looks: Sequence[Style], width: int) -> Strip:
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
