"""Words and bar for how much longer or shorter something took than usual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dagtui.report.run_words import share_words
from dagtui.tui.lines.rows import Role, Span

if TYPE_CHECKING:
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_FULL_AT: Final = 1.0
"""The share that fills a bar: twice as long."""


def share_span(share: float | None, cells: CellWidth) -> Span:
    """Return a share by which something took longer in words, at the right end of some cells."""
    return Span(f"{share_words(share):>{cells}}", Role.WARNING if share is not None and share > 0 else Role.MUTED)


def share_bar(share: float | None, cells: CellWidth, look: Look) -> str:
    """Return a bar of at most `cells` for a share by which something took longer. Shorter and equal ones have none."""
    if share is None or share <= 0:
        return ""
    return filled_bar(share / _FULL_AT, cells, look)


def filled_bar(part: float, cells: CellWidth, look: Look) -> str:
    """Return a bar that fills a part of some cells, from 0 to 1."""
    eighths = round(min(1.0, max(0.0, part)) * cells * 8)
    if look.ascii:
        return "#" * ((eighths + 4) // 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
