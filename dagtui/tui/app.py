"""The App: one screen over a session that lives outside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from dagtui.engine.status import Verdict
from dagtui.host.exit_reason import ExitReason
from dagtui.text.labels import name_label
from dagtui.tui.actions.keymap import Keymap, bindings
from dagtui.tui.actions.panes import PaneActions
from dagtui.tui.actions.programs import ProgramActions
from dagtui.tui.actions.run import RunActions
from dagtui.tui.actions.screen import ScreenActions
from dagtui.tui.completion_notice import settled
from dagtui.tui.footer import Footer  # noqa: TC001 - Textual looks at handlers' annotations
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.theme import DARK, THEMES, variable_defaults
from dagtui.tui.log.throttle import REMOTE_RATE
from dagtui.tui.screens.leave import LeaveDialog
from dagtui.tui.screens.main import MainScreen, ScreenState
from dagtui.tui.screens.preview import PreviewDialog
from dagtui.tui.terminal import Terminal, TerminalApp, driver_for
from dagtui.tui.terminal.frames import Frames, interval
from dagtui.tui.terminal.host import OwnTerminal, in_force
from dagtui.tui.terminal.signals import SignalHandlers

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import RenderableType
    from textual.binding import BindingType
    from textual.driver import Driver

    from dagtui.runs.session import Session
    from dagtui.tui.terminal.host import TerminalHost

DRIVING = "driving"
_TURNS = 2000
"""Turns of the loop that a field may take for what was typed fast, or came at once."""


class DagtuiApp(TerminalApp[ExitReason], inherit_bindings=False):
    """Shows a session and takes a person's commands; drives the run while it lives, and leaves it as it is."""

    TITLE = "dagtui"
    CSS_PATH = Path(__file__).with_suffix(".tcss")
    ENABLE_COMMAND_PALETTE = False  # its key would not be in our table
    ALLOW_SELECT = False  # rows move under the pointer
    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]

    def __init__(
        self,
        session: Session,
        *,
        ascii: bool = False,  # noqa: A002 - the name of the option
        theme: str | None = None,
        mouse: bool = True,
        driver_class: type[Driver] | None = None,
        keys: Mapping[str, str] | None = None,
        state: ScreenState | None = None,
        place: TerminalHost | None = None,
    ) -> None:
        """`keys` maps ids of the keymap to a person's own keys; `state` is what another App dumped.

        `place` tells about the terminal; by default that is this process's own. Raises KeymapError.
        """
        self.keymap = Keymap(keys)
        self.place = place or OwnTerminal(session)
        environment = self.place.environment
        terminal = Terminal(self.place.input, self.place.output, self.lose, environment)
        with in_force(environment):  # Textual and Rich look for colours there
            super().__init__(driver_class or driver_for(terminal))
        self.session = session
        self.ascii_only = ascii
        self.mouse = mouse
        self.broken = False
        """The run's own machinery failed: nothing more happens in it."""
        self.signal_number = 0
        """The signal that ended the App, when one did."""
        self.main = MainScreen(session, self.keymap, detachable=self.place.detachable, ascii=ascii)
        if environment.get("SSH_CONNECTION"):
            self.main.side.log_pane.view.pace.rate = REMOTE_RATE
        self._state = state
        self.last_state = state
        """What a person had done to the screen when the App was told to end."""
        self._restored = state is None
        self._lent = False
        self._flushing = False
        self._watch = session.state.watch()
        self._watch.notes += session.untold
        self._settled = session.settled and state is None
        """Whether everything was settled when it was looked at last; whoever comes back is told how it ended."""
        self._frames = Frames(session, self._paint, interval(environment))
        self._signals: SignalHandlers | None = None
        self._actions: dict[str, Callable[[], object]] = {}
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme or DARK.name
        self.set_keymap(self.keymap.own)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What themes of others lack."""
        return variable_defaults(dark=self.current_theme.dark)

    # Beginning and end

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        self.main.suit(self.size.width)
        return self.main

    def on_mount(self) -> None:
        """Drive the run, and paint what happens in it."""
        for actions in (PaneActions(self), RunActions(self), ScreenActions(self), ProgramActions(self)):
            self._actions.update(actions.table())
        self._signals = SignalHandlers(
            asyncio.get_running_loop(), {number: partial(self.terminate, number) for number in self.place.signals}
        )
        self._signals.set()
        self.run_worker(self.place.drive(), DRIVING, group=DRIVING, exit_on_error=False)
        if self._state is not None:
            self.main.call_after_refresh(self._restore, self._state)
        self._frames.start()

    def on_unmount(self) -> None:
        """Leave the session as it is."""
        self._frames.stop()
        self.session.state.unwatch(self._watch)
        if self._signals is not None:
            self._signals.take_back()

    def _restore(self, state: ScreenState) -> None:
        self.main.restore_state(state)
        self._restored = True
        self.request_frame()  # how the run ended is told from where the person was

    def exit(
        self, result: ExitReason | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """End; what a person did to the screen is kept for another App."""
        if self._restored and self.main.is_mounted:
            self.last_state = self.dump_state()
        super().exit(result, return_code, message)

    def terminate(self, number: signal.Signals) -> None:
        """A signal asks for the end."""
        if number == SIGINT and self._lent:
            return  # it was meant for the program that has the terminal
        self.signal_number = number
        self.exit(ExitReason.TERMINATED)

    def lose(self, _reason: str) -> None:
        """The terminal has gone."""
        self.exit(ExitReason.LOST)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say so when the run itself fails; what is known can still be read."""
        worker = event.worker
        if worker.group == DRIVING and event.state is WorkerState.ERROR:
            self.broken = True
            error = _single(worker.error)
            self.say(f"the run stopped working: {type(error).__name__}: {error}", Role.BAD, lasting=True)

    def dump_state(self) -> ScreenState:
        """What a person did to the screen, for another App."""
        return self.main.dump_state()

    # Doing

    async def action_act(self, id_: str) -> None:
        """Do what a key of the table does; a dialog that opens takes the next key."""
        self.main.footer.dismiss()
        done = self._actions[id_]()
        self.request_frame()
        if isinstance(done, Awaitable):
            await done

    async def on_event(self, event: events.Event) -> None:
        """Act on a key before the next one is looked at.

        Textual gives keys to the focused widget, which looks for their bindings when its turn comes: of what is typed
        fast, or arrives at once over a slow line, the rest would still go to what had the focus at the beginning, and
        a word that is looked for would cancel nodes.
        """
        if isinstance(event, events.Key | events.MouseDown | events.MouseScrollDown | events.MouseScrollUp):
            self.main.touched = True
        if isinstance(event, events.Key) and not event.is_forwarded and self.app_focus:
            field = self.focused if isinstance(self.focused, Input) else None
            if field is not None and not event.is_printable:
                await _until_typed(field)
            if (field is None or not event.is_printable) and await self._check_bindings(event.key):
                return
        await super().on_event(event)

    def on_search_line_typed(self) -> None:
        """Something is looked for: a large log takes a while, whether or not anything happens in the run."""
        self.request_frame()

    async def on_footer_pressed(self, message: Footer.Pressed) -> None:
        """A key of the footer was clicked."""
        await self.action_act(message.id)

    def say(self, text: str, role: Role = Role.PLAIN, *, lasting: bool = False) -> None:
        """Say something in one line."""
        self.main.footer.say(text, role, lasting=lasting)

    def jump(self, node: int) -> None:
        """Put the cursor on a node."""
        self.main.tree_pane.select(node)
        self.main.show_node(node)

    @property
    def lent(self) -> bool:
        """Whether another program has the terminal for a while."""
        return self._lent

    @contextmanager
    def terminal_lent(self) -> Iterator[None]:
        """Give the terminal to another program for a while; raises SuspendNotSupported."""
        self._lent = True
        try:
            with self.suspend():
                yield
        finally:
            self._lent = False

    # Painting

    def request_frame(self) -> None:
        """Let what changed be painted soon."""
        self._frames.request()

    def _paint(self) -> bool:
        driver = self.terminal_driver
        if self._lent or (driver is not None and driver.stalled):
            return False
        if not self._flushing:
            # In the App's own loop, which knows what to do with an error.
            self._flushing = True
            self.call_next(self._paint_changes)
        return True

    def _paint_changes(self) -> None:
        self._flushing = False
        screens = self.screen_stack
        if not screens:
            return  # the App is ending
        if self.main.flush(self.session.clock()):
            self.request_frame()
        if isinstance(screens[-1], LeaveDialog | PreviewDialog):
            screens[-1].flush()
        if self._restored:
            self._tell_settled()
        self._tell_notes()

    def _tell_settled(self) -> None:
        """Say how it ended, and what can be done now."""
        before, self._settled = self._settled, self.session.settled
        if self._settled and not before:
            if not self.main.touched and self.session.state.verdict() is Verdict.FAILED:
                self.main.lead_to_failure()
            self.say(
                *settled(
                    self.session,
                    self.keymap,
                    node=self.main.node,
                    read_only=self.main.read_only,
                    ascii_only=self.ascii_only,
                )
            )

    def _tell_notes(self) -> None:
        self.session.untold.clear()
        notes, self._watch.notes = self._watch.notes, []
        self._watch.nodes.clear()
        for note in notes[-1:]:
            name = f"{name_label(self.session.graph.labels[note.node], 60)}: " if note.node >= 0 else ""
            self.say(name + note.text, Role.WARNING)


async def _until_typed(field: Input) -> None:
    """Let a field take what was typed into it: the next key may end the typing."""
    for _ in range(_TURNS):
        if not field.message_queue_size:
            break
        await asyncio.sleep(0)  # its own task needs a turn of the loop for each


def _single(error: BaseException | None) -> BaseException | None:
    """What is in a group of one: task groups wrap whatever ends them."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
