"""The three standard descriptors, whatever the caller left of them."""

from __future__ import annotations

import os


def open_standard_descriptors() -> None:
    """Put /dev/null where standard input, output or error is closed.

    Else the next file that is opened takes its number, the journal, say, and what is printed would go there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
