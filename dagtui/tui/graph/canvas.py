"""Canvas of the tree: draws only the rows in sight, and paints only those that differ."""

from __future__ import annotations

import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.failure_marks import FailureMarks
from dagtui.tui.graph.map.rows import no_key
from dagtui.tui.graph.navigator import Navigator
from dagtui.tui.graph.row_names import AROUND
from dagtui.tui.graph.rows import Rows
from dagtui.tui.graph.trouble.watch import TroubleWatch
from dagtui.tui.graph.views import View
from dagtui.tui.lines.painter import Painter, StyledByRoles, changed_grid_regions, changed_regions
from dagtui.tui.lines.rows import FILLED, Role, Span
from dagtui.tui.lines.theme import THEME_CSS
from dagtui.tui.terminal.cleanup import take_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.geometry import Region
    from textual.timer import Timer

    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

REGROUP_SHARE = 10
"""Making the rows of the trouble view again takes at most one part in this many of the time."""
MARGIN = 3
"""Rows to keep between the cursor and the edge, if there are more rows beyond it."""
CURSOR = "tree--cursor"
"""The component class of the cursor's row, whose style depends on the focus."""


class DrawnRow(NamedTuple):
    """A row as it is on the screen."""

    signature: tuple[object, ...]
    strip: Strip
    lit: tuple[object, ...] = ()
    """What was lit of the edges that lead to the cursor's row."""


class TreeCanvas(StyledByRoles, ScrollView, can_focus=True, inherit_bindings=False):
    """Shows the rows of a navigator that are in sight."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {CURSOR}
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + THEME_CSS

    def __init__(
        self,
        run: RunView,
        look: Look = IN_UNICODE,
        navigator: Navigator | None = None,
        keys: Callable[[str], str] = no_key,
    ) -> None:
        """`keys` returns the key of an action as people see it, by the action's id."""
        super().__init__()
        self.navigator = navigator or Navigator(run.state)
        self.rows = Rows(run, self.navigator, look, keys)
        self._keys = keys
        self._run = run
        self._look = look
        self._state = run.state
        self._watch = run.state.watch()
        self._has_taken = False
        """Whether changes were taken that no `flush` has drawn yet."""
        self._clock = run.clock()
        self.painter = Painter(self)
        self._drawn: dict[int, DrawnRow] = {}
        self._draws = 0
        """Rows drawn since the counts of branches out of sight were discarded."""
        self._generation = -1
        self._cursor_row = 0
        """The cursor's row as drawn."""
        self._trouble_watch = TroubleWatch(run, self.navigator)
        self.is_reading = False
        """Whether logs of failures are being read."""
        self._regroup_at = 0.0
        """From when on the trouble view may be made again. Until then, it takes no changes."""
        self._postponed: Timer | None = None
        self._marks: FailureMarks | None = None
        """In the scroll bar, from when it is first shown."""
        self._marked: tuple[object, ...] = ()
        """What the marks were last looked for in."""

    def flush(self, clock: ClockTime) -> int:
        """Refresh the rows on screen that differ from before. Return how many.

        The app calls this once a frame. Without changes, it looks at the rows once a second, for their clocks.
        """
        ticked = int(clock) != int(self._clock)
        self._clock = clock
        if self.navigator.view is View.TROUBLE:
            if ticked:
                self._trouble_watch.look(clock)
                self._read_logs()
            if time.monotonic() < self._regroup_at:
                self._regroup_later()
                return self._refresh_rows() if ticked else 0
        generation = self.navigator.generation
        self.take_changes()
        changed, self._has_taken = self._has_taken, False
        self._mark_failures()
        is_filled = self.rows.fill()
        if self.navigator.generation != generation:
            return self.size.height
        return self._refresh_rows() if is_filled or changed or ticked else 0

    def take_changes(self) -> None:
        """Adopt the run's changes since the last call. The next `flush` draws them."""
        changed = self._watch.nodes
        if not changed and self.navigator.view is not View.TROUBLE:
            return
        self._watch.nodes = set()
        self._has_taken |= bool(changed)
        self.rows.take(changed)
        self.navigator.take(changed)
        if self.navigator.trouble.is_outdated(self.navigator.cursor):
            self._regroup()

    def rewind(self, *, far: bool) -> None:
        """Show the run as it was at another moment. `far`: it is an earlier one, or much happened in between."""
        self.rows.read_pace()
        if far:
            self.rows.rewind()
        if self.navigator.view is View.TROUBLE:
            self._trouble_watch.look(self._run.clock())
            self._read_logs()

    def take_up(self) -> None:
        """Show the graph that the run has now, as far as names allow like the one before."""
        self._state.unwatch(self._watch)
        self._state = self._run.state
        self._watch = self._state.watch()
        before, self.navigator = self.navigator, Navigator(self._state)
        self.navigator.carry_over(before)
        self.rows = Rows(self._run, self.navigator, self._look, self._keys)
        self._drawn.clear()
        self._generation = -1
        self._trouble_watch = TroubleWatch(self._run, self.navigator)
        self.follow()

    def follow(self) -> None:
        """Show what the navigator did: other rows, or the cursor on another row."""
        navigator = self.navigator
        if not self.is_running:
            return
        navigator.fit(CellWidth(self.content_region.width), self.size.height)
        row = navigator.row
        if navigator.generation != self._generation:
            self._generation = navigator.generation
            self._drawn.clear()
            self._fit()
            # The cursor's row keeps its position on the screen.
            self.scroll_to(y=max(0, self.scroll_offset.y + row - self._cursor_row), animate=False)
            self.refresh()
            self.call_after_refresh(self._mark_failures)
            self._read_logs()
        elif row != self._cursor_row:
            self._redraw({self._cursor_row, row, *self._rows_lit_otherwise()})
        elif self.rows.lights_edges:
            self._redraw(self._rows_lit_otherwise())
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
    def row_width(self) -> CellWidth:
        """Width of a row in cells, without the scroll bar."""
        return CellWidth(self.scrollable_content_region.width)

    # Calls from Textual

    def render_line(self, y: int) -> Strip:
        """Return one screen row, as it was last drawn: what has changed since is drawn by the next `flush`."""
        row, width = self.scroll_offset.y + y, self.row_width
        drawn = self._drawn.get(row)
        if drawn is None or drawn.strip.cell_length != width:
            drawn = self._drawn[row] = self._draw(row, width)
        return drawn.strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows again: those that were out of sight may have changed."""
        self._drawn.clear()
        super().watch_scroll_y(old_value, new_value)

    def notify_style_update(self) -> None:
        """Discard what was drawn: the colours have changed."""
        super().notify_style_update()
        self.painter.forget()
        self._drawn.clear()

    def on_mount(self) -> None:
        """Show the rows for the first time."""
        self.follow()

    def on_unmount(self) -> None:
        """Stop watching the run."""
        self._state.unwatch(self._watch)
        take_apart(self)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.follow()
        self._fit()
        self.scroll_to_cursor()

    # Inside

    def _regroup(self) -> None:
        """Make the rows of the trouble view again, and look for clues about what is new in them."""
        began = time.monotonic()
        before = self._items_around()
        self.navigator.regroup()
        if self.navigator.row == self._cursor_row:
            self._generation = self.navigator.generation
            self._fit()
            if self._items_around() == before:
                self._refresh_rows()
            else:
                self._redraw(range(self.scroll_offset.y, self.scroll_offset.y + self.size.height))
        self.follow()
        self._read_logs()
        took = time.monotonic() - began
        self._regroup_at = began + REGROUP_SHARE * took

    def _regroup_later(self) -> None:
        if self._postponed is None and self.is_running:
            self._postponed = self.set_timer(max(0.001, self._regroup_at - time.monotonic()), self._regroup_now)

    def _regroup_now(self) -> None:
        self._postponed = None
        self.flush(self._run.clock())

    def _read_logs(self) -> None:
        if not self.is_reading and self.is_running and self._trouble_watch.seek():
            self.is_reading = True
            self.run_worker(self._until_read(), group="logs of failures", exit_on_error=False)

    async def _until_read(self) -> None:
        try:
            while await self._trouble_watch.read():
                self.flush(self._run.clock())
        finally:
            self.is_reading = False

    def _items_around(self) -> list[int]:
        """Return the items in sight and those around them, which names in sight are told apart from."""
        outline, top = self.navigator.outline, self.scroll_offset.y
        rows = range(max(0, top - AROUND), min(len(outline), top + self.size.height + AROUND))
        return [outline.item(row) for row in rows]

    def _rows_lit_otherwise(self) -> list[int]:
        """Return the rows in sight in which other edges lead to the cursor's row than when they were drawn."""
        if not self.rows.lights_edges:
            return []
        outline, top, lit = self.navigator.outline, self.scroll_offset.y, self.rows.lit
        rows = range(top, min(top + self.size.height, len(outline)))
        return [row for row in rows if row in self._drawn and self._drawn[row].lit != lit(outline.drawn(row))]

    def _refresh_rows(self) -> int:
        """Refresh the rows whose content has changed. Return how many."""
        if not self._drawn:  # styles that turned out to be the same were set anew, and nothing was rendered since
            self.refresh()
            return self.size.height
        outline, width, top = self.navigator.outline, self.row_width, self.scroll_offset.y
        rows = range(top, min(top + self.size.height, len(outline)))
        if self._draws > 4 * len(rows):
            self._draws = 0
            self.navigator.keep(filter(None, (self.rows.bodies.branch(outline.item(row)) for row in rows)))
        drawn = ((row, self._drawn.get(row)) for row in rows)
        return self._redraw(
            row
            for row, before in drawn
            if before is not None and before.signature != self.rows.signature(outline.drawn(row), width, self._clock)
        )

    def _redraw(self, rows: Iterable[int]) -> int:
        """Draw rows again and refresh the cells that differ. Return in how many rows any do.

        A row that was never drawn is about to be.
        """
        width, top = self.row_width, self.scroll_offset.y
        changed: list[list[Region]] = []
        differing = changed_grid_regions if self.rows.is_grid else changed_regions
        for row in rows:
            before = self._drawn.get(row)
            if before is not None:
                drawn = self._drawn[row] = self._draw(row, width)
                changed.append(differing(before.strip, drawn.strip, row - top, width))
        if any(changed):
            self.refresh(*chain.from_iterable(changed))
        return sum(map(bool, changed))

    def _draw(self, row: int, width: CellWidth) -> DrawnRow:
        outline = self.navigator.outline
        if row >= len(outline):
            return DrawnRow((), Strip.blank(width, self.rich_style))
        self._draws += 1
        item = outline.drawn(row)
        at_cursor = row == self.navigator.row
        spans = joined(self.rows.spans(item, width, self._clock, cursor=at_cursor))
        is_covered = at_cursor and not self.rows.is_grid
        if is_covered and self.get_component_rich_style(CURSOR, partial=True).reverse:
            # Reversed colours would give each span a background of its own.
            spans = [span if span.role in FILLED else Span(span.text) for span in spans]
        strip = self.painter.strip(spans, width, CURSOR if is_covered else None)
        return DrawnRow(self.rows.signature(item, width, self._clock), strip, self.rows.lit(item))

    def _mark_failures(self) -> None:
        """Mark in the scroll bar where failures are, if they or the rows have changed."""
        if not self.show_vertical_scrollbar:
            return
        if self._marks is None:
            sign = self._look.glyphs.statuses[NodeStatus.FAILED]
            self._marks = FailureMarks(self.vertical_scrollbar, sign, partial(self.painter.style, Role.BADGE))
        navigator = self.navigator
        marked = navigator.generation, navigator.tallies.failure_changes, self.size.height
        if marked != self._marked:
            self._marked = marked
            self._marks.show(navigator.outline, navigator.tallies, self.size.height)

    def _fit(self) -> None:
        """Tell the scroll bar the number of rows."""
        height = len(self.navigator.outline)
        if self.virtual_size.height != height or self.virtual_size.width != self.row_width:
            self.virtual_size = Size(self.row_width, height)


def joined(spans: Sequence[Span]) -> list[Span]:
    """Return neighbours of one role as one span, except the last, which may change alone."""
    found: list[Span] = []
    text, role = "", Role.PLAIN.value
    for span in spans[:-1]:
        if span.role == role or (span.text.isspace() and role not in FILLED):
            text += span.text
            continue
        if text:
            found.append(Span(text, role))
        text, role = span.text, span.role
    return [*found, Span(text, role), *spans[-1:]]
