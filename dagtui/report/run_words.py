"""Words about past runs: when they were, and how they compare with what is usual."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from dagtui.store.summary import RunOutcome
from dagtui.text import label
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from dagtui.store.summary import RunSummary

_FIRST, _LAST = WallTime(0.0), WallTime(253_402_300_799.0)
_DAY: Final = 86_400.0
_MOST_TIMES: Final = 10.0
"""The share from which a change is told as a factor."""

_AS_USUAL: Final = frozenset({"settled", "left settled"})
"""What is not worth telling of an end."""


def when_words(when: WallTime, now: WallTime) -> str:
    """Format a wall time in local time, as short as it can be told from others: "today 02:36", "28 Nov 07:08"."""
    if not _FIRST <= when <= _LAST:
        return "?"
    at, today = time.localtime(float(when)), time.localtime(float(now))
    clock = time.strftime("%H:%M", at)
    if at[:3] == today[:3]:
        return f"today {clock}"
    if at[:3] == time.localtime(float(now) - _DAY)[:3]:
        return f"yest. {clock}"
    month = time.strftime("%b", at)
    return f"{at.tm_mday} {month} {clock}" if at.tm_year == today.tm_year else f"{at.tm_mday} {month} {at.tm_year}"


def share_words(share: float | None) -> str:
    """Format a share by which something took longer than usual: "+40 %", "−15 %", "=", "×12"."""
    if share is None:
        return ""
    if share >= _MOST_TIMES:
        return f"x{min(share + 1, 9999):.0f}"
    return f"{share:+.0%}".replace("%", " %") if share else "="


def ending_words(summary: RunSummary) -> str:
    """Say how a run ended, with its first failure. Safe to show."""
    outcome, word = summary.outcome, str(summary.outcome.value)
    if summary.failure is not None and outcome is RunOutcome.FAILED:
        name, why = summary.failure
        return f"{label(name, 200)}: {label(why, 200)}"
    if outcome in {RunOutcome.DAMAGED, RunOutcome.UNREADABLE, RunOutcome.LOST}:
        return f"{word}: {label(summary.why, 300)}" if summary.why else word
    if summary.why and summary.why not in {word, *_AS_USUAL}:
        return f"{word} ({label(summary.why, 300)})"
    return word
