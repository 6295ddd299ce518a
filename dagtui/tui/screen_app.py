"""The App: one screen for a run that exists outside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from dagtui.engine.status import Verdict
from dagtui.host.attachment import ExitReason
from dagtui.settings.file import SettingsFile
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import name_label
from dagtui.text.look import AFTER_THE_TERMINAL, IN_UNICODE
from dagtui.tui.actions.action import Pane
from dagtui.tui.actions.hints import completion_notice
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.lines.prompt_screen import OverScreen
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.scroll_bar import draw_scroll_bars
from dagtui.tui.lines.theme import variable_defaults
from dagtui.tui.log.throttle import REMOTE_RATE
from dagtui.tui.screen_options import own_keys, settings_notice
from dagtui.tui.screens.announcing import Announcing
from dagtui.tui.screens.dialog import Reader
from dagtui.tui.screens.footer import Footer  # noqa: TC001 - Textual looks at handlers' annotations
from dagtui.tui.screens.graph_memory import usual_share, with_settings
from dagtui.tui.screens.graph_switch import GraphSwitch
from dagtui.tui.screens.main import MainScreen, ScreenState
from dagtui.tui.screens.page_stack import PageStack
from dagtui.tui.screens.palette import Palette
from dagtui.tui.screens.theme_choice import ThemeChoice
from dagtui.tui.terminal.background import BackgroundTold  # noqa: TC001 - as above
from dagtui.tui.terminal.driver import driver_for
from dagtui.tui.terminal.frame_schedule import Frames, interval
from dagtui.tui.terminal.host import in_force
from dagtui.tui.terminal.signals import SignalHandlers
from dagtui.tui.terminal.terminal import Terminal
from dagtui.tui.terminal.terminal_app import TerminalApp, single_error
from dagtui.tui.terminal.typed_keys import MOST_TURNS, until_typed

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Mapping

    from rich.console import RenderableType
    from textual.driver import Driver

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.store.screen_memory import ScreenMemory
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Actions
    from dagtui.tui.terminal.host import TerminalHost
    from dagtui.tui.terminal.typed_keys import KeyTaker

DRIVING = "driving"
_NAME_CELLS = CellWidth(60)
_TURN_SECONDS = 0.002
"""The pause between two looks at whether the screen is open."""


class ScreenApp(TerminalApp[ExitReason], inherit_bindings=False):
    """Shows a run. It drives or follows the run while the App lives, and leaves it as it is."""

    TITLE = "dagtui"
    CSS_PATH = Path(__file__).with_suffix(".tcss")
    ENABLE_COMMAND_PALETTE = False  # its key would not be in our table
    ALLOW_SELECT = False  # rows move under the pointer
    ACTIONS: ClassVar[Actions] = ()
    """What keys do. A subclass adds them, and their bindings."""
    MAIN: ClassVar[type[MainScreen]] = MainScreen

    def __init__(
        self,
        run: RunView,
        place: TerminalHost,
        *,
        look: Look = IN_UNICODE,
        mouse: bool | None = None,
        driver_class: type[Driver] | None = None,
        keys: Mapping[str, str] | None = None,
        settings_file: SettingsFile | None = None,
        state: ScreenState | None = None,
        memory: ScreenMemory | None = None,
    ) -> None:
        """Create the App on the terminal that `place` describes.

        `settings_file` has a person's settings. `keys` maps ids of the keymap to keys in place of theirs. `state` is
        the dump of another App, and `memory` is what the graph remembers of a screen. Raises KeymapError.
        """
        stated = settings_file or SettingsFile(Path())
        own = own_keys(self.ACTIONS, stated)
        self._settings_notice = settings_notice(stated, own)
        self.settings = stated.settings
        self.keymap = Keymap(self.ACTIONS, own.keys if keys is None else keys)
        look = look._replace(keys=self.keymap.own_shown(look))
        self.place = place
        environment = place.environment
        theme = look.theme or self.settings.theme
        terminal = Terminal(place.input, place.output, self.lose, environment, theme == AFTER_THE_TERMINAL)
        with in_force(environment):  # Textual and Rich read the colour variables there
            super().__init__(driver_class or driver_for(terminal))
        self.view = run
        self.look, self.mouse = look, self.settings.mouse if mouse is None else mouse
        self.broken = False
        """Whether the run's own machinery has failed, so that nothing more happens in it."""
        self.signal_number = 0
        """The signal that ended the App, if one did."""
        remembered = None if state is not None else with_settings(memory, self.settings)
        self.main = self.MAIN(run, self.keymap, detachable=place.detachable, look=look, memory=remembered)
        self.main.panes.usual_share = usual_share(self.settings)
        if environment.get("SSH_CONNECTION"):
            self.main.side.log_pane.view.pace.rate = REMOTE_RATE
        self._state = state
        self.last_state = state
        """The state of the screen when the App was told to exit."""
        self._restored, self._flushing = state is None, False
        self._watched = run.state
        self._watch = self._watched.watch()
        self._watch.notes += run.untold
        self._settled = run.settled and state is None
        """Whether everything was settled at the last check. A returning user is told how the run ended."""
        self._announcing = Announcing(run, look, self.settings)
        self._read_at = 0.0
        """When a letter last closed a page over the screen. Letters that were typed before are not commands."""
        self._switch = GraphSwitch(self, run, self.take_up)
        self._frames = Frames(run, self._paint, interval(environment))
        self._signals: SignalHandlers | None = None
        self.pages = PageStack(self)
        self._typist: KeyTaker | None = None
        """Takes every key, while a person types into a node."""
        self._terminal_size = (0, 0)
        self._actions: dict[str, Callable[[], object]] = {}
        draw_scroll_bars(look)
        self.themes = ThemeChoice(self, theme, settings_file, self.say)
        self._bindings = self.keymap.bindings()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables that other themes lack."""
        return variable_defaults(dark=self.current_theme.dark)

    # Start and end

    def get_default_screen(self) -> MainScreen:
        """Return the main screen."""
        self.main.suit(CellWidth(self.size.width))
        return self.main

    def on_mount(self) -> None:
        """Drive the run and paint its changes."""
        self._actions.update(self.actions())
        self._signals = SignalHandlers(
            asyncio.get_running_loop(), {number: partial(self.terminate, number) for number in self.place.signals}
        )
        self._signals.set()
        self.run_worker(self.place.drive(), DRIVING, group=DRIVING, exit_on_error=False)
        if self._state is not None:
            self.main.call_after_refresh(self._restore, self._state)
        if self._settings_notice is not None:
            self.main.top_bar.own_notices = (self._settings_notice,)
            self.main.call_after_refresh(self.say, self._settings_notice.text, Role.WARNING)
        self._frames.start()
        self._switch.start()

    def on_unmount(self) -> None:
        """Leave the run as it is."""
        self._frames.stop()
        self._watched.unwatch(self._watch)
        self._switch.stop()
        if self._signals is not None:
            self._signals.take_back()

    def _restore(self, state: ScreenState) -> None:
        self.main.restore_state(state)
        self._restored = True
        self.request_frame()  # the end of the run is announced at the restored position

    def exit(
        self, result: ExitReason | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Exit, and keep the state of the screen for another App."""
        if self._is_open:
            self.last_state = self.dump_state()
        super().exit(result, return_code, message)

    def terminate(self, number: signal.Signals) -> None:
        """Exit because of a signal."""
        if number == SIGINT and self.lent:
            return  # it was meant for the program that has the terminal
        self.signal_number = number
        self.exit(ExitReason.TERMINATED)

    def lose(self, _reason: str) -> None:
        """Exit because the terminal is lost."""
        self.exit(ExitReason.LOST)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Report that the run itself has failed. What is known can still be read."""
        worker = event.worker
        if worker.group == DRIVING and event.state is WorkerState.ERROR:
            self.broken = True
            error = single_error(worker.error)
            self.say(f"the run stopped working: {type(error).__name__}: {error}", Role.BAD, lasting=True)

    def dump_state(self) -> ScreenState:
        """Return the state of the screen for another App."""
        return self.main.dump_state()

    # Actions

    def actions(self) -> Mapping[str, Callable[[], object]]:
        """Return what each key does, by action id. A subclass adds it."""
        return {}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Return whether a key does this in the focused pane: another action may have the same key."""
        return action != "act" or self.keymap.works(str(parameters[0]), self.main.pane)

    def perform(self, id_: str) -> object:
        """Perform an action over the page that is open."""
        return self._actions[id_]()

    async def action_act(self, id_: str) -> None:
        """Perform the action of a key. A dialog that opens takes the next key."""
        self.pages.close()
        self.main.top_bar.dismiss()
        done = self._actions[id_]()
        self.request_frame()
        if isinstance(done, Awaitable):
            await done

    async def on_event(self, event: events.Event) -> None:
        """Act on a key before processing the next one.

        Textual passes keys to the focused widget, which looks up their bindings in its own turn. With fast typing, or
        input that arrives at once over a slow link, the rest would still go to the widget that had the focus at first,
        and a search text would cancel nodes.
        """
        if isinstance(event, events.InputEvent | events.Paste) and not self._is_open:
            await self._until_open()
        if self._typist is not None and self._typist.takes(event):
            return
        if isinstance(event, events.Key | events.MouseDown | events.MouseScrollDown | events.MouseScrollUp):
            self.main.touched, self._announcing.touched_at = True, time.monotonic()
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.app_focus = True  # who presses a key has the focus, even if the terminal does not tell
            if await self._acted_on(event):
                return
        await super().on_event(event)

    async def _acted_on(self, key: events.Key) -> bool:
        """Act on a key. Return whether that was all, so that the focused widget does not get it."""
        if key.is_printable and key.time <= self._read_at:
            return True
        before = self.screen
        field = self.focused if isinstance(self.focused, Input) else None
        if field is not None and not key.is_printable:
            await until_typed(field)
        if isinstance(before, OverScreen) and before.takes(key):
            return True
        if isinstance(before, Palette) and key.key in before.LIST_KEYS:
            if not await before.until_found():
                return True
            if key.key == "enter":
                await before.take()
                return True
        acted = (field is None or not key.is_printable) and await self._check_bindings(key.key)
        if key.is_printable and isinstance(before, Reader) and self.screen is self.main:
            self._read_at = events.Event().time
        # Textual would look up an unknown key again in the widget's turn, when another screen may be the current one.
        return acted or (isinstance(before, OverScreen) and field is None)

    @property
    def _is_open(self) -> bool:
        """Whether the main screen has all of its widgets, as any may be what a key acts on, and its restored state."""
        return self.main.is_mounted and self._restored

    async def _until_open(self) -> None:
        """Hold input back until the main screen is open."""
        for _ in range(MOST_TURNS):
            if self._is_open or self._exit:
                break
            await asyncio.sleep(_TURN_SECONDS)  # other tasks mount the widgets and restore their state

    def on_background_told(self, message: BackgroundTold) -> None:
        """Suit the terminal's background, unless a person chose a theme."""
        self.themes.suit(light=message.light)

    def on_search_line_typed(self) -> None:
        """Paint again while a search runs: a large log takes time, even if nothing happens in the run."""
        self.request_frame()

    async def on_footer_pressed(self, message: Footer.Pressed) -> None:
        """Perform the action of the footer key that was clicked."""
        await self.action_act(message.id)

    def say(self, text: str, role: Role = Role.PLAIN, *, lasting: bool = False) -> None:
        """Show a one-line message."""
        (self.pages.top or self.main.top_bar).say(text, role, lasting=lasting)

    def begin_typing(self, typist: KeyTaker) -> None:
        """Let every key go to a node, whose log is shown, until `end_typing`."""
        self._typist = typist
        self.main.go_to(Pane.LOG)
        self.main.side.log_pane.view.follow()
        self.request_frame()

    def end_typing(self) -> None:
        """Let keys mean actions again."""
        self._typist = None
        self.say("keys mean actions again")
        self.request_frame()

    def _size_terminals(self) -> None:
        """Give the terminals of nodes the size of the log pane."""
        view = self.main.side.log_pane.view
        size = view.size.height, view.document.width
        if size != self._terminal_size and min(size) > 1:
            self._terminal_size = size
            self.view.resize_terminals(*size)

    def jump(self, node: NodeIndex) -> None:
        """Close all pages and put the cursor on a node."""
        self.pages.close()
        self.main.jump(node)

    def take_up(self, renumbered: Callable[[NodeIndex], NodeIndex]) -> None:
        """Show the graph that the run has now, in which nodes have other numbers, or none."""
        self._watched.unwatch(self._watch)
        notes, self._watched = self._watch.notes, self.view.state
        self._watch = self._watched.watch()
        self._watch.notes += notes
        if self._typist is not None:
            self._typist.take_up(renumbered)
        self.main.take_up(renumbered)
        self.request_frame()

    # Painting

    def request_frame(self) -> None:
        """Schedule the painting of changes."""
        self._frames.request()

    def _paint(self) -> bool:
        driver = self.terminal_driver
        if self.lent or (driver is not None and driver.stalled):
            return False
        if not self._flushing:
            # In the App's own loop, which handles errors.
            self._flushing = True
            self.call_next(self._paint_changes)
        return True

    def _paint_changes(self) -> None:
        self._flushing = False
        screens = self.screen_stack
        if not screens:
            return  # the App is exiting
        if self.main.flush(self.view.clock(), changed=bool(self._watch.nodes) or self._watch.run):
            self.request_frame()
        for screen in screens[1:]:
            if isinstance(screen, OverScreen):
                screen.flush()
        self._size_terminals()
        if self._typist is not None and self._typist.is_over:
            self.end_typing()
        elif self._typist is not None and not self.main.top_bar.said:
            self._typist.say()
        if (driver := self.terminal_driver) is not None and not self.lent:
            self._announcing.tell(driver.announcer, has_focus=self.app_focus)
        if self._restored:
            self._tell_settled()
        self._tell_notes()

    def _tell_settled(self) -> None:
        """Announce how the run ended and what can be done now."""
        before, self._settled = self._settled, self.view.settled
        if self._settled and not before:
            if not self.main.touched and self.view.state.verdict() is Verdict.FAILED:
                self.main.lead_to_failure()
            self.say(*completion_notice(self.view, self.keymap, self.main.situation, self.look))

    def _tell_notes(self) -> None:
        self.view.untold.clear()
        latest = self._watch.notes[-1:]
        self._watch.clear()
        for note in latest:
            name = f"{name_label(self.view.graph.labels[note.node], _NAME_CELLS)}: " if note.node >= 0 else ""
            self.say(name + self.main.top_bar.in_short(note.text), Role.WARNING)
