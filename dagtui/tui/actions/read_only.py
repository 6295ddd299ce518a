"""Answers to the keys that command a run, on a screen that only watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.preview import Preview
from dagtui.runs.view import READ_ONLY
from dagtui.runs.wording import done
from dagtui.tui.actions.unavailable import COMMANDS, UNFOLD
from dagtui.tui.lines.rows import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.tui.screen_app import ScreenApp


class ReadOnlyActions:
    """Says that the screen is read-only, in place of each command."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app

    def table(self) -> Mapping[str, Callable[[], object]]:
        """Return the handlers by action id."""
        state = self._app.session.state
        return {
            **dict.fromkeys(COMMANDS, self._refuse_on_nodes),
            "node.shell": self._refuse_shell,
            "run.retry_failed": lambda: self._refuse(CommandKind.RETRY_FAILED),
            "run.pause": lambda: self._refuse(CommandKind.RESUME if state.paused else CommandKind.PAUSE),
            "run.fewer_jobs": lambda: self._refuse(CommandKind.SET_JOBS),
            "run.more_jobs": lambda: self._refuse(CommandKind.SET_JOBS),
        }

    def _refuse(self, kind: CommandKind, targets: tuple[int, ...] = ()) -> None:
        refused = Preview(Command(kind, targets), nothing=READ_ONLY)
        self._app.say(done(self._app.session.state, refused), Role.MUTED)

    def _refuse_on_nodes(self) -> None:
        """Refuse a command on nodes. The words name the nodes only, so any kind of command serves."""
        if targets := self._app.main.tree_pane.targets:
            self._refuse(CommandKind.RETRY, targets)
        else:
            self._app.say(UNFOLD)

    def _refuse_shell(self) -> None:
        if self._app.main.node is None:
            self._app.say(UNFOLD)
        else:
            self._app.say(f"{READ_ONLY}, and does not know its environment", Role.WARNING)
