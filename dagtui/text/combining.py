"""Limit combining marks on one character: they take bytes without end and no cells, and cover nearby lines."""

from __future__ import annotations

import re
from typing import Final

from dagtui.text.widths import cell_width

MOST_MARKS: Final = 8
"""The largest number of zero-width characters after one with a width. No script in use needs more."""

# Python does not count marks as letters, except vowels and finals of Hangul syllables. Other matches are examined.
_MAYBE_PILED: Final = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\u1160-\u11ff\ud7b0-\ud7fb]){{{MOST_MARKS + 1}}}")


def may_be_piled(text: str) -> bool:
    """Return whether there may be too many marks somewhere. Fast, and true when in doubt."""
    return not text.isascii() and _MAYBE_PILED.search(text) is not None


def thinned(text: str, marks: int = 0) -> tuple[str, int]:
    """Return the text with "…" for excess marks, and the number of marks at its end. `marks` precede the text."""
    kept: list[str] = []
    for character in text:
        marks = 0 if cell_width(character) else marks + 1
        if marks <= MOST_MARKS:
            kept.append(character)
        elif marks == MOST_MARKS + 1:
            kept.append("…")
    return "".join(kept), marks
