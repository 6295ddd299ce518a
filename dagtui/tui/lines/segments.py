"""Styled segments of a tree row, and how they share its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import NodeStatus
from dagtui.text import cell_width, fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLAIN = len(NodeStatus)
QUIET = PLAIN + 1
GUIDE = PLAIN + 2
MARK = PLAIN + 3
"""The mark of the row with the cursor."""


class RowSegment(NamedTuple):
    """Text in one look. The text is safe to show."""

    text: str
    look: int = PLAIN

    @property
    def width(self) -> int:
        """Its width in cells."""
        return cell_width(self.text)


SPACE = RowSegment(" ")


def width_of(pieces: Sequence[RowSegment]) -> int:
    """Return the total width of some segments in cells."""
    return sum(cell_width(text) for text, _ in pieces)


def spaces(count: int) -> RowSegment:
    """Return `count` empty cells."""
    return RowSegment(" " * max(0, count))


class Body(NamedTuple):
    """What follows the glyph of a row, before it is fitted to a width."""

    name: RowSegment
    suffix: RowSegment = RowSegment("")
    """Stands directly after the name, and stays when the name is cut."""
    notes: tuple[RowSegment, ...] = ()
    """Right-aligned, in display order."""
    ranks: tuple[int, ...] = ()
    """Priority of each note. The lowest stays longest."""
    aside: RowSegment = RowSegment("")
    """Additional words, in a column of their own if there is room."""


def fitted(body: Body, room: int, *, column: int, shorten: Callable[[int], str], ascii_only: bool) -> list[RowSegment]:
    """Return the body in exactly `room` cells: notes are dropped first, then the name is shortened.

    `shorten` returns the name in at most the given cells. The aside begins at `column`, or after a longer name. A
    column of 0 omits it.
    """
    wanted = body.name.width + body.suffix.width
    least = min(wanted, max(8, room * 2 // 5))
    notes, taken = _chosen(body, room - least)
    name_room = max(0, room - taken - body.suffix.width)
    pieces = [body.name if body.name.width <= name_room else RowSegment(shorten(name_room), body.name.look)]
    if body.suffix.text and body.suffix.width <= room - taken:
        pieces.append(body.suffix)
    free = room - taken - width_of(pieces)
    if column and body.aside.text:
        gap = max(2, column - width_of(pieces))
        words = fit(body.aside.text, free - gap - 1, ascii=ascii_only) if free > gap + 8 else ""
        if words:
            pieces += [spaces(gap), RowSegment(words, body.aside.look)]
            free = room - taken - width_of(pieces)
    pieces.append(spaces(free))
    return pieces + notes


def _chosen(body: Body, room: int) -> tuple[list[RowSegment], int]:
    """Return the notes that fit, by rank, with a space before each, and the cells that they take."""
    chosen: set[int] = set()
    taken = 0
    for index in sorted(range(len(body.notes)), key=body.ranks.__getitem__):
        width = body.notes[index].width + 1
        if taken + width <= room:
            chosen.add(index)
            taken += width
    pieces: list[RowSegment] = []
    for index in sorted(chosen):
        pieces += [SPACE, body.notes[index]]
    return pieces, taken
