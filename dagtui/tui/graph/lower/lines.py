"""Rows of the lower pane: spans, and the nodes that clicks lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.tui.lines.rows import Role, Span, muted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look


class LowerLine(NamedTuple):
    """One row."""

    spans: Sequence[Span]
    places: Sequence[tuple[int, NodeIndex]] = ()
    """The nodes that it shows, each with its first column."""


def heading(title: str, width: CellWidth, look: Look) -> LowerLine:
    """Return a rule with a title that is safe to show."""
    dash = look.glyphs.dash
    return LowerLine([Span(f"{dash} ", Role.GUIDE), muted(title), Span(f" {dash * width}", Role.GUIDE)])
