"""A screen that paints what changed at once, and no more of it than that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.geometry import Region
from textual.screen import Screen, ScreenResultType

from dagtui.host.priority_loop import is_slice_over
from dagtui.tui.lines.compositor import TightCompositor
from dagtui.tui.terminal import TerminalApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.message import Message
    from textual.timer import Timer
    from textual.widget import Widget

SOON = 1 / 240
"""Seconds from one painting to the next at least.

Textual 8.2 lets 17 ms pass, at which a key has to wait for a frame that was painted just before. What the run changes
comes in frames of its own (`frames.py`): this is for what a person does.
"""


async def mount_one_by_one(above: Widget, widgets: Iterable[Widget]) -> None:
    """Mount widgets, with turns of the run in between: each is given its styles, a millisecond or two of work."""
    for widget in widgets:
        await above.mount(widget)
        if is_slice_over():
            await asyncio.sleep(0)


class PromptScreen(Screen[ScreenResultType], inherit_bindings=False):
    """Paints the cells that changed as soon as they have, also while another screen lies over it."""

    def __init__(self, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = TightCompositor()
        self._painter: Timer | None = None
        self._resumed = False

    async def _get_message(self) -> Message:
        """The next message, after the run's turn when those before took long; at the start there are thirty at once."""
        if is_slice_over():
            await asyncio.sleep(0)
        return await super()._get_message()

    async def mount_composed_widgets(self, widgets: list[Widget]) -> None:
        """Mount what was composed one by one, with turns of the run in between."""
        await mount_one_by_one(self, widgets)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Textual would apply all styles again, which at the start each widget has got just before."""
        if not self._resumed:
            self._resumed, event.refresh_styles = True, False

    def suit(self, width: int) -> None:
        """Begin with the classes for a width, before there are widgets to which styles would be applied again."""
        for _, name in self.HORIZONTAL_BREAKPOINTS or ():
            self.set_class(
                name in self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS or []), name, update=False
            )

    @property
    def _update_timer(self) -> Timer:
        """What Textual resumes when something is to be painted."""
        if self._painter is None:
            self._painter = self.set_interval(SOON, self._paint, name="screen_update", pause=True)
        return self._painter

    async def _paint(self) -> None:
        """Paint what has changed; where that is everything, each widget is drawn in a slice of its own before."""
        if self._repaint_required and self.is_current and not self.app._batch_count:
            if self._layout_required:
                self._refresh_layout(scroll=self._scroll_required)
                self._layout_required = self._scroll_required = False
            for widget in self._compositor.visible_widgets.keys() - {self}:  # a screen is drawn with what it covers
                if self.app._batch_count or not widget.is_attached:
                    break  # the app ends
                widget.render_lines(Region(0, 0, *widget.outer_size))
                if is_slice_over():
                    await asyncio.sleep(0)
        self._on_timer_update()

    def _compositor_refresh(self) -> None:
        """Paint what changed, or have the screen on top paint it.

        Textual 8.2 also marks a covered screen as wholly dirty each time, so that the next message to it repaints
        everything: on a terminal that is slow, the end of one repaint would begin the next.
        """
        app = self.app
        if isinstance(app, TerminalApp) and app.reflowing:
            # Everything is painted once all have adapted. What is dirty now would then be painted a second time.
            self._compositor._dirty_regions.clear()
            self._dirty_widgets.clear()
            return
        # Where a repaint is due, all is painted within a tick anyway: at the start Textual would render it three times.
        if self._repaint_required:
            return
        screens = app.screen_stack
        if self is app.screen or self not in app._background_screens:
            super()._compositor_refresh()
            return
        dirty = self._compositor._dirty_regions
        if dirty:
            for between in screens[screens.index(self) + 1 : -1]:
                between._set_dirty(*dirty)  # what lies between has a picture of this one, too
            app.screen.refresh(*dirty)
            dirty.clear()
        self._dirty_widgets.clear()
