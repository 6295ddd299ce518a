"""Actions of the screen, and leaving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.host.attachment import ExitReason
from dagtui.text import exact_line
from dagtui.tui.actions.availability import detaches
from dagtui.tui.lines.copied import Copied
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.palette import Palette

if TYPE_CHECKING:
    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_app import ScreenApp

COPY_NAME = "copied.txt"
"""File in the run directory with the last copied text, for terminals without clipboard support."""


class ScreenActions:
    """Help, palette, copy."""

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
        app.push_screen(HelpScreen(app.keymap, app.look, pane=main.pane, without=without, about=about))

    def palette(self) -> None:
        """Open the command palette."""
        self._app.push_screen(Palette(self._app.look))

    def copy(self) -> None:
        """Copy what the focused pane shows."""
        main = self._app.main
        copied = (main.side.copied() if main.on_side else Copied(self._names())).bounded()
        if not copied.text:
            self._app.say(copied.remark or "there is nothing to copy here")
            return
        is_sent = self._app.put_on_clipboard(copied.text)
        words, role = self._where(copied.text, is_sent=is_sent)
        if copied.remark:
            words, role = f"{copied.remark}: {words}", Role.WARNING
        self._app.say(words, role)

    def _names(self) -> str:
        """Return the name of the node under the cursor, or of each node that is selected or that the row stands for."""
        return "\n".join(
            exact_line(self._run.graph.labels[node]) for node in self._app.main.tree_pane.navigator.targets
        )

    def _where(self, text: str, *, is_sent: bool) -> tuple[str, Role]:
        """Return where the text is, as far as can be known: multiplexers drop what is sent to the clipboard."""
        path = self._run.path / COPY_NAME
        try:
            path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            where = "copied to the terminal's clipboard only" if is_sent else "not copied, too long for a clipboard"
            return f"{where}: {path}: {error.strerror}", Role.WARNING
        if not is_sent:
            return f"too long for a terminal's clipboard: copied to {path} only", Role.WARNING
        return f"copied to {path}", Role.PLAIN


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
