"""Answers to the keys that command a run, on a screen that only watches it, or shows a past one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind, Preview
from dagtui.host.attachment import ExitReason
from dagtui.runs.wording import done
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.tui.actions.availability import UNFOLD, hold_or_release, pause_or_resume
from dagtui.tui.lines.rows import Role

if TYPE_CHECKING:
    from dagtui.graph.model import NodeIndex
    from dagtui.tui.screen_app import ScreenApp

_NAME_CELLS = CellWidth(60)


class ReadOnlyActions:
    """Says that the screen is read-only, in place of each command. Leaves without a question."""

    def __init__(self, app: ScreenApp) -> None:
        self._app = app

    @property
    def _why(self) -> str:
        return self._app.view.read_only or ""

    def give(self, *kinds: CommandKind) -> None:
        """Refuse a command on nodes."""
        if targets := self._app.main.tree_pane.navigator.targets:
            self._refuse(kinds[0], targets)
        else:
            self._app.say(UNFOLD)

    ask = give

    def retry(self) -> None:
        """Refuse to retry nodes."""
        self.give(CommandKind.RETRY)

    select = retry

    def input(self) -> None:
        """Refuse to answer a gate or to type."""
        self.give(CommandKind.ANSWER)

    def retry_failed(self) -> None:
        """Refuse to retry what failed."""
        self._refuse(CommandKind.RETRY_FAILED)

    def pause(self) -> None:
        """Refuse to pause or resume the run."""
        self._refuse(pause_or_resume(self._app.view))

    def hold(self) -> None:
        """Refuse to hold or release nodes."""
        self.give(hold_or_release(self._app.view, self._app.main.tree_pane.navigator.targets))

    def change_jobs(self, _step: int) -> None:
        """Refuse to change the number of slots."""
        self._refuse(CommandKind.SET_JOBS)

    def open_shell(self) -> None:
        """Refuse to open a shell."""
        if self._app.main.node is None:
            self._app.say(UNFOLD)
        else:
            self._app.say(f"{self._why}, and does not know its environment", Role.WARNING)

    def edit(self) -> None:
        """Refuse to edit a task."""
        targets = self._app.main.tree_pane.navigator.targets
        name = name_label(self._app.view.graph.labels[targets[0]], _NAME_CELLS) if targets else "edit"
        self._app.say(f"{name}: {self._why}", Role.MUTED)

    def reload(self) -> None:
        """Refuse to reload the graph file."""
        self._app.say(f"reload: {self._why}", Role.MUTED)

    def leave(self) -> None:
        """Leave: that does not affect the run."""
        self._app.exit(ExitReason.LEFT_SETTLED)

    detach = leave

    def _refuse(self, kind: CommandKind, targets: tuple[NodeIndex, ...] = ()) -> None:
        refused = Preview(Command(kind, targets), nothing=self._why)
        self._app.say(done(self._app.view.state, refused), Role.MUTED)
