"""Tree pane: the canvas with the messages and the state that the app needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from dagtui.tui.graph.canvas import MARGIN, TreeCanvas
from dagtui.tui.graph.navigator import NavigatorDump
from dagtui.tui.graph.row_groups import worst_of
from dagtui.tui.graph.views import View

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from textual import events
    from textual.timer import Timer

    from dagtui.engine.status import NodeStatus
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime
    from dagtui.tui.graph.outline import Outline
    from dagtui.tui.graph.row_groups import RowGroup
    from dagtui.tui.graph.time.axis import TimeAxis

FRAME = 1 / 30
"""Minimum seconds between two messages about the cursor's position."""


class TreeDump(NavigatorDump):
    """The state of the pane, so that another pane of the same graph can restore it."""

    top: int
    """The first row on screen."""


class TreePane(TreeCanvas):
    """The tree of nodes. It has no keys of its own: the app calls its methods, and `flush` once a frame."""

    class Selected(Message):
        """The cursor rests on another node, or on a row without a node if None. Sent at most once a frame."""

        def __init__(self, node: NodeIndex | None) -> None:
            super().__init__()
            self.node = node

    class Opened(Message):
        """Request to show a node in full."""

        def __init__(self, node: NodeIndex) -> None:
            super().__init__()
            self.node = node

    _announced: tuple[NodeIndex | None, str] = (None, "")
    """The node last announced, or the key of its row if the row is not a node."""
    _left_map = False
    """Whether the nodes of a cell of the map were opened."""
    _pausing: Timer | None = None
    """Runs until the next message may be sent."""

    # State

    @property
    def view(self) -> View:
        """The order of the tree."""
        return self.navigator.view

    @property
    def clock(self) -> ClockTime:
        """The time that the rows show."""
        return self._clock

    @property
    def settled(self) -> bool:
        """Whether nothing more happens in the run."""
        return self._run.settled

    @property
    def outline(self) -> Outline:
        """The rows of the current view."""
        return self.navigator.outline

    @property
    def cursor_node(self) -> NodeIndex | None:
        """The node that the cursor's row is, or None for a row that stands for many nodes."""
        return self.navigator.node

    @property
    def many(self) -> RowGroup | None:
        """The group of nodes behind the cursor's row, or None if the row is a single node."""
        self.take_changes()
        return self.navigator.many

    @property
    def selected_count(self) -> int:
        """Number of selected nodes."""
        return len(self.navigator.selected)

    def toggle_selected(self) -> bool:
        """Select or deselect the cursor's row and go to the next. Return False if the row stands for no node."""
        changed = self.navigator.toggle_selected()
        self.follow()
        self.move(1)
        return changed

    def select_none(self) -> None:
        """Clear the selection."""
        if self.navigator.selected:
            self.navigator.select_none()
            self.follow()

    # Moving

    def select(self, node: NodeIndex) -> None:
        """Put the cursor on a node and unfold what hides it. A filter that hides it ends."""
        self.navigator.to_node(node)
        self.follow()

    def move(self, delta: int) -> None:
        """Move the cursor by rows."""
        self.navigator.move(delta)
        self.follow()

    def page(self, delta: float) -> None:
        """Move the cursor by pages or fractions of pages."""
        self.move(int(delta * max(1, self.size.height - 1)))

    def top(self) -> None:
        """Move the cursor to the first row."""
        self.navigator.to_row(0)
        self.follow()

    def bottom(self) -> None:
        """Move the cursor to the last row."""
        self.navigator.to_row(len(self.outline) - 1)
        self.follow()

    def to_neighbour(self, *, up: bool) -> bool:
        """Move the cursor to the first parent, or to the first child. Return False if there is none."""
        found = self.navigator.to_neighbour(up=up)
        self.follow()
        return found

    def find_next(self, text: str, backwards: bool = False) -> bool:
        """Put the cursor on the next node whose name matches, wrapping around. Return whether there is one."""
        found = self.navigator.find(text, backwards=backwards)
        self.follow()
        return found

    def to_hit(self) -> None:
        """Put the cursor on a node that passes the filter, if it is not on one."""
        self.navigator.to_hit()
        self.follow()

    def next_with(self, statuses: AbstractSet[NodeStatus], backwards: bool = False) -> bool:
        """Put the cursor on the next node in one of these statuses, wrapping around. Return whether there is one."""
        self.take_changes()
        found = self.navigator.next_with(statuses, backwards=backwards)
        self.follow()
        return found

    def next_failure(self, *, backwards: bool = False) -> bool:
        """Put the cursor on the next failure: one that counts, if there is any. Return whether there is one."""
        self.take_changes()
        found = self.navigator.next_failure(backwards=backwards)
        self.follow()
        return found

    # Folding

    def fold(self) -> None:
        """Fold the cursor's row. If it cannot be folded, go to the row above it in the tree."""
        self.navigator.fold()
        self.follow()

    def unfold(self) -> None:
        """Unfold the cursor's row. If it is unfolded, enter it."""
        self.navigator.unfold()
        self.follow()

    def toggle(self) -> None:
        """Fold or unfold the cursor's row. The nodes of a cell of the map are shown in Tasks."""
        if self.view is View.MAP:
            self._open_cell()
        else:
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

    def cycle_view(self, step: int = 1) -> None:
        """Switch to the next view, or the one before it for a negative step. The cursor stays on its node."""
        self.show_view(self.view.following(step))

    def show_view(self, view: View) -> None:
        """Switch to a view. The cursor stays on its node."""
        self.take_changes()
        self._left_map = False
        if view is View.TROUBLE:
            self._trouble_watch.look(self._run.clock())
        self.navigator.show(view)
        if self.view is View.TROUBLE and self.navigator.row >= max(1, self.size.height - MARGIN):
            self.navigator.show_top()
        self.follow()
        if self.view is View.TROUBLE:
            self.scroll_to(y=0, animate=False)

    # The time axis

    def zoom_time(self, factor: float) -> bool:
        """Show a shorter time, or a longer one for a factor below 1. Return whether anything changed."""
        return self._axis_moved(self._axis.zoom(factor))

    def pan_time(self, steps: int) -> bool:
        """Show a later time, or an earlier one for negative steps. Return whether anything changed."""
        return self._axis_moved(self._axis.pan(steps))

    @property
    def _axis(self) -> TimeAxis:
        """The axis, which shows what its rows will: a key may come before their first frame."""
        return self.rows.time.axis(self.row_width, self._clock)

    def _axis_moved(self, changed: bool) -> bool:
        self.navigator.generation += changed
        self.follow()
        return changed

    def set_filter(self, text: str) -> None:
        """Show only the nodes whose name contains a text, or does not after a leading "!". Empty: all."""
        self.navigator.set_filter(text)
        self.follow()

    def open_cursor(self) -> None:
        """Request to show the node under the cursor in full. A row that stands for many nodes unfolds."""
        node = self.cursor_node
        if node is None:
            self.toggle()
        else:
            self.post_message(self.Opened(node))

    def _open_cell(self) -> None:
        """Show in Tasks the nodes that the cell under the cursor stands for, from the first of the worst on."""
        self.take_changes()
        navigator = self.navigator
        if navigator.is_on_many:
            node = worst_of(self.outline, navigator.tallies, navigator.cursor)
            self.show_view(View.TASKS)
            if node is not None:
                navigator.to_node(node)
            self._left_map = True

    def back_to_map(self) -> bool:
        """Return to the map, if the nodes of one of its cells were opened and the view is still theirs."""
        if not self._left_map or self.view is not View.TASKS:
            return False
        self.show_view(View.MAP)
        return True

    def dump_state(self) -> TreeDump:
        """Return folds, view, filter, cursor and scroll position."""
        return {**self.navigator.dump(), "top": self.scroll_offset.y}

    def restore_state(self, state: TreeDump) -> None:
        """Restore what another pane dumped. Names that this graph lacks are ignored."""
        self.navigator.restore(state)
        self.follow()
        self.scroll_to(y=state["top"], animate=False)
        self.scroll_to_cursor()

    # Mouse

    def on_click(self, event: events.Click) -> None:
        """Select the clicked row, fold or unfold it at its marker, or open its node on a double click."""
        row = self.scroll_offset.y + event.y
        if row >= len(self.outline):
            return
        event.stop()
        self.navigator.to_point(row, event.x)
        if event.x == 1 + self.rows.marker_column(self.navigator.cursor, self.row_width):
            self.navigator.toggle()
        elif event.chain == 2:
            self.open_cursor()
        self.follow()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """With Shift, scroll the time axis to earlier times."""
        self._scroll_time(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """With Shift, scroll the time axis to later times."""
        self._scroll_time(event, 1)

    def _scroll_time(self, event: events.MouseEvent, steps: int) -> None:
        if event.shift and self.view is View.TIME:
            event.prevent_default()
            event.stop()
            self.pan_time(steps)

    # Announce the cursor

    def follow(self) -> None:
        """Show what the navigator did and announce it, again a frame later if the cursor moved meanwhile."""
        super().follow()
        if self._pausing is None and self.is_running and self._resting_on != self._announced:
            self._announced = self._resting_on
            self.post_message(self.Selected(self.cursor_node))
            self._pausing = self.set_timer(FRAME, self._pause_over)

    @property
    def _resting_on(self) -> tuple[NodeIndex | None, str]:
        head = self.outline.head(self.navigator.cursor) if len(self.outline) else None
        return self.cursor_node, head.key if head else ""

    def _pause_over(self) -> None:
        self._pausing = None
        self.follow()
