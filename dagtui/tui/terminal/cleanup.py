"""Garbage of Apps: a key press must not wait for a collection, nor an App for what the last one left behind."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, cast

from rich.style import Style
from textual._styles_cache import StylesCache
from textual.strip import Strip

from dagtui.host.priority_loop import PriorityLoop, is_slice_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.css.styles import RenderStyles
    from textual.widget import Widget

_OBJECTS_AT_ONCE = 2_000
"""Objects that are visited in some tenths of a millisecond."""
_OBJECTS_PER_COLLECTION = 5_000
"""New objects per collection, which takes about two milliseconds."""


def spare_what_is_loaded() -> None:
    """Exclude everything loaded before the first frame from later collections: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_PER_COLLECTION)


def take_apart(widget: Widget) -> None:
    """Break the reference cycles that an unmounted widget leaves behind.

    The garbage collector scans a whole App at once, and the run stands still meanwhile. What is in no cycle is freed by
    its reference count.
    """
    widget._styles_cache.clear()
    for styles in widget._component_styles.values():
        forget_component(styles)


def forget_component(styles: RenderStyles) -> None:
    """Break the reference cycles of a component class: it has a document node with fifteen containers."""
    if styles.node is not None:
        vars(styles.node).clear()


def divide_without_cycles() -> None:
    """Replace the function that divides strips at the edges of widgets.

    Textual 8.2 notes in a strip that it is the whole of itself. Each row that was ever painted would be a reference
    cycle of twenty objects.
    """
    Strip.divide = _divided  # type: ignore[method-assign, assignment]


_divide = Strip.divide


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    places = list(cuts)
    return [strip] if places == [strip.cell_length] else _divide(strip, places)


def forget_app(app: Callable[[], object]) -> None:
    """Free what an App has left: reference cycles, and widgets that Textual's caches hold.

    `app` is a weak reference to it. Objects that remain afterwards are permanent, so the collector skips them at the
    end of the next App.
    """
    StylesCache.get_inner_outer.cache_clear()
    loop = asyncio.get_running_loop()
    if isinstance(loop, PriorityLoop):
        loop.forget_cancelled()
    gc.collect()
    if app() is None:
        gc.freeze()


async def forget_codes() -> None:
    """Discard the cached codes of every style, for a terminal with other colours.

    Rich and Textual cache the codes in a style when it is first shown, and all Apps share the styles. The objects of a
    large graph are visited in slices of screen work, because the run would stand still meanwhile.
    """
    gc.collect()  # before frozen objects are visible to it: it would scan them all
    gc.unfreeze()  # frozen objects are not listed
    found = gc.get_objects()
    gc.freeze()
    while found:
        _forget_codes_in(found[-_OBJECTS_AT_ONCE:])
        del found[-_OBJECTS_AT_ONCE:]  # in pieces as well: releasing all of it at once takes as long as a slice
        if is_slice_over():
            await asyncio.sleep(0)


def _forget_codes_in(objects: Iterable[object]) -> None:
    for found in objects:
        kind = type(found)
        if kind is Style:
            cast("Style", found)._ansi = None
        elif kind is Strip:
            cast("Strip", found)._render_cache = None
