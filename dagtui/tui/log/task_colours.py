"""Painting a part of an output line: the task's own colours, with hits and selection on top."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from dagtui.tui.lines.contrast import is_own, off_black, readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.terminal_theme import TerminalTheme

    from dagtui.text.lines import StyledLine
    from dagtui.text.styles import Color as TaskColor
    from dagtui.text.styles import Style as TaskStyle


_BLOCK = re.compile("[\u2580-\u259f]")
"""Block elements. With two colours they are pixels, not text to be read."""


class Mark(NamedTuple):
    """The characters [start, end), shown in another style."""

    start: int
    end: int
    style: Style


@lru_cache(maxsize=1024)
def rich_style(style: TaskStyle) -> Style:
    """Return a task's style as a Rich style."""
    return Style(
        color=_color(style.foreground),
        bgcolor=_color(style.background),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
        strike=style.strike or None,
    )


@lru_cache(maxsize=4096)
def style_over(style: TaskStyle, base: Style, palette: TerminalTheme) -> Style:
    """Return a task's style over `base`, readable there."""
    over = base + rich_style(style)
    return off_black(over, palette) if is_own(base.bgcolor) else readable(over, palette)


def segments(
    line: StyledLine,
    start: int,
    end: int,
    base: Style,
    marks: Sequence[Mark] = (),
    palette: TerminalTheme = DEFAULT_TERMINAL_THEME,
) -> list[Segment]:
    """Return the characters [start, end) as segments. Text without span and mark looks like `base`."""
    text, spans = line
    if not spans and not marks:
        return [Segment(text[start:end], base)] if end > start else []
    found: list[Segment] = []
    for left, right, style in _runs(line, start, end, base, palette):
        found += _marked(text, left, right, style, marks)
    return found


def _runs(
    line: StyledLine, start: int, end: int, base: Style, palette: TerminalTheme
) -> Iterator[tuple[int, int, Style]]:
    """Yield the characters [start, end), cut where the task's style changes. One pass, since lines are long."""
    text, spans = line
    position = start
    for span_start, span_end, style in spans:
        left, right = max(span_start, start), min(span_end, end)
        if left >= right:
            continue
        if left > position:
            yield position, left, base
        is_picture = style.foreground is not None and style.background is not None and _BLOCK.search(text, left, right)
        yield left, right, base + rich_style(style) if is_picture else style_over(style, base, palette)
        position = right
    if position < end:
        yield position, end, base


def _marked(text: str, start: int, end: int, style: Style, marks: Sequence[Mark]) -> Iterator[Segment]:
    """Yield one run of characters, cut where marks begin and end. There are few marks."""
    position = start
    for mark in marks:
        left, right = max(mark.start, start), min(mark.end, end)
        if left >= right:
            continue
        if left > position:
            yield Segment(text[position:left], style)
        yield Segment(text[left:right], style + mark.style)
        position = right
    if position < end:
        yield Segment(text[position:end], style)


def _color(color: TaskColor | None) -> Color | None:
    if color is None:
        return None
    if isinstance(color, str):
        return Color.parse(color)
    if isinstance(color, int):
        return Color.from_ansi(color)
    return Color.from_rgb(*color)
