"""When an app is at rest, in place of Textual's rule, by which each key that is pressed takes a twentieth of a second.

That rule is: it slept for nearly all of 20 ms. This one asks for less sleep, and that nobody has anything left to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from textual._context import active_app
from textual.app import ScreenStackError

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.pilot import Pilot

_LOOK_AGAIN = 0.005
_NEXT_TURN = 0.001
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


async def all_processed(pilot: Pilot[object], timeout: float = 30.0) -> bool:  # noqa: ASYNC109 - as in Textual
    """Wait until every widget of the screen waits for messages. Textual sends one to each, which takes longer."""
    app = pilot.app
    end = time.monotonic() + timeout
    await asyncio.sleep(0)
    with contextlib.suppress(ScreenStackError):  # the app is closing
        while app._exception is None and any(map(_is_at_work, (app, *app.screen.walk_children(with_self=True)))):
            assert time.monotonic() < end, "a widget does not end what it does"
            await asyncio.sleep(_NEXT_TURN)
        return app._exception is None
    return False


def _is_at_work(pump: MessagePump) -> bool:
    return (
        pump._running
        and not pump._closing
        and bool(pump.message_queue_size or not pump._message_queue.ready_event._waiters)
    )


def _has_work(app: App[object]) -> bool:
    screen = app.screen
    paints = screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
    return bool(paints) or any(
        pump.message_queue_size or pump._next_callbacks for pump in (app, *screen.walk_children(with_self=True))
    )
