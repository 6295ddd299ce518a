"""Body of a tree row: its name, notes and words, and how they share the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.text import fit
from dagtui.text.amounts import NO_CELLS, CellWidth
from dagtui.tui.lines.rows import SPACE, Role, Span, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dagtui.text.look import Glyphs, Look
    from dagtui.tui.graph.reasons import ShortReason

_EMPTY = Span("")
_LEAST_ASIDE: Final = 8
_LEAST_REASON: Final = CellWidth(12)
"""A reason has this many of its cells before a long name is shown in full."""
_LEAST_SAID: Final = 5
"""In fewer cells, the start of a reason says nothing."""
_SIGN: Final = 2
_GAP: Final = 2
"""Cells between a strip and the aside."""


MUST: Final = -1
"""The rank of notes for which a strip is cut to its first cell."""


class Note(NamedTuple):
    """Words at the right end of a row."""

    rank: int
    """Its priority. The lowest stays longest."""
    span: Span


class Strip(NamedTuple):
    """Cells that stand for nodes, beside a name."""

    column: CellWidth
    """Where it begins."""
    length: int
    """The number of nodes."""
    cells: Callable[[CellWidth], Sequence[Span]]
    """Returns it in at most the given cells."""


class Body(NamedTuple):
    """What follows the glyph of a row, before it is fitted to a width."""

    name: Span
    suffix: Span = _EMPTY
    """Stands directly after the name, and stays when the name is cut."""
    notes: Sequence[Note] = ()
    """Right-aligned, in display order."""
    aside: Span = _EMPTY
    """Additional words, in a column of their own if there is room."""
    strip: Strip | None = None
    """Cells of its nodes, in a column of their own."""
    sought: str = ""
    """What a filter found in the whole name, in lower case. It stands out in what is shown of the name."""
    reason: ShortReason | None = None
    """Why it has its status. It takes what is free, and leaves a sign where nothing is."""


def fitted(
    body: Body, room: CellWidth, *, column: CellWidth, shorten: Callable[[CellWidth], str], look: Look
) -> list[Span]:
    """Return the body in exactly `room` cells: notes are dropped first, then the name is shortened.

    `shorten` returns the name in at most the given cells. The aside begins at `column`, or after a longer name. A
    column of 0 omits it. The reason then stands before the notes, in what is free, and shortens a long name.
    """
    if body.strip is not None:
        return _with_strip(body, body.strip, room, shorten, look)
    wanted = body.name.width + body.suffix.width
    least = min(wanted, max(8, room * 2 // 5))
    has_reason = body.reason is not None and not column
    notes, taken = _chosen(body, max(NO_CELLS, CellWidth(room - least - _kept_free(body) * has_reason)))
    if body.reason is not None and not column:
        free, most = CellWidth(room - taken - wanted), CellWidth(room - taken - least)
        notes = [*_before_notes(body.reason, max(free, min(most, _LEAST_REASON)), look), *notes]
        taken = width_of(notes)
    name_room = max(NO_CELLS, room - taken - body.suffix.width)
    pieces = _named(body, name_room, shorten, look)
    if body.suffix.text and body.suffix.width <= room - taken:
        pieces.append(body.suffix)
    free = room - taken - width_of(pieces)
    if column:
        gap = max(2, column - width_of(pieces))
        pieces += _aside(body, spaces(gap), CellWidth(free - gap - 1), look) if free > gap + _LEAST_ASIDE else ()
    pieces.append(spaces(room - taken - width_of(pieces)))
    return pieces + notes


def _named(body: Body, room: CellWidth, shorten: Callable[[CellWidth], str], look: Look) -> list[Span]:
    """Return the name in at most `room` cells. What a filter found stands out, or the sign in its place, or all."""
    name, sought = body.name, body.sought
    if name.width > room:
        name = Span(shorten(room), name.role)
    lowered = name.text.lower()
    if not sought or len(lowered) != len(name.text):
        return [name]
    if sought not in lowered:
        sought = look.glyphs.cut if look.glyphs.cut in lowered else lowered
    found: list[Span] = []
    start = 0
    while sought and (at := lowered.find(sought, start)) >= 0:
        end = at + len(sought)
        found += [Span(name.text[start:at], name.role), Span(name.text[at:end], Role.FOUND)]
        start = end
    return [span for span in (*found, Span(name.text[start:], name.role)) if span.text]


def _aside(body: Body, gap: Span, room: CellWidth, look: Look) -> list[Span]:
    """Return the aside, or else the reason, after a gap."""
    if body.aside.text:
        return [gap, Span(fit(body.aside.text, room, look), body.aside.role)]
    return [gap, Span(body.reason.fitted(room, look), body.reason.role)] if body.reason is not None else []


def _kept_free(body: Body) -> int:
    """Return the cells that notes leave to the reason."""
    return 0 if body.reason is None else min(body.reason.width, _LEAST_REASON) + 1


def _before_notes(reason: ShortReason, room: CellWidth, look: Look) -> list[Span]:
    """Return the reason in at most `room` cells with a space before it, or the sign that one is left out."""
    if room < _SIGN:
        return []
    said = reason.fitted(CellWidth(room - 1), look)
    return [SPACE, Span(said if room - 1 >= min(_LEAST_SAID, reason.width) else look.glyphs.cut, reason.role)]


def _with_strip(
    body: Body, strip: Strip, room: CellWidth, shorten: Callable[[CellWidth], str], look: Look
) -> list[Span]:
    """Return the body with its strip in a column of its own. The reason goes before the time.

    The strip of several nodes says by itself that there is a reason, so that none is cut to a mere sign.
    """
    column = min(strip.column, room)
    said = 0 if body.reason is None else min(body.reason.width, _LEAST_SAID) + 1
    if strip.length > 1 and room - column - min(strip.length, room // 4) < said:
        body = body._replace(reason=None)
    must = min(sum(note.span.width + 1 for note in body.notes if note.rank == MUST), room - column - 1)
    beside = CellWidth(max(NO_CELLS, must, room - column - min(strip.length, room // 4)))
    notes, taken = _chosen(body, max(NO_CELLS, CellWidth(beside - _kept_free(body))))
    name_room = max(NO_CELLS, min(CellWidth(column - 1), room) - body.suffix.width)
    pieces = [*_named(body, name_room, shorten, look), body.suffix]
    if (free := room - taken - column) > 0:
        pieces += _spaced(column - width_of(pieces), strip.cells(CellWidth(free)), CellWidth(free))
        free = room - taken - width_of(pieces)
        if body.reason is not None:
            notes = [*_before_notes(body.reason, CellWidth(free), look), *notes]
        elif body.aside.text and free > _LEAST_ASIDE + _GAP + 1:
            pieces += [spaces(_GAP), Span(fit(body.aside.text, CellWidth(free - _GAP - 1), look), body.aside.role)]
        elif body.aside.text and free >= _SIGN:
            notes = [SPACE, Span(look.glyphs.cut, body.aside.role), *notes]
    pieces.append(spaces(room - width_of(notes) - width_of(pieces)))
    return pieces + notes


def _spaced(gap: int, cells: Sequence[Span], room: CellWidth) -> list[Span]:
    """Return a strip after a gap. A badge that is alone has room around it."""
    if len(cells) == 1 and cells[0].role == Role.BADGE and cells[0].width == 1 and gap and room > 1:
        return [spaces(gap - 1), Span(f" {cells[0].text} ", Role.BADGE)]
    return [spaces(gap), *cells]


def with_glyph(stem: Sequence[Span], glyph: Span, after: Span, glyphs: Glyphs) -> list[Span]:
    """Return a stem, which ends with the fold marker, with the glyph after it. A badge covers the cells beside it."""
    if glyph.role != Role.BADGE or not stem or not stem[-1].text:
        return [*stem, glyph, after]
    *rest, last = stem
    marker = last.text[-1] if last.text[-1] in {glyphs.open, glyphs.shut} else " "
    return [*rest, Span(last.text[:-1], last.role), Span(marker + glyph.text + after.text, Role.BADGE)]


def _chosen(body: Body, room: CellWidth) -> tuple[list[Span], CellWidth]:
    """Return the notes that fit, by rank, with a space before each, and the cells that they take."""
    chosen: set[int] = set()
    taken = NO_CELLS
    for index in sorted(range(len(body.notes)), key=lambda index: body.notes[index].rank):
        width = body.notes[index].span.width + 1
        if taken + width <= room:
            chosen.add(index)
            taken += width
    pieces: list[Span] = []
    for index in sorted(chosen):
        pieces += [SPACE, body.notes[index].span]
    return pieces, taken
