"""Actions that command the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind, Preview
from dagtui.engine.rules.commands import ALREADY_SUCCEEDED
from dagtui.engine.status import Cause, NodeStatus
from dagtui.runs.answers import answer_by
from dagtui.runs.wording import done
from dagtui.text import plural
from dagtui.text.amounts import first_of
from dagtui.text.labels import name_label
from dagtui.tui.actions.availability import (
    NOT_RUNNING,
    NOTHING_ASKS,
    UNFOLD,
    gate_elsewhere,
    hold_or_release,
    jobs_command,
    pause_or_resume,
)
from dagtui.tui.actions.hints import NAME_CELLS
from dagtui.tui.actions.typist import Typist
from dagtui.tui.lines.rows import Role
from dagtui.tui.screens.answer import AnswerDialog
from dagtui.tui.screens.preview import NOTHING_LEFT_OUT, PreviewDialog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.live import LiveRun
    from dagtui.tui.screen_app import ScreenApp


_NAMED = 3
"""Gates that a message names."""


class RunActions:
    """Actions that give commands. Harmless ones are executed at once; the others show a preview first."""

    def __init__(self, app: ScreenApp, run: LiveRun) -> None:
        self._app = app
        self._run = run

    def retry(self) -> None:
        """Retry at once, unless the retry would run, stop or add nodes other than the targets."""
        targets = self._targets()
        if self._are_many(targets):
            self._ask_on_many(targets, CommandKind.RETRY)
        elif targets:
            command = Command(CommandKind.RETRY, targets)
            preview = self._run.preview(command)
            if preview.kills_and_reruns.union(preview.added) <= set(targets):
                self._give(command)
            else:
                self._show(preview, command)

    def retry_failed(self) -> None:
        """Retry everything that failed, after a preview. If nothing did, name the key for what this leaves out."""
        preview, counts = self._run.preview(Command(CommandKind.RETRY_FAILED)), self._run.state.counts
        others = [status.word for status in (NodeStatus.FAILED, NodeStatus.CANCELLED) if counts[status]]
        if preview.nothing is None or not others:
            self._show(preview, preview.command)
            return
        key = self._app.keymap.shown("node.retry", self._app.look)
        reason = "every failure is allowed" if counts[NodeStatus.FAILED] else preview.nothing
        self._app.say(f"{reason}; {f'{key} retries' if key else 'retry'} {' and '.join(others)} nodes", Role.MUTED)

    def pause(self) -> None:
        """Pause the run, or resume it."""
        self._give(Command(pause_or_resume(self._run)))

    def hold(self) -> None:
        """Hold nodes, or release them if none is left to hold."""
        self.give(hold_or_release(self._run, self._app.main.tree_pane.navigator.targets))

    def change_jobs(self, step: int) -> None:
        """Change the number of slots of where the targets run."""
        command = jobs_command(self._run, self._app.main.situation.targets, step)
        if isinstance(command, str):
            self._app.say(command)
        else:
            self._give(command)

    def give(self, kind: CommandKind) -> None:
        """Give the command at once for one node. For many nodes, show a preview first."""
        targets = self._targets()
        if self._are_many(targets):
            self._ask_on_many(targets, kind)
        elif targets:
            self._give(Command(kind, targets))

    def ask(self, *kinds: CommandKind) -> None:
        """Show a preview of the first kind of command, with the others as choices."""
        targets = self._targets()
        if self._are_many(targets):
            self._ask_on_many(targets, *kinds)
        elif targets:
            self._ask(*(Command(kind, targets) for kind in kinds))

    def input(self) -> None:
        """Type into the node under the cursor if it runs and has a terminal. Otherwise, answer a gate."""
        node, terminals = self._app.main.node, self._run.terminals
        if node is None or terminals is None or not self._run.has_terminal(node):
            self._answer()
        elif self._run.state.status_of(node) is NodeStatus.RUNNING:
            self._app.begin_typing(Typist(self._app, self._run, terminals, node))
        elif gate_elsewhere(self._run, (node,)) is not None:
            self._answer()
        else:
            self._app.say(NOT_RUNNING, Role.MUTED)

    def _answer(self) -> None:
        """Show the question of the only gate here that asks, or else go to the only one of the run."""
        targets = self._app.main.tree_pane.navigator.targets
        asking = [node for node in targets if self._run.state.cause_of(node) is Cause.ASKS]
        gate = asking[0] if len(asking) == 1 else gate_elsewhere(self._run, targets)
        if gate is not None:
            if not asking:
                self._app.jump(gate)
            self._show_question(gate)
        elif asking:
            self._app.say(f"{plural(len(asking), 'gate')} ask here: choose one of them")
        elif len(targets) == 1:
            command = Command(CommandKind.ANSWER, targets)
            nothing = (self._run.refusal(command) or NOTHING_ASKS) + self._asking_elsewhere()
            self._app.say(done(self._run.state, Preview(command, nothing=nothing)), Role.MUTED)
        else:
            self._app.say((NOTHING_ASKS if targets else UNFOLD) + self._asking_elsewhere(), Role.MUTED)

    def _show_question(self, node: NodeIndex) -> None:
        """Show the question of a gate, and answer what a person chooses."""

        def give(choice: str | None) -> None:
            if choice is not None:
                self._give(Command(CommandKind.ANSWER, (node,), answer=answer_by(choice)))

        self._app.push_screen(AnswerDialog(self._run, node, look=self._app.look), give)

    def _asking_elsewhere(self) -> str:
        """Return words that name the gates of the run that ask, if there are several."""
        asking = list(self._run.state.asking())
        if len(asking) < 2:
            return ""
        names = [name_label(self._run.graph.labels[node], NAME_CELLS) for node in asking[:_NAMED]]
        return f"; {plural(len(asking), 'gate')} ask: {first_of(names, len(asking))}"

    def _ask_on_many(self, targets: tuple[NodeIndex, ...], *kinds: CommandKind) -> None:
        """Show a preview for those nodes that accept the command. Of a selection, it names the others and says why."""
        unwilling = self._run.refused_targets(Command(kinds[0], targets))
        willing = tuple(node for node in targets if node not in unwilling)
        if willing:
            left_out = unwilling if self._app.main.tree_pane.selected_count else NOTHING_LEFT_OUT
            self._ask(*(Command(kind, willing) for kind in kinds), left_out=left_out)
        else:
            words = f"nothing to {kinds[0].value} in {plural(len(targets), 'node')}: {unwilling[targets[0]]}"
            self._app.say(words, Role.MUTED)

    def _are_many(self, targets: tuple[NodeIndex, ...]) -> bool:
        """Return whether the targets differ from the node under the cursor."""
        return bool(targets) and targets != (self._app.main.node,)

    def _targets(self) -> tuple[NodeIndex, ...]:
        targets = self._app.main.tree_pane.navigator.targets
        if not targets:
            self._app.say(UNFOLD)
        return targets

    def select(self) -> None:
        """Select or deselect the nodes of the row, for commands."""
        if not self._app.main.tree_pane.toggle_selected():
            self._app.say(UNFOLD)

    def _give(self, command: Command) -> None:
        self._report(self._run.give(command))

    def _ask(self, *commands: Command, left_out: Mapping[NodeIndex, str] = NOTHING_LEFT_OUT) -> None:
        """Show what the first command would do, with the others as choices."""
        self._show(self._run.preview(commands[0]), *commands, left_out=left_out)

    def _show(self, first: Preview, *commands: Command, left_out: Mapping[NodeIndex, str] = NOTHING_LEFT_OUT) -> None:
        """Show the preview of the first command. A command without effect only reports the reason.

        `left_out` are selected nodes that don't accept it, with the reason.
        """
        if first.nothing is not None:
            self._report(first)
            return
        dialog = PreviewDialog(self._run, commands, first, left_out, look=self._app.look)
        self._app.push_screen(dialog, self._report)

    def _report(self, result: Preview | None) -> None:
        if result is None:
            return
        if result.nothing is None and result.command.nodes:
            self._app.main.tree_pane.select_none()
        role = Role.MUTED if result.nothing is not None else Role.PLAIN
        changed = self._run.changed_file
        was_read_before = f" ({changed.brief})" if changed is not None and result.again else ""
        key = self._app.keymap.shown("node.rerun", self._app.look) if result.nothing == ALREADY_SUCCEEDED else ""
        which = f" ({key})" if key else ""
        self._app.say(done(self._run.state, result) + which + was_read_before, role)
