"""Throttle painting while the terminal is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App


class PaintThrottle:
    """Holds an app's painting and makes sure that nothing is missing afterwards.

    While a batch of the app is open, Textual's screens collect what is to be painted and render nothing. The collected
    updates are painted when the batch closes. Everything is painted again only if a frame was refused, so that repaints
    do not keep a slow terminal behind.
    """

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._held = False
        self._repaint_due = False

    def refuse(self) -> None:
        """Schedule one repaint of everything, since a frame was not shown."""
        self._repaint_due = True

    def hold(self) -> None:
        """Paint nothing until released."""
        if not self._held:
            self._held = True
            self._app._begin_batch()

    def release(self) -> None:
        """Paint the collected updates, or everything if a frame is missing."""
        if not self._held:
            return
        self._held = False
        self._app._end_batch()
        for screen in self._app.screen_stack:
            screen.check_idle()
        if self._repaint_due:
            self._repaint_due = False
            self._app.refresh()
