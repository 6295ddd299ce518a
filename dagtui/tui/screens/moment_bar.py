"""Bar of a recording: the moment that is shown on the way from the beginning to the end, and where nodes failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.engine.status import NodeStatus
from dagtui.text.amounts import CellWidth, ClockTime, time_of_day
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.amounts import elapsed
from dagtui.tui.graph.tree import FRAME
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import SPACE, Role, Span, muted, width_of
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.strip import Strip
    from textual.timer import Timer

    from dagtui.runs.recorded import RecordedRun
    from dagtui.text.look import Look

LEAST_CELLS: Final = 12
"""The least cells of the track. Words have what remains."""
_WIDEST: Final = (59.0, 3599.0)
"""Seconds that take more cells than any before them."""
_PAGE: Final = 10
"""A page is this part of the recording."""


class MomentBar(PaintedRows, can_focus=True):
    """One row. `go_to` and `go_to_clock` show other moments; the bar itself only knows where they are."""

    def __init__(
        self,
        run: RecordedRun,
        look: Look = IN_UNICODE,
        *,
        go_to: Callable[[int], None],
        go_to_clock: Callable[[ClockTime], None],
    ) -> None:
        super().__init__(look, id="moments")
        self._run = run
        self._go_to = go_to
        self._go_to_clock = go_to_clock
        self.speed = 0
        """How many times as fast as the run the recording is played. 0: it stands still."""
        self._track = 0, CellWidth(1)
        """The first cell of the track as drawn, and its cells."""
        self._is_dragged = False
        self._column: int | None = None
        """The cell of the track to which it was dragged since the last look."""
        self._pausing: Timer | None = None
        self._failed: tuple[int, frozenset[int]] = (0, frozenset())
        """For a number of cells, those in which a node failed."""

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the row."""
        left, right = self._words(width)
        cells = CellWidth(max(1, width - width_of(left) - width_of(right)))
        self._track = width_of(left), cells
        row = [*left, *self._drawn_track(cells), *right]
        return [self.painter.strip(row, width)][:height]

    def _words(self, width: CellWidth) -> tuple[list[Span], list[Span]]:
        """Return what stands before and after the track, as much as there is room for.

        Each has the width of its longest text in this recording, so that the track never moves below the pointer.
        """
        run = self._run
        clock = run.clock()
        title = Span(" recording ", Role.BAR if self.has_focus else Role.HEADING)
        speed = Span(f" {self.look.glyphs.times}{self.speed}", Role.KEY) if self.speed else None
        day = Span(f" {time_of_day(run.wall(clock))}")
        last = f"{run.last:,}"
        number = muted(f" {run.moment:>{len(last)},}/{last} ")
        all_of_it = run.whole or 0.0
        time_cells = max(len(elapsed(min(all_of_it, seconds))) for seconds in (*_WIDEST, all_of_it))
        whole = muted(f" {elapsed(run.elapsed):>{time_cells}} of {elapsed(all_of_it)}")
        at_left = [title, *([speed] if speed else [])]
        for more in (day, whole):
            if width_of([*at_left, more]) + 2 * number.width + LEAST_CELLS <= width:
                at_left.append(more)
        at_right = [number] if width_of([*at_left, number]) + LEAST_CELLS + 2 <= width else []
        return [*at_left, SPACE], at_right or [SPACE]

    def _drawn_track(self, cells: CellWidth) -> list[Span]:
        """Return the track: what is over, the moment, what is to come, and the failures in both."""
        glyphs, here = self.look.glyphs, self._cell_of(self._run.clock(), cells)
        sign = glyphs.statuses[NodeStatus.FAILED]
        failed = self._failed_cells(cells)
        spans: list[Span] = []
        for cell in range(cells):
            if cell == here:
                spans.append(Span(glyphs.vertex, Role.KEY))
            elif cell in failed:
                spans.append(Span(sign, Role.BADGE if cell < here else STATUS_CLASSES[NodeStatus.FAILED]))
            else:
                spans.append(Span(glyphs.bars[2], Role.KEY) if cell < here else Span(glyphs.bars[1], Role.GUIDE))
        return spans

    def _failed_cells(self, cells: CellWidth) -> frozenset[int]:
        if self._failed[0] != cells:
            found = {self._cell_of(clock, cells) for clock in self._run.failure_clocks}
            self._failed = cells, frozenset(found)
        return self._failed[1]

    def _cell_of(self, clock: ClockTime, cells: CellWidth) -> int:
        run = self._run
        whole = run.shown_seconds(run.last_clock)
        return min(cells - 1, round(run.shown_seconds(clock) / whole * (cells - 1))) if whole > 0 else cells - 1

    def _clock_of(self, cell: int) -> ClockTime:
        last = max(1, self._track[1] - 1)
        return self._run.clock_after(max(0, min(cell, last)) / last * self._run.shown_seconds(self._run.last_clock))

    # Moving

    def move(self, events: int) -> None:
        """Go on by some events, or back."""
        self._go_to(self._run.moment + events)

    def move_cells(self, steps: int) -> None:
        """Go on by some cells of the track, or back, and past at least one event."""
        run = self._run
        before = run.moment
        self._go_to_clock(self._clock_of(self._cell_of(run.clock(), self._track[1]) + steps))
        if run.moment == before:
            self._go_to(before + (1 if steps > 0 else -1))

    def page(self, direction: int) -> None:
        """Go on or back by a tenth of the recording."""
        self._move_part(direction / _PAGE)

    def half_page(self, direction: int) -> None:
        """Go on or back by a twentieth."""
        self._move_part(direction / _PAGE / 2)

    def _move_part(self, share: float) -> None:
        run = self._run
        whole = run.shown_seconds(run.last_clock)
        self._go_to_clock(run.clock_after(max(0.0, run.shown_seconds(run.clock()) + share * whole)))

    def top(self) -> None:
        """Go to the beginning."""
        self._go_to(self._run.first)

    def bottom(self) -> None:
        """Go to the end."""
        self._go_to(self._run.last)

    # Mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go to the moment under the pointer, and follow it."""
        event.stop()
        self._is_dragged = True
        self.capture_mouse()
        self._drag_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the pointer."""
        if not self._is_dragged:
            return
        event.stop()
        if event.button:
            self._drag_to(event.x)
        else:  # the terminal did not tell that it was released
            self._release()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Stay at this moment."""
        if self._is_dragged:
            event.stop()
            self._release()

    def _drag_to(self, column: int) -> None:
        """Go to a moment, at most once a frame."""
        self._column = column - self._track[0]
        if self._pausing is None:
            self._follow_pointer()

    def _follow_pointer(self) -> None:
        self._pausing = None
        if self._column is not None:
            self._go_to_clock(self._clock_of(self._column))
            self._column = None
            self._pausing = self.set_timer(FRAME, self._follow_pointer)

    def _release(self) -> None:
        self._is_dragged = False
        self.release_mouse()

    def watch_has_focus(self, has_focus: bool) -> None:  # noqa: ARG002 - Textual's signature
        """Show that the keys act here, or do no longer."""
        self.repaint()
