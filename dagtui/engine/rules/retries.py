"""Whether and when a failed attempt is followed by another (rule 10 in `rules`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.status import Cause

if TYPE_CHECKING:
    from dagtui.engine.columns import Uncounted
    from dagtui.graph.model import RetryPolicy

_SIGNALLED = 128
"""Offset that shells add to the number of a signal that ended a program."""


def is_followed(policy: RetryPolicy, cause: Cause, value: int, tries: int, uncounted: Uncounted | None) -> bool:
    """Return whether a failed attempt is followed by another, as far as the policy says (rule 10 in `rules`).

    `tries` is the number of attempts of the present budget, this one included.
    """
    lost, outside = (0, 0) if uncounted is None else (uncounted.lost, uncounted.outside)
    if cause is Cause.LOST and policy.lost is not None:
        return lost < policy.lost
    if cause is Cause.OUTSIDE and policy.outside is not None:
        return outside < policy.outside
    tries -= lost if policy.lost is not None else 0
    tries -= outside if policy.outside is not None else 0
    return tries <= policy.retries and retries(policy, cause, value)


def retries(policy: RetryPolicy, cause: Cause, value: int) -> bool:
    """Return whether the policy retries after this end while tries are left (rule 10 in `rules`).

    `value` is the exit status or the signal number.
    """
    codes = policy.exit_codes
    if not codes:
        return True
    if cause is Cause.SIGNAL:
        return value + _SIGNALLED in codes
    return (value if cause is Cause.EXIT else cause.word) in codes


def back_off(policy: RetryPolicy, tries: int, attempt: str) -> float:
    """Return the seconds to wait after the given number of failed tries.

    The jitter is a hash of the attempt's name and not random, so that the same run has the same delays again.
    """
    try:
        delay = min(policy.max_delay, policy.delay * policy.backoff ** (tries - 1))
    except OverflowError:
        delay = policy.max_delay if policy.delay else 0.0
    return delay * (1 + policy.jitter * (2 * _chance(attempt) - 1)) if policy.jitter else delay


def _chance(text: str) -> float:
    """Return a number from 0 to 1. Unlike a checksum, the hash spreads names that differ in one letter."""
    from hashlib import blake2b  # most runs never need it

    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") / 2**32
