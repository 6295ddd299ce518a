"""A new size of the terminal costs one frame: nothing is painted until every widget has adapted to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from textual.widget import Widget

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

_LOOK_SECONDS: Final = 0.004
"""Between two looks at whether all have adapted."""
_AT_REST: Final = 2
"""Looks in a row at which all must have adapted: between two messages nothing is to be seen of the second."""
_LOOKS: Final = 75
"""After so many what there is is painted: a run may keep the widgets busy, a mouse may drag the window on.

Looks, not seconds: where other programs leave little time, both the looks and the widgets take longer.
"""


class Reflow:
    """Textual lays a screen out for a new size, tells the widgets, and lays it out again for what they changed.

    Each time it would send the whole screen: three times the same, when a dialog is open. Layout goes on here as ever,
    and is painted when it has come to rest.
    """

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._look: asyncio.TimerHandle | None = None
        self._looks = 0
        self._at_rest = 0

    @property
    def pending(self) -> bool:
        """Whether widgets still adapt: nothing should be rendered now."""
        return self._look is not None

    def begin(self) -> None:
        """The terminal has a new size."""
        if self._look is None:
            self._looks = self._at_rest = 0
            self._look = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._check)

    def end(self) -> None:
        """The app ends: paint nothing any more."""
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
