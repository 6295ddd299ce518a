"""An app that shows one widget."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.app import App
from textual.widget import Widget

from dagtui.tui.lines.theme import THEMES, variable_defaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.app import ComposeResult
    from textual.strip import Strip

    from dagtui.tui.graph.tree import TreePane
    from dagtui.tui.lines.page import JumpTo
    from dagtui.tui.lines.painter import PaintedRows

W = TypeVar("W", bound=Widget)


class WidgetHarness(App[None], Generic[W]):
    """Shows one widget, and keeps the jumps that it asks for."""

    def __init__(self, widget: W, theme: str = "dagtui-dark") -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.shown = widget
        self.jumps: list[int] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return variable_defaults(dark=True)

    def compose(self) -> ComposeResult:
        yield self.shown

    def on_jump_to(self, message: JumpTo) -> None:
        self.jumps.append(message.target)


@asynccontextmanager
async def mounted(widget: W, size: tuple[int, int] = (80, 20)) -> AsyncIterator[W]:
    """The widget, mounted and laid out."""
    app = WidgetHarness(widget)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield widget


def strips(widget: PaintedRows | TreePane) -> list[Strip]:
    """What the widget puts on the screen."""
    return [widget.render_line(y) for y in range(widget.size.height)]


def texts(widget: PaintedRows | TreePane) -> list[str]:
    """The rows of the widget, without their padding."""
    return [strip.text.rstrip() for strip in strips(widget)]
