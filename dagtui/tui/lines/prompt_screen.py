"""Screen that paints changes at once, and nothing but the changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import Region
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType

from dagtui.host.priority_loop import is_slice_over
from dagtui.tui.lines.compositor import TightCompositor
from dagtui.tui.terminal.terminal_app import TerminalApp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from textual import events
    from textual.message import Message
    from textual.timer import Timer
    from textual.widget import Widget

    from dagtui.text.amounts import CellWidth

SOON = 1 / 240
"""Minimum seconds between two paintings.

Textual 8.2 waits 17 ms, in which a key has to wait for a frame that was painted just before. Changes of the run come in
frames of their own (`terminal/frame_schedule.py`). This is for a person's actions.
"""


async def mount_one_by_one(above: Widget, widgets: Iterable[Widget]) -> None:
    """Mount widgets with turns of the run in between. Each takes a millisecond or two to get its styles.

    The App may exit during such a turn, when its terminal closes. Then there is nothing left to mount the others on.
    """
    for widget in widgets:
        if not above.is_attached:
            return
        await above.mount(widget)
        if is_slice_over():
            await asyncio.sleep(0)


class PromptScreen(Screen[ScreenResultType], inherit_bindings=False):
    """Paints changed cells as soon as they change, even below another screen."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The widget with the focus. Textual 8.2 would paint the whole screen again whenever it changes."""

    def __init__(self, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = TightCompositor()
        self._painter: Timer | None = None
        self._resumed = False

    async def _get_message(self) -> Message:
        """Return the next message, after the run's turn if earlier ones took long. At the start there are thirty."""
        if is_slice_over():
            await asyncio.sleep(0)
        return await super()._get_message()

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Mount the composed widgets one by one, with turns of the run in between."""
        await mount_one_by_one(self, widgets)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Keep Textual from applying all styles again at the start, when each widget has just got its own."""
        if not self._resumed:
            self._resumed, event.refresh_styles = True, False

    def suit(self, width: CellWidth) -> None:
        """Set the classes for a width before there are widgets, whose styles would be applied again."""
        for _, name in self.HORIZONTAL_BREAKPOINTS or ():
            self.set_class(
                name in self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS or []), name, update=False
            )

    @property
    def _update_timer(self) -> Timer:
        """The timer that Textual resumes when something is to be painted."""
        if self._painter is None:
            self._painter = self.set_interval(SOON, self._paint, name="screen_update", pause=True)
        return self._painter

    async def _paint(self) -> None:
        """Paint the changes. If everything has changed, draw each widget in a slice of its own first."""
        if self._repaint_required and self.is_current and not self.app._batch_count:
            if self._layout_required:
                self._refresh_layout(scroll=self._scroll_required)
                self._layout_required = self._scroll_required = False
            for widget in self._compositor.visible_widgets.keys() - {self}:  # a screen is drawn with what it covers
                if self.app._batch_count or not widget.is_attached:
                    break  # the app is exiting
                widget.render_lines(Region(0, 0, *widget.outer_size))
                if is_slice_over():
                    await asyncio.sleep(0)
        self._on_timer_update()

    def _compositor_refresh(self) -> None:
        """Paint the changes, or have the top screen paint them.

        Textual 8.2 also marks a covered screen as entirely dirty each time, so that the next message to it repaints
        everything. On a slow terminal, the end of one repaint would start the next.
        """
        app = self.app
        if isinstance(app, TerminalApp) and app.reflowing:
            # Everything is painted once all widgets have adapted. Dirty regions of now would then be painted twice.
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
            return
        # A due repaint paints everything within a tick anyway. At the start, Textual would render it three times.
        if self._repaint_required:
            return
        screens = app.screen_stack
        if self is app.screen or self not in app._background_screens:
            super()._compositor_refresh()
            return
        dirty = self._compositor._dirty_regions
        if dirty:
            for between in screens[screens.index(self) + 1 : -1]:
                between._set_dirty(*dirty)  # screens in between show parts of this one, too
            _paint_on_top(app.screen, dirty)
            dirty.clear()
        self._dirty_widgets.clear()


def _paint_on_top(top: Screen[object], regions: Collection[Region]) -> None:
    """Have the top screen paint regions of what lies below it, beside what it paints of itself.

    `top.refresh(*regions)` would say that all of it is painted again, and Textual 8.2 would forget which widgets of it
    have changed since the last frame.
    """
    top._set_dirty(*regions)
    top._dirty_widgets.add(top)
    top.check_idle()


class OverScreen(PromptScreen[ScreenResultType], inherit_bindings=False):
    """Base of what is shown over the main screen: dialogs, and pages that take its place."""

    outlives_reload: ClassVar[bool] = False
    """Whether it makes sense when the run has got another graph. Otherwise it closes."""

    def takes(self, key: events.Key) -> bool:  # noqa: ARG002 - for screens in which a person types
        """Take a key that is typed into it. Return whether it was, so that the key means nothing else."""
        return False

    def flush(self) -> None:
        """Show what has changed in the run. The app calls this once a frame."""

    def take_up(self) -> None:
        """Go on with the graph that the run has now, if it outlives a reload."""
