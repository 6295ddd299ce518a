"""Find in all logs, and compare attempts. Most screens never do, so the pages are imported then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.actions.availability import UNFOLD

if TYPE_CHECKING:
    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
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
        """Show a hit in the log of its node, in full, with a search for more of them there."""
        from dagtui.tui.log.expression_hits import finder_of_hit

        main = self._app.main
        self._app.jump(place.node)
        main.open_log()
        finder = finder_of_hit(place.pattern, place.found.hits)
        main.side.log_pane.show_at(place.node, place.attempt, place.offset, finder)
        self._app.request_frame()

    def compare(self) -> None:
        """Compare the last two attempts of the node, or the last one with that of the last run that succeeded."""
        from dagtui.tui.compare.page import AttemptsPage

        app = self._app
        node = app.main.node
        if node is None:
            app.say(UNFOLD)
        elif not app.view.state.attempt[node]:
            app.say("this node has no attempts yet")
        else:
            app.pages.open(AttemptsPage(app.view, app.keymap, app.look, node, open_log=self._open_log))

    def _open_log(self, node: NodeIndex, attempt: AttemptNumber, offset: int | None) -> None:
        """Show the log of an attempt in full, at the line that begins at an offset if there is one."""
        main = self._app.main
        self._app.jump(node)
        main.open_log()
        if offset is not None:
            main.side.log_pane.show_at(node, attempt, offset)
        self._app.request_frame()
