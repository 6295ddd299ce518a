"""A screen that paints what changed at once, and no more of it than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen, ScreenResultType

from dagtui.tui.compositor import TightCompositor
from dagtui.tui.driver import TerminalApp

if TYPE_CHECKING:
    from textual.timer import Timer

SOON = 1 / 240
"""Seconds from one painting to the next at least.

Textual 8.2 lets 17 ms pass, at which a key has to wait for a frame that was painted just before. What the run changes
comes in frames of its own (`frames.py`): this is for what a person does.
"""


class PromptScreen(Screen[ScreenResultType], inherit_bindings=False):
    """Paints the cells that changed as soon as they have, also while another screen lies over it."""

    def __init__(self, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._compositor = TightCompositor()
        self._painter: Timer | None = None

    @property
    def _update_timer(self) -> Timer:
        """What Textual resumes when something is to be painted."""
        if self._painter is None:
            self._painter = self.set_interval(SOON, self._on_timer_update, name="screen_update", pause=True)
        return self._painter

    def _compositor_refresh(self) -> None:
        """Paint what changed, or have the screen on top paint it.

        Textual 8.2 also marks a covered screen as wholly dirty each time, so that the next message to it repaints
        everything: on a terminal that is slow, the end of one repaint would begin the next.
        """
        app = self.app
        if isinstance(app, TerminalApp) and app.reflowing:
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
