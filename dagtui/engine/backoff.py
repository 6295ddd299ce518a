"""How long a failed attempt is followed by nothing."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.graph.model import RetryPolicy


def back_off(policy: RetryPolicy, tries: int, attempt: str) -> float:
    """Seconds to wait after so many failed tries; the jitter follows from the attempt's name.

    It is not random: the same run comes to the same delays again.
    """
    try:
        delay = min(policy.max_delay, policy.delay * policy.backoff ** (tries - 1))
    except OverflowError:
        delay = policy.max_delay if policy.delay else 0.0
    chance = zlib.crc32(attempt.encode()) / 2**32
    return delay * (1 + policy.jitter * (2 * chance - 1))
