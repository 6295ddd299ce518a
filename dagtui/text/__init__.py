"""The one border that foreign text crosses on its way to the screen, and how amounts are written."""

from __future__ import annotations

from dagtui.text.amounts import count, duration, plural, size
from dagtui.text.labels import block, label
from dagtui.text.lines import LINE_LIMIT, Span, StyledLine, for_terminal, plain_line, styled
from dagtui.text.styles import DIM, PLAIN, Color, Style
from dagtui.text.widths import cell_width, fit

__all__ = [
    "DIM",
    "LINE_LIMIT",
    "PLAIN",
    "Color",
    "Span",
    "Style",
    "StyledLine",
    "block",
    "cell_width",
    "count",
    "duration",
    "fit",
    "for_terminal",
    "label",
    "plain_line",
    "plural",
    "size",
    "styled",
]
