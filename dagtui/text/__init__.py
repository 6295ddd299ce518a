"""The sanitiser that foreign text passes on its way to the screen, and the formatting of amounts."""

from __future__ import annotations

from dagtui.text.amounts import count, duration, plural, size
from dagtui.text.labels import block, exact, exact_line, label, path_word
from dagtui.text.widths import cell_width, fit

__all__ = [
    "block",
    "cell_width",
    "count",
    "duration",
    "exact",
    "exact_line",
    "fit",
    "label",
    "path_word",
    "plural",
    "size",
]
