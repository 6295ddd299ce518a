"""The two panes side by side, and the divider between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.geometry import NULL_OFFSET, Region, Spacing
from textual.layout import Layout, WidgetPlacement
from textual.widget import Widget

from dagtui.text.amounts import CellWidth
from dagtui.tui.graph.lower.pane import LEAST_ROWS
from dagtui.tui.graph.time.head import HEAD_ROWS
from dagtui.tui.graph.tree import FRAME
from dagtui.tui.graph.views import View
from dagtui.tui.lines.prompt_screen import mount_one_by_one

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.geometry import Size
    from textual.layout import ArrangeResult
    from textual.timer import Timer

    from dagtui.tui.graph.lower.pane import LowerPane
    from dagtui.tui.graph.time.head import TimeHead
    from dagtui.tui.graph.tree import TreePane
    from dagtui.tui.lines.tab_strip import TabStrip
    from dagtui.tui.node.side import Side

USUAL_SHARE: Final = 0.4
"""The share of the width that the left pane has at first."""
_LEAST_USUAL: Final = CellWidth(36)
"""Cells of the left pane, at least, unless a person gave it another share: lanes, names and causes need them."""
LEAST_PANE: Final = CellWidth(26)
"""Minimum cells of a pane, with the divider."""
_FULL: Final = frozenset({View.MAP, View.TIME})
"""Views that fill the height themselves, and show what is under the cursor."""
_STEPS: Final = 10
"""A step of the keys is the width divided by this."""


def left_width(width: CellWidth, share: float) -> CellWidth:
    """Return the cells of the left pane, of which both panes stay usable."""
    wanted = max(_LEAST_USUAL, round(width * share)) if share == USUAL_SHARE else round(width * share)
    return CellWidth(max(LEAST_PANE, min(wanted, width - LEAST_PANE)))


class Panes(Widget, inherit_bindings=False):
    """Shows both panes, or the one that has the focus: the style sheet hides the other.

    The heading and the rows of the left pane are laid out here. A container around them would delay each key.
    """

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    def __init__(self, heading: TabStrip, time_head: TimeHead, tree: TreePane, lower: LowerPane, side: Side) -> None:
        super().__init__(id="panes")
        self.heading, self.time_head, self.left, self.lower, self.side = heading, time_head, tree, lower, side
        self.may_show_lower = True
        """Whether a person wants to see something below the rows where they leave room."""
        self._lower_rows = 0
        """The rows of that, as placed."""
        self._placing = _SideBySide()
        self._share = self.usual_share = USUAL_SHARE
        self._dragged = False
        """Whether the divider follows the pointer."""
        self._pausing: Timer | None = None
        """Runs until the next layout while the divider is dragged."""
        self._column: int | None = None
        """The column to which it was dragged meanwhile."""

    @property
    def layout(self) -> Layout:
        """What places the panes."""
        return self._placing

    def compose(self) -> ComposeResult:
        """Yield the panes."""
        yield self.heading
        yield self.time_head
        yield self.side
        yield self.left
        yield self.lower

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Mount the panes one by one, with turns of the run in between."""
        await mount_one_by_one(self, widgets)

    # Sizes

    @property
    def share(self) -> float:
        """The share of the width that the left pane has. Settable: both panes stay usable."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        if share != self._share:
            self._share = share
            self._place_again()

    @property
    def shows_both(self) -> bool:
        """Whether both panes are on the screen."""
        return self.left.display and self.side.display

    @property
    def divider(self) -> int:
        """The column of the divider on the screen."""
        return self.region.x + left_width(CellWidth(self.size.width), self._share)

    def widen_left(self, steps: int) -> bool:
        """Give the left pane more cells, or less for negative steps. Return False if one of them has the least."""
        return self._divide_at(self.divider - self.region.x + steps * max(1, round(self.size.width / _STEPS)))

    def _divide_at(self, column: int) -> bool:
        width = CellWidth(self.size.width)
        before, after = left_width(width, self._share), left_width(width, column / max(1, width))
        if before == after:
            return False
        self.share = after / width
        return True

    def fit_lower(self) -> None:
        """Make room below the rows of the left pane, or give it back to them. The app calls this once a frame."""
        if self.left.display and self.lower_rows(self.size.height) != self._lower_rows:
            self._place_again()

    def lower_rows(self, height: int) -> int:
        """Return how many rows are shown below those of the left pane, in a given height of both with the heading."""
        free = height - 1 - len(self.left.outline)
        fits = free >= LEAST_ROWS and self.left.view not in _FULL
        return min(free, max(LEAST_ROWS, height // 2)) if fits and self.may_show_lower and not self.is_zoomed else 0

    @property
    def is_zoomed(self) -> bool:
        """Whether a person gave the focused pane the whole screen, so that the left one shows nothing but its rows."""
        return self.screen.has_class("-zoomed")

    def place(self, size: Size) -> dict[Widget, Region]:
        """Return where each pane stands in a size, if it is displayed."""
        width, height = CellWidth(size.width), size.height
        left = left_width(width, self._share) if self.shows_both else width
        lower = self._lower_rows = self.lower_rows(height)
        above = 1 + (HEAD_ROWS if self.time_head.display else 0)
        return {
            self.heading: Region(0, 0, left, 1),
            self.time_head: Region(0, 1, left, HEAD_ROWS),
            self.left: Region(0, above, left, max(0, height - above - lower)),
            self.lower: Region(0, height - lower, left, lower),
            self.side: Region(left % width, 0, width - left % width, height),
        }

    def _place_again(self) -> None:
        self._clear_arrangement_cache()
        self.refresh(layout=True)

    # Mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the divider."""
        if self.shows_both and event.screen_x == self.divider:
            event.stop()
            self._dragged = True
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the divider to the pointer, at most once a frame."""
        if not self._dragged:
            return
        event.stop()
        if not event.button:  # the terminal did not tell that it was released
            self._release()
            return
        self._column = event.screen_x - self.region.x
        if self._pausing is None:
            self._follow_pointer()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go of the divider."""
        if self._dragged:
            event.stop()
            self._release()

    def on_click(self, event: events.Click) -> None:
        """Give the panes their usual sizes on a double click on the divider."""
        if event.chain == 2 and self.shows_both and event.screen_x == self.divider:
            self.share = self.usual_share

    def _follow_pointer(self) -> None:
        self._pausing = None
        if self._column is not None:
            self._divide_at(self._column)
            self._column = None
            self._pausing = self.set_timer(FRAME, self._follow_pointer)

    def _release(self) -> None:
        self._dragged = False
        self.release_mouse()


class _SideBySide(Layout):
    """Places the panes that are displayed."""

    name = "side-by-side"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:  # noqa: ARG002 - Textual's signature
        """Return where each displayed child stands."""
        parent.pre_layout(self)
        if not isinstance(parent, Panes) or not size:
            return []
        return [
            WidgetPlacement(region, NULL_OFFSET, _NO_MARGIN, pane)
            for pane, region in parent.place(size).items()
            if pane in children
        ]


_NO_MARGIN: Final = Spacing(0, 0, 0, 0)
