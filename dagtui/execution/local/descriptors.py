"""Close inherited file descriptors."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_LISTS = ("/proc/self/fd", "/dev/fd") if sys.platform == "linux" else ("/dev/fd",)
_MOST_UNLISTED = 4096
"""Where nothing lists the descriptors, those of higher numbers stay open."""


def close_from(first: int, kept: Container[int] = ()) -> None:
    """Close every descriptor from a number on, but those to keep.

    The limit does not bound them: it may be a billion.
    """
    for number in open_descriptors():
        if number >= first and number not in kept:
            try:  # noqa: SIM105 - contextlib costs start-up time
                os.close(number)
            except OSError:  # that of the list itself
                pass


def open_descriptors() -> list[int]:
    """The numbers of the descriptors that are open, and perhaps some that are not."""
    for folder in _LISTS:
        try:
            return [int(name) for name in os.listdir(folder)]
        except OSError:  # it is not mounted
            continue
    return list(range(_MOST_UNLISTED))
