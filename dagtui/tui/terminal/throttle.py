"""Hold painting while the terminal is behind, or while the widgets adapt to a new size."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

_LOOK_SECONDS: Final = 0.004
"""Interval between two checks whether all widgets have adapted."""
_AT_REST: Final = 2
"""Consecutive checks that must find all widgets adapted: between two messages, the second one cannot be seen."""
_LOOKS: Final = 75
"""After this many checks, paint anyway: a run may keep the widgets busy, a mouse may keep dragging the window. The
limit counts checks, not seconds: on a busy machine, both checks and widgets take longer."""


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


class Reflow:
    """Holds painting while Textual adapts to a new size.

    Textual lays out a screen, tells the widgets, and lays it out again for what they changed. Each time it would send
    the whole screen, three times when a dialog is open. Here, layout continues as usual and is painted once it has
    settled.
    """

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._look: asyncio.TimerHandle | None = None
        self._looks = 0
        self._at_rest = 0

    @property
    def pending(self) -> bool:
        """Whether widgets are still adapting. Nothing should be rendered meanwhile."""
        return self._look is not None

    def begin(self) -> None:
        """Start holding: the terminal has a new size."""
        if self._look is None:
            self._looks = self._at_rest = 0
            self._look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._check)

    def end(self) -> None:
        """Stop checking and paint nothing more: the app ends."""
        if self._look is not None:
            self._look.cancel()

    def _check(self) -> None:
        self._looks += 1
        self._at_rest = 0 if self._is_under_way() else self._at_rest + 1
        if self._looks < _LOOKS and self._at_rest < _AT_REST:
            self._look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._check)
            return
        self._look = None
        self._app.refresh()

    def _is_under_way(self) -> bool:
        app = self._app
        if app._resize_event is not None or app.message_queue_size:
            return True
        return bool(app._screen_stack) and any(map(_adapts, [app.screen, *app._background_screens]))


def _adapts(screen: Screen[object]) -> bool:
    if screen._scroll_required:
        return True
    return any(
        widget.message_queue_size or widget._layout_required for widget in screen.walk_children(Widget, with_self=True)
    )
