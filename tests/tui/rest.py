"""When an app is at rest, in place of Textual's rule, by which each key that is pressed takes a twentieth of a second.

That rule is: it slept for nearly all of 20 ms. This one asks for less sleep, and that nobody has anything left to do.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual._context import active_app

if TYPE_CHECKING:
    from textual.app import App

_LOOK_AGAIN = 0.005
_SLEPT = 0.9
"""The part of the time between two looks for which the process has slept."""


async def at_rest(_least: float = 0.0, most: float = 1.0) -> None:
    """Wait until the app has nothing to do, but not for ever: some apps under test never rest."""
    app = active_app.get()
    end = time.monotonic() + most
    while time.monotonic() < end:
        before = time.process_time()
        await asyncio.sleep(_LOOK_AGAIN)
        worked = time.process_time() - before
        if worked < (1 - _SLEPT) * _LOOK_AGAIN and not _has_work(app):
            return


def _has_work(app: App[object]) -> bool:
    screen = app.screen
    paints = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
    return bool(paints) or any(
        pump.message_queue_size or pump._next_callbacks for pump in (app, *screen.walk_children(with_self=True))
    )
