"""Find in all logs. Most screens never do, so the page is imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.tui.screen_app import ScreenApp
    from dagtui.tui.search.page import FindState, HitPlace


class FindAllActions:
    """Open the page of a search over all logs, and go from there to the log of a node."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._last: FindState | None = None
        """The last search, and how its page was left."""

    def open(self) -> None:
        """Show the last search over all logs, or ask what to find."""
        from dagtui.tui.search.page import FindPage, FindState

        app = self._app
        self._last = self._last or FindState()
        app.pages.open(FindPage(app.view, app.keymap, app.look, self._last, go_to=self._go_to))

    def _go_to(self, place: HitPlace) -> None:
        """Show a hit in the log of its node, in full."""
        main = self._app.main
        self._app.jump(place.node)
        main.open_log()
        main.side.log_pane.show_at(place.node, place.attempt, place.offset, place.text)
        self._app.request_frame()
