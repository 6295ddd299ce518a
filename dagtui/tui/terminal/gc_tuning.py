"""Garbage collector settings: a key press must not wait for a collection."""

from __future__ import annotations

import gc

_OBJECTS = 5_000
"""New objects per collection, which takes about two milliseconds."""


def spare_what_is_loaded() -> None:
    """Exclude everything loaded before the first frame from later collections: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS)
