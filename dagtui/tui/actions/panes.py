"""Actions that move, fold, find and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.tui.actions.keymap import Pane
from dagtui.tui.actions.unavailable import UNFOLD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.tui.screen_app import ScreenApp

FAILURES = frozenset({NodeStatus.FAILED})
COLUMNS = 8
"""Columns by which a log scrolls sideways."""
RUNNING = frozenset({NodeStatus.RUNNING, NodeStatus.CANCELLING})


class PaneActions:
    """Actions of the panes. Each acts on the focused pane, or on the tree or the log if only that pane has it."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._main = app.main
        self._tree = app.main.tree_pane
        self._log = app.main.side.log_pane

    def table(self) -> Mapping[str, Callable[[], object]]:
        """Return the handlers by action id."""
        main, tree, log = self._main, self._tree, self._log
        return {
            "move.down": lambda: main.movable.move(1),
            "move.up": lambda: main.movable.move(-1),
            "move.top": lambda: self._to_end(-1),
            "move.bottom": lambda: self._to_end(1),
            "move.page_down": lambda: main.movable.page(1),
            "move.page_up": lambda: main.movable.page(-1),
            "move.half_down": lambda: self._half_page(1),
            "move.half_up": lambda: self._half_page(-1),
            "fold.close": lambda: log.scroll_columns(-COLUMNS) if main.on_side else tree.fold(),
            "fold.open": lambda: log.scroll_columns(COLUMNS) if main.on_side else tree.unfold(),
            "fold.toggle": self._toggle,
            "fold.close_all": tree.fold_all,
            "fold.open_all": tree.unfold_all,
            "pane.open": self._open,
            "pane.back": self._back,
            "pane.next": lambda: main.go_to(Pane.TREE if main.on_side else main.tab),
            "pane.log": lambda: main.show_tab(Pane.LOG),
            "pane.details": lambda: main.show_tab(Pane.DETAILS),
            "pane.why": lambda: main.show_tab(Pane.WHY),
            "pane.zoom": self._zoom,
            "tree.view": self._view,
            "select.toggle": self._select,
            "find.start": self._find,
            "find.next": lambda: self._find_on(backwards=False),
            "find.previous": lambda: self._find_on(backwards=True),
            "find.failure": lambda: self._next(FAILURES, "nothing has failed", backwards=False),
            "find.failure_back": lambda: self._next(FAILURES, "nothing has failed", backwards=True),
            "find.running": lambda: self._next(RUNNING, "nothing is running", backwards=False),
            "log.follow": log.toggle_follow,
            "log.wrap": lambda: self._tell("long lines are", "wrapped", "cut", log.toggle_wrap()),
            "log.times": log.toggle_times,
            "log.numbers": log.toggle_numbers,
            "log.first_error": log.first_error,
            "log.previous_attempt": log.previous_attempt,
            "log.next_attempt": log.next_attempt,
        }

    def _to_end(self, direction: int) -> None:
        if direction < 0:
            self._main.movable.top()
        else:
            self._main.movable.bottom()

    def _half_page(self, direction: int) -> None:
        if self._main.on_side:
            self._main.side.pane.half_page(direction)
        else:
            self._tree.page(direction / 2)

    def _toggle(self) -> None:
        # The page of a row that stands for many nodes offers this key for that row.
        if self._main.on_side and not self._main.side.shows_branch:
            self._main.movable.page(1)
        else:
            self._tree.toggle()

    def _open(self) -> None:
        """In the tree, open the log in full. On the right, follow the row."""
        main = self._main
        if not main.on_side:
            self._tree.open_cursor()
        else:
            main.side.pane.activate()

    def _back(self) -> None:
        """Undo one thing at a time: the search of the focused pane, then the zoom or the focus."""
        main = self._main
        if main.on_side and main.tab is Pane.LOG and self._log.view.finder is not None:
            self._log.clear_find()
        elif not main.on_side and self._tree.selected_count:
            self._tree.select_none()
        elif not main.on_side and not main.zoomed and self._tree.filter_query:
            self._tree.set_filter("")
        else:
            main.back()

    def _zoom(self) -> None:
        self._main.zoomed = not self._main.zoomed

    def _view(self) -> None:
        self._app.say(f"view: {self._tree.cycle_view().value}")

    def _select(self) -> None:
        if not self._tree.toggle_selected():
            self._app.say(UNFOLD)

    def _find(self) -> None:
        """Start a search. In the tree it filters, in the log it finds."""
        main = self._main
        if main.on_side and main.side.shows_branch:
            main.go_to(Pane.TREE)
        if main.on_side and main.tab is not Pane.LOG:
            main.go_to(Pane.LOG)
        main.start_search()

    def _find_on(self, *, backwards: bool) -> None:
        main = self._main
        if main.on_side:
            if self._log.view.finder is None:
                self._say_no_search()
            elif backwards:
                self._log.find_previous()
            else:
                self._log.find_next()
        elif not self._tree.filter_query:
            self._say_no_search()
        elif not self._tree.find_next(self._tree.filter_query, backwards):
            self._app.say(f"no node matches {self._tree.filter_query}")

    def _say_no_search(self) -> None:
        key = self._app.keymap.shown("find.start", ascii=self._app.ascii_only)
        self._app.say(f"No search yet: press {key}" if key else "No search yet")

    def _tell(self, what: str, on: str, off: str, is_on: bool) -> None:
        self._app.say(f"{what} {on if is_on else off}")

    def _next(self, statuses: frozenset[NodeStatus], otherwise: str, *, backwards: bool) -> None:
        if not self._tree.next_with(statuses, backwards):
            self._app.say(otherwise)
