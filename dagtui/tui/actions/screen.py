"""Actions of the screen, and leaving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.host.attachment import ExitReason
from dagtui.tui.actions.availability import detaches
from dagtui.tui.actions.present_words import jobs_words
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_app import ScreenApp


class ScreenActions:
    """Help and palette."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app
        self._run = app.view

    def help(self) -> None:
        """Open the help. It is imported only now, so that it does not slow the start."""
        from dagtui.tui.screens.help import HelpScreen
        from dagtui.tui.screens.row_words import row_in_words

        app, main = self._app, self._app.main
        about = row_in_words(self._run, main.node, main.tree_pane.many, app.look)
        without = app.keymap.unavailable(self._run, main.situation)
        present = jobs_words(self._run, main.situation, app.look)
        app.push_screen(HelpScreen(app.keymap, app.look, pane=main.pane, without=without, about=about, present=present))

    def palette(self) -> None:
        """Open the command palette."""
        self._app.push_screen(Palette(self._app.look))


class LeaveActions:
    """Leave the screen of a run that is driven."""

    def __init__(self, app: ScreenApp, run: LiveRun) -> None:
        self._app = app
        self._run = run

    def detach(self) -> None:
        """Leave the screen only, if the run has a process of its own."""
        reason = detaches(self._run, self._app.main.situation)
        if reason is None:
            self._app.exit(ExitReason.DETACHED)
        else:
            self._app.say(reason, Role.WARNING)

    def leave(self) -> None:
        """Leave at once if nothing more can happen, otherwise ask."""
        if self._run.settled:
            self._app.exit(ExitReason.LEFT_SETTLED)
        elif self._app.broken:
            self._app.exit(ExitReason.CANCEL_ALL)
        else:
            detachable = self._app.place.detachable
            dialog = LeaveDialog(self._run, detachable=detachable, look=self._app.look)
            self._app.push_screen(dialog, self._left)

    def _left(self, leaving: ExitReason | None) -> None:
        if leaving is not None:
            self._app.exit(leaving)
