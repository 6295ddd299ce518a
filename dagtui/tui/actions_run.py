"""What the keys do that command the run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.session.wording import done
from dagtui.tui.rows import Role
from dagtui.tui.screens.preview import PreviewDialog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.engine.preview import Preview
    from dagtui.tui.app import DagtuiApp


class RunActions:
    """Commands that surprise nobody are carried out at once; the others are shown first, with what they would do."""

    def __init__(self, app: DagtuiApp) -> None:
        self._app = app
        self._session = app.session

    def table(self) -> Mapping[str, Callable[[], object]]:
        """By id: what is done."""
        return {
            "node.retry": self._retry,
            "node.rerun": partial(self._ask_on_node, CommandKind.RERUN, CommandKind.RERUN_ONLY),
            "node.cancel": partial(self._give_on_node, CommandKind.CANCEL),
            "node.cancel_subtree": partial(self._ask_on_node, CommandKind.CANCEL_SUBTREE),
            "node.skip": partial(self._give_on_node, CommandKind.SKIP),
            "node.mark_done": partial(self._give_on_node, CommandKind.MARK_DONE),
            "run.retry_failed": lambda: self._ask(Command(CommandKind.RETRY_FAILED)),
            "run.pause": self._pause,
            "run.fewer_jobs": lambda: self._jobs(-1),
            "run.more_jobs": lambda: self._jobs(1),
        }

    def _retry(self) -> None:
        """At once, unless other nodes than the one that is meant would run again or be stopped."""
        node = self._node()
        if node is None:
            return
        command = Command(CommandKind.RETRY, (node,))
        if self._session.preview(command).kills_and_reruns <= {node}:
            self._give(command)
        else:
            self._ask(command)

    def _pause(self) -> None:
        self._give(Command(CommandKind.RESUME if self._session.state.paused else CommandKind.PAUSE))

    def _jobs(self, step: int) -> None:
        self._give(Command(CommandKind.SET_JOBS, jobs=self._session.state.jobs + step))

    def _give_on_node(self, kind: CommandKind) -> None:
        node = self._node()
        if node is not None:
            self._give(Command(kind, (node,)))

    def _ask_on_node(self, *kinds: CommandKind) -> None:
        node = self._node()
        if node is not None:
            self._ask(*(Command(kind, (node,)) for kind in kinds))

    def _node(self) -> int | None:
        node = self._app.main.node
        if node is None:
            self._app.say("this row is not one node: unfold it")
        return node

    def _give(self, command: Command) -> None:
        self._report(self._session.give(command))

    def _ask(self, *commands: Command) -> None:
        """Show the first command, with the others as choices; one that would do nothing only says why."""
        first = self._session.preview(commands[0])
        if first.nothing is not None:
            self._report(first)
            return
        self._app.push_screen(PreviewDialog(self._session, commands, ascii=self._app.ascii_only), self._report)

    def _report(self, result: Preview | None) -> None:
        if result is None:
            return
        role = Role.MUTED if result.nothing is not None else Role.PLAIN
        self._app.say(done(self._session.state, result), role)
