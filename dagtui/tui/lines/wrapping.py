"""Line wrapping: each character lands in exactly one screen row, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.amounts import ONE_CELL
from dagtui.text.widths import cell_width, character_width

if TYPE_CHECKING:
    from dagtui.text.amounts import CellWidth


def breaks(text: str, width: CellWidth) -> list[int]:
    """Return the index of each row's first character, breaking as a terminal does: when `width` cells are full.

    There is always at least one row. A character wider than `width` gets a row of its own.
    """
    width = max(ONE_CELL, width)
    if text.isascii():
        return list(range(0, len(text), width)) or [0]
    starts, used = [0], 0
    for index, character in enumerate(text):
        cells = character_width(character)
        if used + cells > width and index > starts[-1]:
            starts.append(index)
            used = 0
        used += cells
    return starts


def word_breaks(text: str, width: CellWidth, rest: CellWidth) -> list[int]:
    """Return the same as `breaks`, but break after a nearby space. Rows after the first have `rest` cells."""
    starts = [0]
    left = max(ONE_CELL, width)
    while True:
        start = starts[-1]
        end = _end_of_row(text, start, left)
        if end >= len(text):
            return starts
        space = text.rfind(" ", start + (end - start) // 2, end + 1)
        starts.append(space + 1 if space > start else end)
        left = max(ONE_CELL, rest)


def _end_of_row(text: str, start: int, width: CellWidth) -> int:
    piece = text[start : start + width]
    if piece.isascii() or cell_width(piece) <= width:
        return start + len(piece)
    ends = breaks(piece, width)
    return start + (ends[1] if len(ends) > 1 else len(piece))


def characters_before(text: str, column: CellWidth) -> int:
    """Return how many characters end before a cell."""
    return _end_of_row(text, 0, column) if column > 0 else 0
