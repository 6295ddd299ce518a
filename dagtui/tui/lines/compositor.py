"""Compositor that writes only the cells that changed, each in its own column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate

from dagtui.tui.lines.doubtful import anchored, begins_surely, is_doubtful

if TYPE_CHECKING:
    from rich.console import Console
    from textual.strip import Strip

_NO_EDGE = 1 << 16
"""The edge of the last strip in a row. Cells beyond the terminal's edge are left out, since wrapping is off."""


class TightUpdate(ChopsUpdate):
    """Writes each dirty span from its first cell to its last.

    Textual 8.2's own update always starts at the left edge of the widget: a clock at the right of a row costs as much
    as the row.
    """

    def render_segments(self, console: Console) -> str:
        """Return the update as control sequences and text."""
        written: list[str] = []
        last = self.spans[-1][0]
        for y, first, end in self.spans:
            for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(chop_end, end)
                if strip is not None and start < stop:
                    if is_doubtful(strip.text):
                        edge = _NO_EDGE if chop_end == self.chop_ends[y][-1] else chop_end
                        written += _anchored_span(strip, (x, y), (start, stop), edge, console)
                        continue
                    written.append(Control.move_to(start, y).segment.text)
                    written.append(strip.crop(start - x, stop - x).render(console))
            if y != last:
                written.append("\n")
        return "".join(written)


def _anchored_span(
    strip: Strip, place: tuple[int, int], span: tuple[int, int], edge: int, console: Console
) -> tuple[str, str]:
    """Return a span of a strip with doubtful characters, extended to where they might have shifted it."""
    (x, y), (start, stop) = place, span
    if not begins_surely(strip.crop(0, start - x).text):
        start = x
    if is_doubtful(strip.crop(start - x, stop - x).text):
        stop = x + strip.cell_length
    codes = anchored(strip.crop(start - x, stop - x), start, y, edge).render(console)
    return Control.move_to(start, y).segment.text, codes


class AnchoredLayout(LayoutUpdate):
    """The whole screen. No row shifts if the terminal draws a character wider or narrower than Textual expects."""

    def render_segments(self, console: Console) -> str:
        """Return the update as control sequences and text."""
        rows: list[str] = []
        for y, line in enumerate(self.strips, self.region.y):
            strips = list(line)
            written = [Control.move_to(self.region.x, y).segment.text]
            for index, strip in enumerate(strips):
                codes = strip.render(console)
                if is_doubtful(codes):
                    x = self.region.x + sum(before.cell_length for before in strips[:index])
                    edge = _NO_EDGE if index == len(strips) - 1 else x + strip.cell_length
                    codes = anchored(strip, x, y, edge).render(console)
                written.append(codes)
            rows.append("".join(written))
        return "\n".join(rows)


class TightCompositor(Compositor):
    """Compositor with tight partial updates. A screen sets it as its `_compositor`."""

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """Return the whole screen."""
        update = super().render_full_update(simplify)
        return AnchoredLayout(update.strips, update.region)

    def render_partial_update(self) -> TightUpdate | None:
        """Return what changed since the last update, or None if nothing did."""
        update = super().render_partial_update()
        return None if update is None else TightUpdate(update.chops, update.spans, update.chop_ends)
