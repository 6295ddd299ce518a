"""Partial updates of the screen that write the cells that changed, and not the whole row before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor

if TYPE_CHECKING:
    from rich.console import Console


class TightUpdate(ChopsUpdate):
    """Writes each dirty span from its first cell to its last.

    Textual 8.2's own writes from the left edge of the widget on, whatever the region that was refreshed: a clock at
    the right of a row costs as much as the row.
    """

    def render_segments(self, console: Console) -> str:
        """The update as control sequences and text."""
        written: list[str] = []
        last = self.spans[-1][0]
        for y, first, end in self.spans:
            for chop_end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(chop_end, end)
                if strip is not None and start < stop:
                    written.append(Control.move_to(start, y).segment.text)
                    written.append(strip.crop(start - x, stop - x).render(console))
            if y != last:
                written.append("\n")
        return "".join(written)


class TightCompositor(Compositor):
    """The compositor of a screen whose partial updates are tight; a screen sets it as its `_compositor`."""

    def render_partial_update(self) -> TightUpdate | None:
        """What changed since the last update; None: nothing."""
        update = super().render_partial_update()
        return None if update is None else TightUpdate(update.chops, update.spans, update.chop_ends)
