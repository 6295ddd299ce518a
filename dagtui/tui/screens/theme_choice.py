"""The theme of a screen: the one that a person chose, or the one that suits the terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import anyio.to_thread

from dagtui.text import label
from dagtui.text.look import AFTER_THE_TERMINAL
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.theme import DARK, LIGHT, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.host.attachment import ExitReason
    from dagtui.settings.file import SettingsFile
    from dagtui.tui.terminal.terminal_app import TerminalApp

_SETTING = "theme"


class ThemeChoice:
    """Sets the theme of an App, and remembers it in a person's settings."""

    def __init__(
        self, app: TerminalApp[ExitReason], name: str, settings: SettingsFile | None, say: Callable[[str, Role], None]
    ) -> None:
        """`name` is one of the themes that people choose from. `settings` is the file that remembers it, if any."""
        self._app = app
        self._settings = None if settings is None else settings.path
        self._say = say
        self._shown = ""
        self._writing = asyncio.Lock()
        self._is_light: bool | None = None
        """Whether the terminal has a light background. None: it has not said so yet."""
        for theme in THEMES:
            app.register_theme(theme)
        self.name = name
        """The chosen theme, or AFTER_THE_TERMINAL."""
        self.show(name)

    def suit(self, *, light: bool) -> None:
        """Take note of the terminal's background."""
        self._is_light = light
        self.show(self._shown)

    def show(self, name: str = "") -> None:
        """Draw in a theme for now. Without a name, it is the chosen one."""
        self._shown = name or self.name
        if self._shown == AFTER_THE_TERMINAL and self._is_light is None and self._app.terminal_driver is not None:
            self._app.terminal_driver.ask_background()
        usual = LIGHT if self._is_light else DARK
        self._app.theme = usual.name if self._shown == AFTER_THE_TERMINAL else f"dagtui-{self._shown}"

    def choose(self, name: str) -> None:
        """Draw in a theme from now on, and remember it."""
        self.name = name
        self.show()
        if self._settings is not None:
            self._app.run_worker(self._remember(self._settings), exit_on_error=False)

    async def _remember(self, settings: Path) -> None:
        """Write the setting beside the loop, after earlier choices, and say how that went."""
        # What a change needs is not imported before there is one.
        from dagtui.settings.writing import SettingError, change_setting

        try:
            async with self._writing:
                name = self.name  # the last choice, which stays
                await anyio.to_thread.run_sync(change_setting, settings, _SETTING, name)
        except SettingError as error:
            self._say(f"the theme is {name} on this screen only: {str(error).splitlines()[0]}", Role.WARNING)
        else:
            self._say(f"the theme is {name}, also next time: {label(settings, 1000)}", Role.PLAIN)
