"""Actions on all logs at once. Most screens never show them, so the page is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.tui.all_logs.places import AllLogsState, LogPlace
    from dagtui.tui.lines.copied import Copied
    from dagtui.tui.screen_app import ScreenApp


class AllLogsActions:
    """Open the page of all logs, and go from there to the log of a node."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._graph = app.view.graph
        self._last: AllLogsState | None = None
        """How the page was left."""

    def open(self) -> None:
        """Show all logs of the run, merged."""
        from dagtui.tui.all_logs.page import AllLogsPage

        app = self._app
        tree = app.main.tree_pane
        selected = tree.navigator.targets if tree.selected_count else ()
        last = self._last if self._graph is app.view.graph else None  # a reload numbers nodes anew
        self._graph = app.view.graph
        page = AllLogsPage(
            app.view,
            app.keymap,
            app.look,
            selected=selected,
            go_to=self._go_to,
            copy=self._copy,
            left=self._left,
            state=last,
        )
        app.pages.open(page)

    def _left(self, state: AllLogsState) -> None:
        self._last = state

    def _copy(self, copied: Copied) -> None:
        from dagtui.tui.actions.copying import CopyActions

        CopyActions(self._app).copy(copied, "line")

    def _go_to(self, place: LogPlace) -> None:
        """Show a place in the log of a node in full."""
        main = self._app.main
        main.jump(place.node)
        main.open_log()
        if place.attempt:
            main.side.log_pane.show_at(place.node, place.attempt, place.offset)
        self._app.request_frame()
