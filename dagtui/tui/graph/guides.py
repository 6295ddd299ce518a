"""Guides: the tree lines and the fold marker before a row's glyph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.lines.rows import Role, Span, muted, width_of

if TYPE_CHECKING:
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Glyphs
    from dagtui.tui.graph.outline import Outline

WIDE = 48
"""From this width on, in cells, each level is indented by two cells."""


def stem(outline: Outline, item: int, width: CellWidth, glyphs: Glyphs, dash: str = "") -> list[Span]:
    """Return the guides and the fold marker of a row, in at most about half of the width.

    `dash` leads to the row, in place of the usual one.

    If the depth does not fit, the levels nearest to the row are drawn, after the number of the others: `+12`.
    """
    step = 2 if width >= WIDE else 1
    depth = outline.layout.depths[item]
    levels = min(depth, max(2, width * 2 // 5 // step))
    pieces: list[Span] = []
    if depth > levels:
        missing = f"+{depth - levels} "
        levels = max(1, levels - -(-len(missing) // step))
        pieces.append(muted(f"+{depth - levels} "))
    guides = _guides(outline, item, levels, step, glyphs, dash or glyphs.dash)
    marker = fold_marker(outline, item, glyphs, " " if depth == 0 else dash or glyphs.stub)
    pieces.append(Span(guides + marker + (" " if step == 2 else ""), Role.GUIDE))
    return pieces


def marker_column(outline: Outline, item: int, width: CellWidth, glyphs: Glyphs) -> CellWidth:
    """Return the cell of the fold marker, counted from the start of the stem."""
    return width_of(stem(outline, item, width, glyphs)) - (2 if width >= WIDE else 1)


def _guides(outline: Outline, item: int, levels: int, step: int, glyphs: Glyphs, dash: str) -> str:
    if not levels:
        return ""
    own = glyphs.tee if outline.has_later_sibling(item) else glyphs.elbow
    parts = [own + dash * (step - 1)]
    above = outline.layout.parents[item]
    for _ in range(levels - 1):
        bar = glyphs.bar if outline.has_later_sibling(above) else " "
        parts.append(bar + " " * (step - 1))
        above = outline.layout.parents[above]
    return "".join(reversed(parts))


def fold_marker(outline: Outline, item: int, glyphs: Glyphs, none: str) -> str:
    """Return the sign that says whether a row is folded, or `none` if nothing is below it."""
    if outline.is_foldable(item):
        return glyphs.shut if outline.is_folded(item) else glyphs.open
    return none
