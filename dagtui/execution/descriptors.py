"""Closing what was inherited."""

from __future__ import annotations

import os
import sys

_LIST = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"


def close_from(first: int) -> None:
    """Close every descriptor from a number on; the limit is no measure of them: it may be a billion."""
    for name in os.listdir(_LIST):
        if int(name) >= first:
            try:  # noqa: SIM105 - contextlib costs start-up time
                os.close(int(name))
            except OSError:  # that of the list itself
                pass
