"""What the keys do that concern the screen, its terminal, and leaving."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from dagtui.session.hosting.leaving import Leaving
from dagtui.tui.palette import Palette
from dagtui.tui.rows import Role
from dagtui.tui.screens.help import HelpScreen
from dagtui.tui.screens.leave import LeaveDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dagtui.tui.app import DagtuiApp

COPY_NAME = "copied.txt"
"""In the run's directory: what was copied last, for terminals that don't take it."""


class ScreenActions:
    """Help, palette, copy, pager, repaint, suspend, leave."""

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
            "screen.suspend": self._suspend,
            "screen.detach": self._detach,
            "screen.leave": self._leave,
            "log.pager": self._open_pager,
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

    # Pager

    def _open_pager(self) -> None:
        path = self._log_path()
        if path is None:
            self._app.say("this node has no log yet")
            return
        try:
            command = shlex.split(self._app.place.environment.get("PAGER", "")) or ["less"]
        except ValueError as error:
            self._app.say(f"$PAGER can't be used: {error}", Role.WARNING)
            return
        self._app.run_worker(self._page([*command, str(path)]), group="pager", exclusive=True, exit_on_error=False)

    def _log_path(self) -> Path | None:
        node = self._app.main.node
        if node is None:
            return None
        shown = self._app.main.side.log_pane.attempt or self._session.state.attempt[node]
        path = self._session.log_path(node, shown)
        return path if path.exists() else None

    async def _page(self, command: list[str]) -> None:
        """Lend the terminal to a pager; the run goes on meanwhile."""
        app = self._app
        try:
            with app.terminal_lent():
                # Less lets colours through and shows other control codes, if told so; git does the same.
                trouble = await app.place.run(command, {"LESS": "-R"})
        except SuspendNotSupported:
            trouble = "the terminal can't be lent to a pager"
        if trouble:
            app.say(trouble, Role.WARNING)
        app.request_frame()

    # Leaving

    def _suspend(self) -> None:
        app = self._app
        app.run_worker(app.place.suspend(app), group="pager", exclusive=True, exit_on_error=False)

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
