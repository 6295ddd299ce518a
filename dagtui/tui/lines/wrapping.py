"""Line wrapping: each character lands in exactly one screen row, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.amounts import ONE_CELL
from dagtui.text.widths import character_width

if TYPE_CHECKING:
    from dagtui.text.amounts import CellWidth


def word_breaks(text: str, width: CellWidth, rest: CellWidth) -> list[int]:
    """Return the index of each row's first character. The first row has `width` cells, those after it `rest`.

    Rows break at spaces. A word is cut only if it is too long for any row. Spaces at a break stay at the end of their
    row, where they may exceed it. There is always at least one row. A character wider than a row gets one of its own.
    """
    starts = [0]
    left, rest = max(ONE_CELL, width), max(ONE_CELL, rest)
    while True:
        end = _end_of_row(text, starts[-1], left)
        if end < len(text):
            end = _end_at_word(text, starts[-1], end, rest)
        if end >= len(text):
            return starts
        starts.append(end)
        left = rest


def _end_at_word(text: str, start: int, end: int, rest: CellWidth) -> int:
    """Return where a row that is full at `end` ends, so that the word there is not cut."""
    if text[end] == " " or text[end - 1] == " ":
        while end < len(text) and text[end] == " ":
            end += 1
        return end
    space = text.rfind(" ", start, end)
    longest = space + 1 + rest
    if space <= start or (text.find(" ", end, longest + 1) < 0 and len(text) > longest):
        return end  # no space, or the word is too long for the next row, too
    return end if text[start:space].isspace() else space + 1


def _end_of_row(text: str, start: int, width: CellWidth) -> int:
    full = start + width
    if text.isascii() or text[start : full + 1].isascii():  # an accent stays with its letter
        return min(full, len(text))
    left = width
    for index in range(start, len(text)):
        left -= character_width(text[index])
        if left < 0 and index > start:
            return index
    return len(text)


def characters_before(text: str, column: CellWidth) -> int:
    """Return how many characters end before a cell."""
    return _end_of_row(text, 0, column) if column > 0 else 0
