"""Signals that the caller had ignored stay ignored: nohup, and scripts that start something in the background."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def heeded(numbers: Iterable[signal.Signals]) -> tuple[signal.Signals, ...]:
    """Return those of the signals that may get a handler: all that are not ignored now.

    Nothing in dagtui ignores them itself, so what is ignored was ignored by the caller, as make and the shells assume.
    """
    return tuple(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
