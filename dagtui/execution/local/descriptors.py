"""Close inherited file descriptors."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_LISTS = ("/proc/self/fd", "/dev/fd") if sys.platform == "linux" else ("/dev/fd",)
_MOST_UNLISTED = 4096
"""Upper bound for systems without a list of descriptors. Higher ones stay open there."""


def close_from(first: int, kept: Container[int] = ()) -> None:
    """Close all descriptors from a number on, except those in `kept`.

    Descriptors are listed, because counting up to the limit of open files, which may be a billion, would take too long.
    """
    for number in open_descriptors():
        if number >= first and number not in kept:
            try:  # noqa: SIM105 - contextlib costs start-up time
                os.close(number)
            except OSError:  # the descriptor of the listing itself
                pass


def open_descriptors() -> list[int]:
    """Return the descriptors that are open, and perhaps some that are not."""
    for folder in _LISTS:
        try:
            return [int(name) for name in os.listdir(folder)]
        except OSError:  # not mounted
            continue
    return list(range(_MOST_UNLISTED))
