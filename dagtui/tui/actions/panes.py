"""Actions that move, fold, find and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE
from dagtui.host.attachment import ExitReason
from dagtui.text.amounts import CellWidth
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.availability import (
    NO_SEARCH,
    NOTHING_FAILED,
    NOTHING_RUNS,
    UNFOLD,
    has_earlier_attempt,
    has_later_attempt,
    has_time_axis,
    reads_lines,
    sizes_panes,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.tui.actions.availability import Availability
    from dagtui.tui.screen_app import ScreenApp

COLUMNS = CellWidth(8)
"""Columns by which a log scrolls sideways."""


class PaneActions:
    """Actions of the panes. Each acts on the focused pane, or on the tree or the log if only that pane has it."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._main = app.main
        self._tree = app.main.tree_pane
        self._log = app.main.side.log_pane

    def half_page(self, direction: int) -> None:
        """Move by half a page."""
        if self._main.on_side:
            self._main.side.pane.half_page(direction)
        else:
            self._tree.page(direction / 2)

    def fold(self) -> None:
        """Fold the row of the tree. On the right, scroll the log to the left."""
        if self._main.on_side:
            self._scroll_columns(-COLUMNS)
        else:
            self._tree.fold()

    def unfold(self) -> None:
        """Unfold the row of the tree. On the right, scroll the log to the right."""
        if self._main.on_side:
            self._scroll_columns(COLUMNS)
        else:
            self._tree.unfold()

    def _scroll_columns(self, cells: CellWidth) -> None:
        key = self._app.keymap.shown("log.wrap", self._app.look)
        if self._main.pane is Pane.LOG and self._log.view.wraps and self._log.situation.has_lines:
            self._app.say(f"long lines are wrapped: {key} cuts them" if key else "long lines are wrapped")
        self._log.scroll_columns(cells)

    def toggle(self) -> None:
        """Fold or unfold the row of the tree. In a log, go down one page."""
        # The page of a row that stands for many nodes offers this key for that row.
        if self._main.on_side and not self._main.side.shows_branch:
            self._main.movable.page(1)
        else:
            self._tree.toggle()

    def open(self) -> None:
        """In the tree, open the log in full. On the right, follow the row."""
        main, node = self._main, self._tree.cursor_node
        if main.on_side:
            main.side.pane.activate()
        elif node is None:
            self._tree.open_cursor()
        else:  # at once, not by a message: the next key is meant for the log
            main.show_node(node)
            main.open_log()

    def back(self) -> None:
        """Undo one thing at a time: the search of the focused pane, then the zoom or the focus."""
        main = self._main
        if main.pane is Pane.LOG and self._log.view.cursor.selected:
            self._log.toggle_selection()
        elif main.on_side and main.tab is Pane.LOG and self._log.view.finder is not None:
            self._log.clear_find()
        elif not main.on_side and self._tree.selected_count:
            self._tree.select_none()
        elif not main.on_side and self._tree.back_to_map():
            pass
        elif not main.on_side and not main.zoomed and self._tree.navigator.filter_query:
            self._tree.set_filter("")
        elif self._app.returns_to and not main.on_side and not main.zoomed:
            self._app.exit(ExitReason.LEFT_SETTLED)
        else:
            main.back()

    def next_pane(self) -> None:
        """Go to the other pane."""
        self._main.go_to(Pane.TREE if self._main.on_side else self._main.tab)

    def zoom(self) -> None:
        """Let the focused pane fill the screen, or no longer."""
        self._main.zoomed = not self._main.zoomed

    def widen(self, step: int) -> None:
        """Give the focused pane more room, or less for a negative step."""
        main = self._main
        if reason := sizes_panes(self._app.view, main.situation):
            self._app.say(reason)
        elif not main.panes.widen_left(-step if main.on_side else step):
            self._app.say(f"this pane can't get {'wider' if step > 0 else 'narrower'}")

    def reset_sizes(self) -> None:
        """Give the panes their usual sizes."""
        self._main.panes.share = self._main.panes.usual_share

    def toggle_lower(self) -> None:
        """Let the rows of the left pane have its whole height, or no longer."""
        panes = self._main.panes
        panes.may_show_lower = not panes.may_show_lower
        self._app.say(f"below the rows: {'cells and the last minute' if panes.may_show_lower else 'nothing'}")

    def neighbour(self, *, up: bool) -> None:
        """Go to the first node that the cursor's row needs, or to the first that needs it."""
        if not self._tree.to_neighbour(up=up):
            self._app.say("it needs no other node" if up else "no other node needs it")

    def view(self, step: int) -> None:
        """Show the next view of the graph, or the one before it for a negative step."""
        self._main.show_view(self._tree.view.following(step))

    def zoom_time(self, factor: float) -> None:
        """Show a shorter part of the time axis, or a longer one for a factor below 1."""
        self._on_axis(lambda: self._tree.zoom_time(factor), "the time axis shows the whole run" if factor < 1 else "")

    def pan_time(self, steps: int) -> None:
        """Scroll the time axis."""
        self._on_axis(lambda: self._tree.pan_time(steps), "nothing is beyond this part of the time axis")

    def _on_axis(self, act: Callable[[], bool], otherwise: str) -> None:
        """Act on the time axis, or say why that changes nothing."""
        if reason := has_time_axis(self._app.view, self._main.situation):
            self._app.say(reason)
        elif not act() and otherwise:
            self._app.say(otherwise)

    def find(self) -> None:
        """Start a search. In the tree it filters, in the log it finds."""
        main = self._main
        if main.on_side and main.side.shows_branch:
            main.go_to(Pane.TREE)
        if main.on_side and main.tab is not Pane.LOG:
            main.go_to(Pane.LOG)
        main.start_search()

    def find_hit(self, direction: int) -> None:
        """Go to the next hit, or to the previous one if the direction is negative."""
        main = self._main
        if main.on_side:
            if self._log.view.finder is None:
                self._say_no_search()
            else:
                self._log.find_hit(direction)
        elif not self._tree.navigator.filter_query:
            self._say_no_search()
        elif not self._tree.find_next(self._tree.navigator.filter_query, direction < 0):
            self._app.say(f"no node matches {self._tree.navigator.filter_query}")

    def _say_no_search(self) -> None:
        key = self._app.keymap.shown("find.start", self._app.look)
        self._app.say(f"{NO_SEARCH}: press {key}" if key else NO_SEARCH)

    def follow(self) -> None:
        """Follow the end of the log, or stay."""
        self._if_available(reads_lines, self._log.toggle_follow)

    def select_lines(self) -> None:
        """Begin to select lines of the log at the cursor, or end the selection. From the palette, go to the log."""
        if self._main.side.shows_branch:
            self._app.say(UNFOLD)
            return
        if self._main.pane is not Pane.LOG:
            self._main.go_to(Pane.LOG)
        self._if_available(reads_lines, self._log.toggle_selection)

    def first_error(self) -> None:
        """Go to the first line of the log that looks like an error."""
        self._if_available(reads_lines, self._log.first_error)

    def previous_attempt(self) -> None:
        """Show the log of the previous attempt."""
        self._if_available(has_earlier_attempt, self._log.previous_attempt)

    def next_attempt(self) -> None:
        """Show the log of the next attempt."""
        self._if_available(has_later_attempt, self._log.next_attempt)

    def _if_available(self, available: Availability, act: Callable[[], None]) -> None:
        """Act on the log, or say why that would do nothing."""
        reason = available(self._app.view, self._main.situation)
        if reason is None:
            act()
        else:
            self._app.say(reason)

    def wrap(self) -> None:
        """Wrap long lines of the log, or cut them."""
        self._app.say(f"long lines are {'wrapped' if self._log.toggle_wrap() else 'cut'}")

    def find_failure(self, direction: int) -> None:
        """Go to the next failure, or to the previous one."""
        if not self._tree.next_failure(backwards=direction < 0):
            self._app.say(NOTHING_FAILED)

    def find_running(self, direction: int) -> None:
        """Go to the next running node, or to the previous one."""
        if not self._tree.next_with(ALIVE, direction < 0):
            self._app.say(NOTHING_RUNS)
