"""Scroll bars in ASCII: ends at whole cells, where Textual draws parts of a cell with block elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender

if TYPE_CHECKING:
    from dagtui.text.look import Look


class WholeCells(ScrollBarRender):
    """Draws a scroll bar with spaces only."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def draw_scroll_bars(look: Look) -> None:
    """Set how the scroll bars of the process are drawn. It has one screen at a time."""
    ScrollBar.renderer = WholeCells if look.ascii else ScrollBarRender
