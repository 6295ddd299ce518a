"""The theme of a screen: the one that a person chose, or the one that suits the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.look import AFTER_THE_TERMINAL
from dagtui.tui.lines.theme import DARK, LIGHT, THEMES

if TYPE_CHECKING:
    from textual.app import App

    from dagtui.host.attachment import ExitReason


class ThemeChoice:
    """Sets the theme of an App."""

    def __init__(self, app: App[ExitReason], name: str) -> None:
        """`name` is one of the themes that people choose from, or AFTER_THE_TERMINAL."""
        self._app = app
        self._is_light = False
        """Whether the terminal has a light background, as far as is known."""
        for theme in THEMES:
            app.register_theme(theme)
        self.name = name
        self.show(name)

    def show(self, name: str) -> None:
        """Draw in a theme."""
        usual = LIGHT if self._is_light else DARK
        self._app.theme = usual.name if name == AFTER_THE_TERMINAL else f"dagtui-{name}"
