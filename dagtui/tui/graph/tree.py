"""The pane of nodes, as the app uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from dagtui.tui.graph.canvas import MARGIN, TreeCanvas
from dagtui.tui.graph.guides import marker_column
from dagtui.tui.graph.navigator import NavigatorDump
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from textual import events
    from textual.timer import Timer

    from dagtui.engine.status import NodeStatus
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.row_groups import RowGroup

FRAME = 1 / 30
"""Seconds between two messages about where the cursor rests."""


class TreeDump(NavigatorDump):
    """What a person did to the pane, so that another pane over the same graph can go on from there."""

    top: int
    """The first row on screen."""


class TreePane(TreeCanvas):
    """The tree of nodes. It has no keys of its own: the app calls its methods, and `flush` once a frame."""

    class Selected(Message):
        """The cursor rests on another node; None: on a row that is no node. At most one a frame."""

        def __init__(self, node: int | None) -> None:
            super().__init__()
            self.node = node

    class Opened(Message):
        """A person wants to see a node in full."""

        def __init__(self, node: int) -> None:
            super().__init__()
            self.node = node

    _announced: tuple[int | None, str] = (None, "")
    """The node, or the key of the row that is none, that was said last."""
    _pausing: Timer | None = None
    """Runs until the next message may be sent."""

    # What it shows

    @property
    def view(self) -> View:
        """By what the tree is ordered."""
        return self.navigator.view

    @property
    def outline(self) -> Outline:
        """The rows of the present view."""
        return self.navigator.outline

    @property
    def cursor_node(self) -> int | None:
        """The node in the row with the cursor, or the one that it refers to; None on a row that stands for many."""
        return self.navigator.node

    @property
    def cursor_row(self) -> int:
        """The row with the cursor, from 0."""
        return self.navigator.row

    @property
    def filter_query(self) -> str:
        """What is filtered for; empty: nothing."""
        return self.navigator.filter_query

    @property
    def match_count(self) -> int:
        """How many nodes the filter lets through."""
        return self.navigator.match_count

    @property
    def targets(self) -> tuple[int, ...]:
        """The nodes that commands mean: those that are selected, else what the row with the cursor stands for."""
        return self.navigator.targets

    @property
    def many(self) -> RowGroup | None:
        """How the row with the cursor stands, if it stands for many nodes."""
        self.take_changes()
        return self.navigator.many

    @property
    def target_counts(self) -> Sequence[int] | None:
        """How many of the nodes that commands mean are of each status, where they are more than the one in the row."""
        return self.navigator.target_counts

    @property
    def selected_count(self) -> int:
        """How many nodes are selected."""
        return len(self.navigator.selected)

    def toggle_selected(self) -> bool:
        """Select the row with the cursor, or no longer, and go on to the next; False when it stands for no node."""
        changed = self.navigator.toggle_selected()
        self.follow()
        self.move(1)
        return changed

    def select_none(self) -> None:
        """End the selection."""
        if self.navigator.selected:
            self.navigator.select_none()
            self.follow()

    # Moving

    def select(self, node: int) -> None:
        """Put the cursor on a node, unfolding what hides it; a filter that hides it ends."""
        self.navigator.to_node(node)
        self.follow()

    def move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self.navigator.to_row(self.navigator.row + delta)
        self.follow()

    def page(self, delta: float) -> None:
        """Move the cursor by pages, which may be fractions."""
        self.move(int(delta * max(1, self.size.height - 1)))

    def top(self) -> None:
        """Move the cursor to the first row."""
        self.navigator.to_row(0)
        self.follow()

    def bottom(self) -> None:
        """Move the cursor to the last row."""
        self.navigator.to_row(len(self.outline) - 1)
        self.follow()

    def find_next(self, text: str, backwards: bool = False) -> bool:
        """Put the cursor on the next node whose name matches, round the end; says whether there is one."""
        found = self.navigator.find(text, backwards=backwards)
        self.follow()
        return found

    def next_with(self, statuses: AbstractSet[NodeStatus], backwards: bool = False) -> bool:
        """Put the cursor on the next node in one of these statuses, round the end; says whether there is one."""
        self.take_changes()
        found = self.navigator.next_with(statuses, backwards=backwards)
        self.follow()
        return found

    # Folding

    def fold(self) -> None:
        """Fold the row with the cursor; when there is nothing to fold, go to the row above it in the tree."""
        self.navigator.fold()
        self.follow()

    def unfold(self) -> None:
        """Unfold the row with the cursor; when it is, go into it; from a reference go to its node."""
        self.navigator.unfold()
        self.follow()

    def toggle(self) -> None:
        """Fold or unfold the row with the cursor."""
        self.navigator.toggle()
        self.follow()

    def fold_all(self) -> None:
        """Fold everything."""
        self.navigator.fold_all()
        self.follow()

    def unfold_all(self) -> None:
        """Unfold everything."""
        self.navigator.unfold_all()
        self.follow()

    # Views, filter, state

    def cycle_view(self) -> View:
        """Go to the next view, which is returned; the cursor stays on its node."""
        self.take_changes()
        self.navigator.show(self.view.following)
        if self.view is View.STATUS and self.navigator.row >= max(1, self.size.height - MARGIN):
            self.navigator.show_top()
        self.follow()
        if self.view is View.STATUS:
            self.scroll_to(y=0, animate=False)
        return self.view

    def set_filter(self, text: str) -> None:
        """Show only the nodes whose name contains a text, or doesn't after a leading "!"; empty: all."""
        self.navigator.set_filter(text)
        self.follow()

    def open_cursor(self) -> None:
        """Say that a person wants to see the node under the cursor; a row that stands for many unfolds."""
        node = self.cursor_node
        if node is None:
            self.toggle()
        else:
            self.post_message(self.Opened(node))

    def dump_state(self) -> TreeDump:
        """Folds, view, filter, cursor and scroll position."""
        return {**self.navigator.dump(), "top": self.scroll_offset.y}

    def restore_state(self, state: TreeDump) -> None:
        """Go on from what another pane dumped; what this graph does not have is forgotten."""
        self.navigator.restore(state)
        self.follow()
        self.scroll_to(y=state["top"], animate=False)
        self.scroll_to_cursor()

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Select a row; on its fold marker fold or unfold it; twice opens its node."""
        row = self.scroll_offset.y + event.y
        if row >= len(self.outline):
            return
        event.stop()
        self.navigator.to_row(row)
        marker = 1 + marker_column(self.outline, self.navigator.cursor, self.row_width, self.painter.glyphs)
        if event.x == marker:
            self.navigator.toggle()
        elif event.chain == 2:
            self.open_cursor()
        self.follow()

    # Saying where the cursor is

    def follow(self) -> None:
        """Show what the navigator did, and say so: at once, then a frame later if the cursor moved on meanwhile."""
        super().follow()
        if self._pausing is None and self.is_running and self._resting_on != self._announced:
            self._announced = self._resting_on
            self.post_message(self.Selected(self.cursor_node))
            self._pausing = self.set_timer(FRAME, self._pause_over)

    @property
    def _resting_on(self) -> tuple[int | None, str]:
        head = self.outline.layout.head(self.navigator.cursor) if len(self.outline) else None
        return self.cursor_node, head.key if head else ""

    def _pause_over(self) -> None:
        self._pausing = None
        self.follow()
