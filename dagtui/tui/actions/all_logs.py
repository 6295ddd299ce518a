"""Actions on all logs at once. Most screens never show them, so the page is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.tui.all_logs.rows import LogPlace
    from dagtui.tui.lines.copied import Copied
    from dagtui.tui.screen_app import ScreenApp


class AllLogsActions:
    """Open the page of all logs, and go from there to the log of a node."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app

    def open(self) -> None:
        """Show all logs of the run, merged."""
        from dagtui.tui.all_logs.page import AllLogsPage

        app = self._app
        tree = app.main.tree_pane
        selected = tree.navigator.targets if tree.selected_count else ()
        page = AllLogsPage(app.view, app.keymap, app.look, selected=selected, go_to=self._go_to, copy=self._copy)
        app.pages.open(page)

    def _copy(self, copied: Copied) -> None:
        from dagtui.tui.actions.copying import CopyActions

        CopyActions(self._app).text(copied, "line")

    def _go_to(self, place: LogPlace) -> None:
        """Show a place in the log of a node in full."""
        main = self._app.main
        main.jump(place.node)
        main.open_log()
        if place.attempt:
            main.side.log_pane.show_at(place.node, place.attempt, place.offset)
        self._app.request_frame()
