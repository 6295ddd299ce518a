"""Keep signals ignored that the caller had ignored, as nohup and background jobs of scripts do."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def not_ignored(numbers: Iterable[signal.Signals]) -> tuple[signal.Signals, ...]:
    """Return those of the signals that may get a handler: all that are not ignored now.

    dagtui itself ignores none of them, so an ignored signal was ignored by the caller. make and the shells assume that
    it stays so.
    """
    return tuple(number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN)
