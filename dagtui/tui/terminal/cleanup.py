"""What an App leaves behind in its process, for the next one not to find."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from rich.style import Style
from textual._styles_cache import StylesCache
from textual.css.styles import RenderStyles
from textual.strip import Strip

from dagtui.host.priority_loop import PriorityLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget


def take_apart(widget: Widget) -> None:
    """Break up what a widget that has been unmounted leaves behind, most of it in circles.

    The collector looks through all of an App at once, in which time the run stands still; what is in no circle goes by
    itself. Each component class has a node of the document, with fifteen containers.
    """
    widget._styles_cache.clear()
    for styles in widget._component_styles.values():
        if isinstance(styles, RenderStyles) and styles.node is not None:
            vars(styles.node).clear()


def forget_app(app: Callable[[], object]) -> None:
    """Free what an App has left: it hangs together in circles, and Textual remembers some of its widgets.

    `app` is a weak reference to it. What is there when it has gone stays for good, and is not looked through at the
    end of the next one.
    """
    StylesCache.get_inner_outer.cache_clear()
    loop = asyncio.get_running_loop()
    if isinstance(loop, PriorityLoop):
        loop.forget_cancelled()
    gc.collect()
    if app() is None:
        gc.freeze()


def forget_codes() -> None:
    """Have every style's codes made anew, for a terminal that knows other colours.

    Rich and Textual write them down in the style when it is first shown, and share styles between all Apps.
    """
    gc.unfreeze()  # what is frozen is not listed
    gc.collect()
    for found in gc.get_objects():
        kind = type(found)
        if kind is Style:
            found._ansi = None
        elif kind is Strip:
            found._render_cache = None
    gc.freeze()
