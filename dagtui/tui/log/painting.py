"""A part of a line of output as segments: the task's own colours, with hits and selection over them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.text import Color as TaskColor
    from dagtui.text import Style as TaskStyle
    from dagtui.text import StyledLine


class Mark(NamedTuple):
    """Characters from `start` to before `end` that are shown in another style."""

    start: int
    end: int
    style: Style


@lru_cache(maxsize=1024)
def rich_style(style: TaskStyle) -> Style:
    """A task's style as Rich knows it."""
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


def segments(line: StyledLine, start: int, end: int, base: Style, marks: Sequence[Mark] = ()) -> list[Segment]:
    """The characters from `start` to before `end`; what no span and no mark covers looks like `base`."""
    text, spans = line
    if not spans and not marks:
        return [Segment(text[start:end], base)] if end > start else []
    edges = {start, end}
    for part in (*spans, *marks):
        edges.update((min(max(part[0], start), end), min(max(part[1], start), end)))
    found: list[Segment] = []
    ordered = sorted(edges)
    for left, right in zip(ordered, ordered[1:], strict=False):
        style = base
        for span in spans:
            if span.start <= left < span.end:
                style += rich_style(span.style)
                break
        for mark in marks:
            if mark.start <= left < mark.end:
                style += mark.style
        found.append(Segment(text[left:right], style))
    return found


def _color(color: TaskColor | None) -> Color | None:
    if color is None:
        return None
    if isinstance(color, str):
        return Color.parse(color)
    if isinstance(color, int):
        return Color.from_ansi(color)
    return Color.from_rgb(*color)
