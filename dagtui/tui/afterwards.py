"""What an App leaves behind in its process, for the next one not to find."""

from __future__ import annotations

import gc

from rich.style import Style
from textual._styles_cache import StylesCache
from textual.strip import Strip


def forget_app() -> None:
    """Free what Apps have left: each hangs together in circles, and Textual remembers some of their widgets.

    The last one may stay a few seconds longer: cancelled timers keep it until they would have been due.
    """
    StylesCache.get_inner_outer.cache_clear()
    gc.collect()


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
