"""Guides: the tree lines and the fold marker before a row's glyph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.text.amounts import CellWidth
from dagtui.tui.lines.rows import Role, Span, muted, width_of

if TYPE_CHECKING:
    from dagtui.text.look import Glyphs
    from dagtui.tui.graph.outline import Outline


def stem(outline: Outline, item: int, width: CellWidth, glyphs: Glyphs, dash: str = "") -> list[Span]:
    """Return the guides and the fold marker of a row, in at most about half of the width.

    `dash` leads to the row, in place of the usual one.

    If the depth does not fit, the levels nearest to the row are drawn, after the number of the others: `+12`.
    """
    depth = outline.layout.depths[item]
    levels = min(depth, max(2, width * 2 // 5))
    pieces: list[Span] = []
    if depth > levels:
        missing = f"+{depth - levels} "
        levels = max(1, levels - len(missing))
        pieces.append(muted(f"+{depth - levels} "))
    guides = _guides(outline, item, levels, glyphs, by_file=dash == glyphs.by_file)
    marker = fold_marker(outline, item, glyphs, " " if depth == 0 else dash or glyphs.stub)
    pieces.append(Span(guides + marker, Role.GUIDE))
    return pieces


def marker_column(outline: Outline, item: int, width: CellWidth, glyphs: Glyphs) -> CellWidth:
    """Return the cell of the fold marker, counted from the start of the stem."""
    return CellWidth(width_of(stem(outline, item, width, glyphs)) - 1)


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
