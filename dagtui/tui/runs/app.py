"""App of the runs of a graph, on the terminal of its own process."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from dagtui.graph.model import Graph
from dagtui.host.attachment import ExitReason
from dagtui.settings.file import SettingsFile
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.availability import Situation
from dagtui.tui.actions.keymap import Keymap
from dagtui.tui.actions.table import ACTIONS
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.scroll_bar import draw_scroll_bars
from dagtui.tui.lines.theme import variable_defaults
from dagtui.tui.runs.choice import FIRST_LOOK
from dagtui.tui.runs.page import RunsPage
from dagtui.tui.screen_options import own_keys
from dagtui.tui.screens.page_stack import PageStack
from dagtui.tui.screens.theme_choice import ThemeChoice
from dagtui.tui.terminal.background import BackgroundTold  # noqa: TC001 - Textual looks at handlers' annotations
from dagtui.tui.terminal.driver import driver_for
from dagtui.tui.terminal.signals import ENDING, SignalHandlers
from dagtui.tui.terminal.terminal import Terminal
from dagtui.tui.terminal.terminal_app import TerminalApp

if TYPE_CHECKING:
    import signal

    from textual.driver import Driver

    from dagtui.runs.listed_runs import ListedRuns
    from dagtui.text.look import Look
    from dagtui.tui.runs.choice import BoardState, RunChoice


class NoRun:
    """Stands for the run that the palette looks for nodes in."""

    graph = Graph([], [])


class NoMain:
    """Stands for the main screen, whose commands the palette offers."""

    situation = Situation(None, (), ())


class RunsApp(TerminalApp["RunChoice | ExitReason"], inherit_bindings=False):
    """Shows the runs of a graph until one of them is chosen, or the page is closed."""

    TITLE = "dagtui"
    CSS_PATH = Path(__file__).parents[1] / "screen_app.tcss"
    ENABLE_COMMAND_PALETTE = False  # its key would not be in our table
    ALLOW_SELECT = False

    def __init__(
        self,
        runs: ListedRuns,
        look: Look = IN_UNICODE,
        *,
        settings_file: SettingsFile | None = None,
        state: BoardState = FIRST_LOOK,
        told: str = "",
        driver_class: type[Driver] | None = None,
    ) -> None:
        """`state` is how the page looked before, and `told` what it tells at first."""
        stated = settings_file or SettingsFile(Path())
        keymap = Keymap(ACTIONS, own_keys(ACTIONS, stated).keys)
        super().__init__(driver_class or driver_for(Terminal(0, 1, self.lose, os.environ)))
        self.look = look
        self.keymap, self.view, self.main = Keymap(()), NoRun(), NoMain()
        self.pages = PageStack(self)
        self.runs_page = RunsPage(runs, keymap, look, self.exit, self.pages.open, state)
        self._told = told
        self.state = state
        """How the page looked when the App was told to exit."""
        self.signal_number = 0
        """The signal that ended the App, if one did."""
        self._signals: SignalHandlers | None = None
        draw_scroll_bars(look)
        app = cast("TerminalApp[ExitReason]", self)
        self.themes = ThemeChoice(app, look.theme or stated.settings.theme, settings_file, self.say)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables that other themes lack."""
        return variable_defaults(dark=self.current_theme.dark)

    def on_mount(self) -> None:
        """Show the page. The App ends with it."""
        handlers = {number: partial(self.terminate, number) for number in ENDING}
        self._signals = SignalHandlers(asyncio.get_running_loop(), handlers)
        self._signals.set()
        self.pages.open(self.runs_page)
        if self._told:
            self.runs_page.call_after_refresh(self.runs_page.tell, self._told)

    def on_unmount(self) -> None:
        """Restore the signals."""
        if self._signals is not None:
            self._signals.take_back()

    def exit(self, result: RunChoice | ExitReason | None = None, return_code: int = 0, message: object = None) -> None:
        """Exit, and keep how the page looks."""
        if self.runs_page.is_attached:
            self.state = self.runs_page.dump()
        super().exit(result, return_code, cast("str | None", message))

    def terminate(self, number: signal.Signals) -> None:
        """Exit because of a signal."""
        self.signal_number = number
        self.exit(ExitReason.TERMINATED)

    def lose(self, _reason: str) -> None:
        """Exit because the terminal is lost."""
        self.exit(ExitReason.LOST)

    def say(self, text: str, role: Role = Role.PLAIN) -> None:
        """Show a one-line message."""
        (self.pages.top or self.runs_page).say(text, role)

    def on_background_told(self, message: BackgroundTold) -> None:
        """Suit the terminal's background, unless a person chose a theme."""
        self.themes.suit(light=message.light)

    def request_frame(self) -> None:
        """Do nothing: a page draws its changes itself, and nothing else happens here."""
