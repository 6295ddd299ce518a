"""Read-only screen for another process's run. It can be left at any time."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, ClassVar, Unpack

from dagtui.runs.following import FollowedRun
from dagtui.runs.view import READ_ONLY
from dagtui.text import label
from dagtui.tui.actions.keymap import bindings
from dagtui.tui.actions.programs import ProgramActions
from dagtui.tui.actions.read_only import ReadOnlyActions
from dagtui.tui.actions.table import ACTIONS, Handlers, bound
from dagtui.tui.lines.rows import Role
from dagtui.tui.screen_app import ScreenApp
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.terminal.cleanup import spare_what_is_loaded
from dagtui.tui.terminal.host import OwnTerminal
from dagtui.tui.terminal.show import look_until_left, options_here, say_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from textual.binding import BindingType

    from dagtui.store.directory import RunDirectory
    from dagtui.text.look import Look
    from dagtui.tui.screen_options import ScreenOptions
    from dagtui.tui.screens.graph_switch import Renumbered


class WatchApp(ScreenApp):
    """Shows a followed run. Every command answers that the screen is read-only."""

    ACTIONS = ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(ACTIONS)]

    def __init__(self, run: FollowedRun, node_label: str = "", **options: Unpack[ScreenOptions]) -> None:
        """`node_label` names the node that has the cursor at first, if there is such a node."""
        super().__init__(run, OwnTerminal(run.follow_on), **options)
        self._run = run
        self._first = run.graph.find(node_label) if node_label else None

    def actions(self) -> Mapping[str, Callable[[], object]]:
        """Return what each key does, by action id."""
        answers = ReadOnlyActions(self)
        return bound(Handlers(self, answers, ProgramActions(self), answers, answers, answers))

    def on_ready(self) -> None:
        """Say that the screen is read-only, or that the journal cannot be followed."""
        if self._first is not None:
            self.main.touched = True
            self.jump(self._first)
        if not self._tell_problem():
            self.say(f"{READ_ONLY}; Esc goes back to {self.returns_to}" if self.returns_to else READ_ONLY, Role.MUTED)

    def take_up(self, renumbered: Renumbered) -> None:
        """Show the run as it was read again, and say if it can't be followed any more."""
        super().take_up(renumbered)
        self._tell_problem()

    def _tell_problem(self) -> bool:
        """Say that the journal can't be followed. Return whether that is so."""
        problem = self._run.problem
        if problem is not None:
            self.say(f"the journal can't be followed: {label(problem)}", Role.BAD, lasting=True)
        return problem is not None


def watch(directory: RunDirectory, graph_path: Path, look: Look, *, mouse: bool | None, node_label: str = "") -> int:
    """Show a run on this terminal, live or as it ended, until the screen is left. Return the exit status.

    The cursor is on the node with a label at first, if there is one.

    The status is the run's own when it is over, otherwise 0, or 128 + n after signal n. Raises StoreError.
    """
    run = FollowedRun.open(directory, graph_path)
    with closing(run):
        spare_what_is_loaded()
        memory = GraphMemory(run)
        status = look_until_left(WatchApp(run, node_label, **options_here(memory, look, mouse=mouse)), memory)
    return status if status > 128 else _print_exit_message(run, look)


def _print_exit_message(run: FollowedRun, look: Look) -> int:
    """Print the summary of a run that is over, or say that the run continues."""
    if not run.over:
        sys.stdout.write(f"{label(run.name)} run {run.number} continues\n")
        return 0
    return say_the_end(run, look)
