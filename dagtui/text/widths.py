"""The widths of texts in terminal cells, texts cut to a width, and bounded stacks of combining marks."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, Final

from dagtui.text.amounts import NO_CELLS, ONE_CELL
from dagtui.text.look import IN_UNICODE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

    def ascii_width(text: str) -> CellWidth:
        """Return the cells that a text takes in which each character takes one."""

    def total(widths: Iterable[CellWidth]) -> CellWidth:
        """Return the sum of some widths."""
else:
    ascii_width, total = len, sum  # at run time a width is an integer

_TWO_CELLS: Final = ONE_CELL + 1

# Trigrams, hexagrams, monograms, tetragrams, counting rods: wide since Unicode 16, which few interpreters know.
_WIDE_SINCE_16: Final = "[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d356\U0001d360-\U0001d376]"
_PICTURED_FORMATS: Final = frozenset({*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD})
"""Arabic number signs and the like: in category Cf, but with a picture (Unicode's Prepended_Concatenation_Mark)."""

_KNOWN: Final = 200
"""Characters of the longest texts whose widths are remembered: parts of rows, which are measured again and again."""


def cell_width(text: str) -> CellWidth:
    """Return the cells that a text takes: 2 for wide East Asian characters and emoji, 0 for combining ones."""
    if text.isascii():
        return ascii_width(text)
    return _known_width(text) if len(text) <= _KNOWN else total(map(character_width, text))


@lru_cache(maxsize=4096)
def _known_width(text: str) -> CellWidth:
    return total(map(character_width, text))


def fit(text: str, width: CellWidth, look: Look = IN_UNICODE) -> str:
    """Return a text that fits, or its beginning with "…" ("~" in ASCII), in at most `width` cells."""
    if cell_width(text) <= width:
        return text
    if width < 1:
        return ""
    ends = accumulate(map(character_width, text))
    kept = sum(1 for _ in takewhile(lambda end: end < width, ends))
    return text[:kept] + look.glyphs.cut


@lru_cache(maxsize=4096)
def character_width(character: str) -> CellWidth:
    """Return the cells that one character takes."""
    code, category = ord(character), unicodedata.category(character)
    if re.match(_WIDE_SINCE_16, character):
        return _TWO_CELLS
    if category == "Cn":  # unassigned: the standard library calls these wide, wherever they are
        return _TWO_CELLS if 0x1F000 <= code <= 0x1FAFF or 0x20000 <= code <= 0x3FFFD else ONE_CELL
    if (
        (category in {"Mn", "Me", "Mc", "Cf"} and code not in _PICTURED_FORMATS)
        or 0x1160 <= code <= 0x11FF
        or 0xD7B0 <= code <= 0xD7FB
        or 0x1F3FB <= code <= 0x1F3FF  # skin-tone modifiers, which join the emoji before them
    ):
        return NO_CELLS
    return _TWO_CELLS if unicodedata.east_asian_width(character) in {"W", "F"} else ONE_CELL


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
