"""Control sequences in a line of output: colours, cursor moves, and others, which are dropped or shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.text.amounts import NO_CELLS, ONE_CELL, CellWidth
from dagtui.text.labels import FORBIDDEN, visible
from dagtui.text.styles import apply_sgr

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.text.cells import CellRow
    from dagtui.text.styles import Style

_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"
"""Dropped from output without a trace, as terminals do: they have no picture of their own and reorder nothing."""

_FAR = "0{0,16}(?:20[1-9]|2[1-9][0-9]|[3-9][0-9]{2}|[1-9][0-9]{3,16})"
"""A number of rows beyond the REACH of redraws.py: a move to the top or the bottom of the screen."""

# No part of it can be retried from many places: a string ends before the next control character, so that every
# character is examined a bounded number of times, regardless of the input.
TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]{0,64})m"
    r"|\x1b\[(?P<count>[0-9]{0,6})(?P<move>[@CDGJKPX`a])"
    rf"|(?P<jump>\x1b\[(?:[0-9;]{{0,16}}[EFHdf]|{_FAR}[AB]))"
    r"|\x1b\[?(?P<keep>(?<=\x1b)[78]|(?<=\[)[su])"
    r"|(?P<drop>\x1b\[[\x30-\x3f]{0,64}[\x20-\x2f]{0,8}[\x40-\x7e]"  # CSI
    r"|\x1b[\]PX^_][^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their end
    r"|\x1b[\x20-\x2f]{0,4}[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]"  # the short ones, such as ESC ( B
    rf"|[{_UNSEEN}])"
    rf"|(?P<bad>(?:\x1b(?=\x1b)|(?![\x08\x09\x0d\x1b{_UNSEEN}])[{FORBIDDEN}])+|[\x08\x09\x0d\x1b])"
)

MOVES = re.compile(rf"[\r\x08]|\x1b(?:\[(?:[0-9;]{{0,16}}[@CDEFGHJKPX`adfsu]|{_FAR}[AB])|[78])")
"""Matches what moves the cursor back or erases. Such a line has to be replayed in cells to show what is left."""


def write_line(row: CellRow, text: str, style: Style) -> Style:
    """Write a line, or a part of one, to a row of cells as a terminal would. Return the style at its end."""
    position = 0
    for match in TOKEN.finditer(text):
        if match.start() > position:
            row.write(text[position : match.start()], style)
        position = match.end()
        kind = match.lastgroup
        if kind == "sgr":
            style = apply_sgr(style, match["sgr"])
        elif kind == "move":
            _move(row, match["move"], match["count"])
        elif kind == "bad":
            _control(row, match[0], style)
        elif kind == "jump":
            row.jump()
        elif kind == "keep":
            (row.save if match["keep"] in "7s" else row.restore)()
    if position < len(text):
        row.write(text[position:], style)
    return style


def _control(row: CellRow, characters: str, style: Style) -> None:
    if characters == "\r":
        row.column = NO_CELLS
    elif characters == "\b":
        row.back()
    elif characters == "\t":
        row.tab()
    else:
        row.write("".join(map(visible, characters)), style)


def _move(row: CellRow, kind: str, count: str) -> None:
    number = CellWidth(count or 0)
    if kind == "J" and number > 1:
        return  # the whole screen, which is more than a row: a log keeps what is above
    if kind in "JK":
        (row.erase_right, row.erase_left)[number]() if number < 2 else row.erase_all()
    elif kind in "G`":
        row.go_to(max(number, ONE_CELL) - 1)
    else:
        _BY_COUNT[kind](row, max(number, ONE_CELL))


_BY_COUNT: dict[str, Callable[[CellRow, CellWidth], None]] = {
    "C": lambda row, cells: row.forward(cells),
    "a": lambda row, cells: row.forward(cells),
    "D": lambda row, cells: row.back(cells),
    "X": lambda row, cells: row.erase(cells),
    "P": lambda row, cells: row.delete(cells),
    "@": lambda row, cells: row.insert(cells),
}
