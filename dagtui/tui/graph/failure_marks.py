"""Marks of failures in the scroll bar of the left pane, as editors have them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from rich.segment import Segment, Segments
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender

from dagtui.engine.status import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, ConsoleOptions

    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.tallies import Tallies


def failed_parts(outline: Outline, tallies: Tallies, parts: int) -> list[int]:
    """Return which of some equal parts of the rows have a failure, or fold one away."""
    rows, total = outline.rows, len(outline)
    if len(rows) != total or not total or parts < 1:
        return []  # a view without rows of its layout
    if outline.filtered:
        failed = (row for row, position in enumerate(rows) if tallies.status_at(position) == NodeStatus.FAILED)
        return sorted({row * parts // total for row in failed})
    first = [-(-part * total // parts) for part in range(parts + 1)]
    """The first row of each part."""
    places = [rows[row] if row < total else len(outline.layout) for row in first]
    pairs = enumerate(pairwise(places))
    return [part for part, (start, end) in pairs if next(tallies.having(NodeStatus.FAILED, start, end), -1) >= 0]


class FailureMarks:
    """The marks in a scroll bar. Only those that change are painted."""

    def __init__(self, bar: ScrollBar, sign: str, style: Callable[[], Style]) -> None:
        self._bar = bar
        self._sign = sign
        self._style = style
        self.parts: Sequence[int] = ()
        """The cells with a mark, from the top."""
        bar.renderer = cast("type[ScrollBarRender]", self._drawn)  # type: ignore[misc]

    def show(self, outline: Outline, tallies: Tallies, height: int) -> None:
        """Mark where failures are now, in a bar of `height` cells, which it may be about to get."""
        before, self.parts = self.parts, failed_parts(outline, tallies, height)
        if changed := set(before).symmetric_difference(self.parts):
            self._bar.refresh(*(Region(0, part, self._bar.size.width, 1) for part in sorted(changed)))

    def _drawn(self, **bar: object) -> _MarkedBar:
        plain = cast("Callable[..., ScrollBarRender]", ScrollBar.renderer)
        return _MarkedBar(plain(**bar), self.parts, self._sign, self._style())


class _MarkedBar:
    """A scroll bar with signs over some of its cells."""

    def __init__(self, bar: ScrollBarRender, marked: Sequence[int], sign: str, style: Style) -> None:
        self._bar = bar
        self._marked = marked
        self._sign = sign
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segments]:
        """Yield the bar."""
        for drawn in self._bar.__rich_console__(console, options):
            cells = list(cast("Segments", drawn).segments)
            for at in self._marked:
                if at < len(cells):
                    meta = (cells[at].style or Style()).meta  # what a click there does
                    cells[at] = Segment(self._sign, self._style + Style(meta=meta))
            yield Segments(cells, new_lines=True)
