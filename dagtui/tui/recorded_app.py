"""Screen of a past run, which can be stepped through as a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack, cast

import anyio

from dagtui.runs.recorded import RecordedRun
from dagtui.text import label
from dagtui.tui.actions.keymap import bindings
from dagtui.tui.actions.recording import RECORDED_ACTIONS, RecordedHandlers, bound_to
from dagtui.tui.lines.rows import Role
from dagtui.tui.screen_app import ScreenApp
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.screens.recorded import RecordedScreen
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
    from dagtui.tui.terminal.host import TerminalHost


class RecordedApp(ScreenApp):
    """Shows a past run. Every command answers that the run is over."""

    ACTIONS = RECORDED_ACTIONS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(RECORDED_ACTIONS)]
    MAIN = RecordedScreen

    def __init__(
        self,
        run: RecordedRun,
        place: TerminalHost | None = None,
        node_label: str = "",
        **options: Unpack[ScreenOptions],
    ) -> None:
        """Create the App, by default on this process's own terminal.

        `node_label` names the node that has the cursor at first, if there is such a node.
        """
        super().__init__(run, place or OwnTerminal(anyio.sleep_forever), **options)
        self._run = run
        self._first = run.graph.find(node_label) if node_label else None

    @property
    def recorded_screen(self) -> RecordedScreen:
        """The main screen."""
        return cast("RecordedScreen", self.main)

    def actions(self) -> Mapping[str, Callable[[], object]]:
        """Return what each key does, by action id."""
        return bound_to(RecordedHandlers(self, self.recorded_screen))

    def on_ready(self) -> None:
        """Say how to step, or what is wrong with the journal."""
        if self._first is not None:
            self.main.touched = True
            self.jump(self._first)
        if self._run.problem is not None:
            words = f"the journal is damaged, the recording ends before that: {label(self._run.problem)}"
            self.say(words, Role.BAD, lasting=True)
            return
        shown = self.keymap.shown
        keys = [shown(id_, self.look) for id_ in ("moment.back", "moment.on", "pane.next")]
        self.say(f"a recording: {keys[0]} {keys[1]} step through it, {keys[2]} goes to its bar", Role.MUTED)


def show_recording(
    directory: RunDirectory, graph_path: Path, look: Look, *, mouse: bool | None, node_label: str = ""
) -> int:
    """Show a past run on this terminal until the screen is left. Return the exit status.

    The cursor is on the node with a label at first, if there is one.

    That is the run's own, or 128 + n after signal n. Raises StoreError.
    """
    run = RecordedRun.open(directory, graph_path)
    spare_what_is_loaded()
    memory = GraphMemory(run)
    status = look_until_left(RecordedApp(run, None, node_label, **options_here(memory, look, mouse=mouse)), memory)
    if status > 128:
        return status
    run.go_to(run.last)
    return say_the_end(run, look)
