"""What stands before the glyph of a row: the guides of the tree and the fold marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.tui.lines.segments import GUIDE, QUIET, RowSegment

if TYPE_CHECKING:
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.lines.glyphs import Glyphs

WIDE = 48
"""From so many cells on, a level is indented by two of them."""


def stem(outline: Outline, item: int, width: int, glyphs: Glyphs) -> list[RowSegment]:
    """The guides of a row and its fold marker, in at most about half of the width.

    Of what is deeper than fits, the levels nearest to the row are drawn; the number of the others comes first: `+12`.
    """
    step = 2 if width >= WIDE else 1
    depth = outline.layout.depths[item]
    levels = min(depth, max(2, width * 2 // 5 // step))
    pieces: list[RowSegment] = []
    if depth > levels:
        missing = f"+{depth - levels} "
        levels = max(1, levels - -(-len(missing) // step))
        pieces.append(RowSegment(f"+{depth - levels} ", QUIET))
    guides = _guides(outline, item, levels, step, glyphs)
    marker = _marker(outline, item, glyphs, at_top=depth == 0)
    pieces.append(RowSegment(guides + marker + (" " if step == 2 else ""), GUIDE))
    return pieces


def marker_column(outline: Outline, item: int, width: int, glyphs: Glyphs) -> int:
    """The cell of the fold marker, counted from the beginning of the stem."""
    pieces = stem(outline, item, width, glyphs)
    return sum(piece.width for piece in pieces) - (2 if width >= WIDE else 1)


def _guides(outline: Outline, item: int, levels: int, step: int, glyphs: Glyphs) -> str:
    if not levels:
        return ""
    own = glyphs.tee if outline.has_later_sibling(item) else glyphs.elbow
    parts = [own + glyphs.dash * (step - 1)]
    above = outline.layout.parents[item]
    for _ in range(levels - 1):
        bar = glyphs.bar if outline.has_later_sibling(above) else " "
        parts.append(bar + " " * (step - 1))
        above = outline.layout.parents[above]
    return "".join(reversed(parts))


def _marker(outline: Outline, item: int, glyphs: Glyphs, *, at_top: bool) -> str:
    if outline.is_foldable(item):
        return glyphs.shut if outline.is_folded(item) else glyphs.open
    return " " if at_top else glyphs.stub
