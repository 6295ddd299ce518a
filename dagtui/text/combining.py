"""Combining marks heaped on one character: they cost bytes without end, take no cells, and cover the lines around."""

from __future__ import annotations

import re
from typing import Final

from dagtui.text.widths import cell_width

MOST_MARKS: Final = 8
"""Characters without a width of their own behind one that has one; no script in use needs more."""

# Marks are no letters to Python, but for the vowels and ends of Hangul syllables. What else matches is looked at.
_MAYBE_PILED: Final = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\u1160-\u11ff\ud7b0-\ud7fb]){{{MOST_MARKS + 1}}}")


def may_be_piled(text: str) -> bool:
    """Whether there may be too many marks somewhere; fast, and true when in doubt."""
    return not text.isascii() and _MAYBE_PILED.search(text) is not None


def thinned(text: str, marks: int = 0) -> tuple[str, int]:
    """The text with "…" for the marks that are too many, and how many its end has; `marks` stand before it."""
    kept: list[str] = []
    for character in text:
        marks = 0 if cell_width(character) else marks + 1
        if marks <= MOST_MARKS:
            kept.append(character)
        elif marks == MOST_MARKS + 1:
            kept.append("…")
    return "".join(kept), marks
