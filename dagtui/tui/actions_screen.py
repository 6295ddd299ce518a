"""What the keys do that concern the screen, and leaving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.session.hosting.leaving import Leaving
from dagtui.tui.palette import Palette
from dagtui.tui.rows import Role
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.leave import LeaveDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.tui.app import DagtuiApp

COPY_NAME = "copied.txt"
"""In the run's directory: what was copied last, for terminals that don't take it."""


class ScreenActions:
    """Help, palette, copy, repaint, leave."""

    def __init__(self, app: DagtuiApp) -> None:
        self._app = app
        self._session = app.session

    def table(self) -> Mapping[str, Callable[[], object]]:
        """By id: what is done."""
        app = self._app
        return {
            "screen.help": lambda: app.push_screen(HelpScreen(app.keymap, ascii=app.ascii_only)),
            "screen.palette": lambda: app.push_screen(Palette(ascii=app.ascii_only)),
            "screen.copy": self._copy,
            "screen.repaint": app.action_repaint,
            "screen.detach": self._detach,
            "screen.leave": self._leave,
        }

    # Copy

    def _copy(self) -> None:
        main = self._app.main
        text = main.side.copy_text() if main.on_side else self._names()
        if not text:
            self._app.say("there is nothing to copy here")
            return
        self._app.copy_to_clipboard(text)
        self._app.say(*self._copied(text))

    def _names(self) -> str:
        """The name of the node under the cursor, or of each that is selected or that the row stands for."""
        return "\n".join(self._session.graph.labels[node] for node in self._app.main.tree_pane.targets)

    def _copied(self, text: str) -> tuple[str, Role]:
        """Where the text is, as far as can be known: multiplexers drop what is sent to the terminal's clipboard."""
        if self._session.path is None:
            return "copied to the terminal's clipboard, if it takes it", Role.PLAIN
        path = self._session.path / COPY_NAME
        try:
            path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            return f"copied to the terminal's clipboard only: {path}: {error.strerror}", Role.WARNING
        return f"copied to {path}", Role.PLAIN

    # Leaving

    def _detach(self) -> None:
        """Leave the screen and nothing else, where the run has a process of its own."""
        if self._app.place.detachable:
            self._app.exit(Leaving.DETACHED)
        else:
            self._app.say(
                "can't be detached: this run has no process of its own and ends with its terminal", Role.WARNING
            )

    def _leave(self) -> None:
        """At once when nothing more can happen; else ask."""
        if self._session.settled:
            self._app.exit(Leaving.LEFT_SETTLED)
        elif self._app.broken:
            self._app.exit(Leaving.CANCEL_ALL)
        else:
            detachable = self._app.place.detachable
            dialog = LeaveDialog(self._session, detachable=detachable, ascii=self._app.ascii_only)
            self._app.push_screen(dialog, self._left)

    def _left(self, leaving: Leaving | None) -> None:
        if leaving is not None:
            self._app.exit(leaving)
