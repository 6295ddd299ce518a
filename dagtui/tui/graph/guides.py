"""Guides: the tree lines and the fold marker before a row's glyph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text import cell_width
from dagtui.text.amounts import CellWidth
from dagtui.text.shortening import shortened
from dagtui.tui.graph.amounts import WIDE
from dagtui.tui.graph.layout import TOP
from dagtui.tui.lines.rows import Role, Span, muted

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagtui.text.look import Glyphs, Look
    from dagtui.tui.graph.outline import Outline

MOST_INDENTS = 8
"""Deeper rows all stand in one column. The names of the rows above them stand in place of guides."""
_CRUMB_CELLS, _FEW_CRUMB_CELLS = CellWidth(15), CellWidth(7)
"""Cells for these names, in wide and narrow rows."""
_LEAST_CRUMB = 3
"""The least room in cells for a name above a row."""


def stem(
    outline: Outline, item: int, width: CellWidth, look: Look, *, named: Callable[[int], str], dash: str = ""
) -> list[Span]:
    """Return the guides and the fold marker of a row.

    `named` returns the name of an item. `dash` leads to the row, in place of the usual one.
    """
    glyphs, depth = look.glyphs, outline.layout.depths[item]
    pieces: list[Span] = []
    levels = depth
    if depth > MOST_INDENTS:
        pieces.append(muted(_crumbs(outline, item, _crumb_cells(width), look, named)))
        levels = 1
    guides = _guides(outline, item, levels, glyphs, by_file=dash == glyphs.by_file)
    marker = fold_marker(outline, item, glyphs, " " if depth == 0 else dash or glyphs.stub)
    pieces.append(Span(guides + marker, Role.GUIDE))
    return pieces


def marker_column(outline: Outline, item: int, width: CellWidth) -> CellWidth:
    """Return the cell of the fold marker, counted from the start of the stem."""
    depth = outline.layout.depths[item]
    return CellWidth(depth if depth <= MOST_INDENTS else _crumb_cells(width) + 1)


def _crumb_cells(width: CellWidth) -> CellWidth:
    return _CRUMB_CELLS if width >= WIDE else _FEW_CRUMB_CELLS


def _crumbs(outline: Outline, item: int, room: CellWidth, look: Look, named: Callable[[int], str]) -> str:
    """Return the names of the rows directly above a deep row, the nearest last, in `room` cells.

    They are left out if the row before is a sibling, so that a list of siblings begins with them.
    """
    row, parents = outline.row(item), outline.layout.parents
    if row and parents[outline.item(row - 1)] == parents[item]:
        return " " * room
    text, above = "", parents[item]
    between = f" {look.glyphs.prompt} "
    while above != TOP:
        free = room - cell_width(text) - len(between) + (0 if text else 1)
        name = named(above)
        if (text and cell_width(name) > free) or free < _LEAST_CRUMB:
            break
        text = shortened(name, CellWidth(free), look) + (between if text else between.rstrip()) + text
        above = parents[above]
    return " " * (room - cell_width(text)) + text


def _guides(outline: Outline, item: int, levels: int, glyphs: Glyphs, *, by_file: bool) -> str:
    if not levels:
        return ""
    tee, elbow = (glyphs.tee_by_file, glyphs.elbow_by_file) if by_file else (glyphs.tee, glyphs.elbow)
    parts = [tee if outline.has_later_sibling(item) else elbow]
    above = outline.layout.parents[item]
    for _ in range(levels - 1):
        parts.append(glyphs.bar if outline.has_later_sibling(above) else " ")
        above = outline.layout.parents[above]
    return "".join(reversed(parts))


def fold_marker(outline: Outline, item: int, glyphs: Glyphs, none: str) -> str:
    """Return the sign that says whether a row is folded, or `none` if nothing is below it."""
    if outline.is_foldable(item):
        return glyphs.shut if outline.is_folded(item) else glyphs.open
    return none
