"""One frame per new terminal size: nothing is painted until every widget has adapted."""

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
