"""The garbage collector must not be what a key waits for."""

from __future__ import annotations

import gc

_OBJECTS = 5_000
"""How many new objects are looked through at once: two milliseconds."""


def spare_what_is_loaded() -> None:
    """Have the collector never look again at what is there before the first frame: it stays for good."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS)
