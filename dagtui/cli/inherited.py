"""Repair inherited descriptors and signals before anything relies on them."""

from __future__ import annotations

import os
import signal

_NOTICES = (signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT)
"""Signals that only notify. A caller that ignored or blocked one (`trap '' CHLD`) did not mean this program."""


def open_standard_descriptors() -> None:
    """Open /dev/null where standard input, output or error is closed.

    Otherwise the next file to be opened, such as the journal, gets that number, and printed text goes into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            try:
                os.open(os.devnull, os.O_RDWR)
            except OSError:  # there is none: a folder can be neither read nor written as a file
                os.open("/", os.O_RDONLY)


def hear_notices() -> None:
    """Receive signals about children and the terminal. Without SIGCHLD, no child can be waited for."""
    for number in _NOTICES:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _NOTICES)
