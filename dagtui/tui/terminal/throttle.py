"""Painting waits for a terminal that is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App


class PaintThrottle:
    """Holds an app's painting, and sees to it that afterwards nothing is missing on the screen.

    While a batch of the app is open, Textual's screens collect what is to be painted and render nothing. What was
    collected is painted when it closes; only when a frame was refused is everything painted again, so that a slow
    terminal is not kept behind by repaints of repaints.
    """

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._held = False
        self._repaint_due = False
        self.refused = 0
        """Frames that were not shown."""

    def refuse(self) -> None:
        """Count a frame that was not shown, which makes one repaint of everything due."""
        self.refused += 1
        self._repaint_due = True

    def hold(self) -> None:
        """Paint nothing until released."""
        if not self._held:
            self._held = True
            self._app._begin_batch()

    def release(self) -> None:
        """Paint what was collected, or everything where a frame is missing."""
        if not self._held:
            return
        self._held = False
        self._app._end_batch()
        for screen in self._app.screen_stack:
            screen.check_idle()
        if self._repaint_due:
            self._repaint_due = False
            self._app.refresh()
