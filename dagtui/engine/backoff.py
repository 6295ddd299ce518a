"""Whether a failed attempt is retried, and after what delay: exponential, with deterministic jitter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import Cause

if TYPE_CHECKING:
    from dagtui.graph.model import RetryPolicy

_SIGNALLED = 128
"""What shells add to the number of a signal that ended a program."""


def retries(policy: RetryPolicy, cause: Cause, value: int) -> bool:
    """Whether the policy retries after that end, if tries are left; the value is an exit status or a signal."""
    codes = policy.exit_codes
    if not codes:
        return True
    if cause is Cause.SIGNAL:
        return value + _SIGNALLED in codes
    return (value if cause is Cause.EXIT else cause.word) in codes


def back_off(policy: RetryPolicy, tries: int, attempt: str) -> float:
    """Seconds to wait after so many failed tries; the jitter follows from the attempt's name.

    It is not random: the same run comes to the same delays again.
    """
    try:
        delay = min(policy.max_delay, policy.delay * policy.backoff ** (tries - 1))
    except OverflowError:
        delay = policy.max_delay if policy.delay else 0.0
    return delay * (1 + policy.jitter * (2 * _chance(attempt) - 1)) if policy.jitter else delay


def _chance(text: str) -> float:
    """A number from 0 to 1; names that differ in one letter are as far apart as any, which no checksum would give."""
    from hashlib import blake2b  # most runs never need it

    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32
