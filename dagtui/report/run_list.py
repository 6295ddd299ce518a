"""List runs: one line each for people, one object each for machines."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING

from dagtui.engine.status import NodeStatus
from dagtui.runs.wording import done_words, failed_words, named_words, spent
from dagtui.store.summary import RunOutcome, RunSummary
from dagtui.text import count, duration, label
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.control.live import Screen
    from dagtui.text.amounts import Seconds

_COLOURS = {
    RunOutcome.LIVE: "36",
    RunOutcome.COMPLETED: "32",
    RunOutcome.FAILED: "1;31",
    RunOutcome.CANCELLED: "33",
    RunOutcome.LEFT: "33",
    RunOutcome.LOST: "1;31",
    RunOutcome.DAMAGED: "1;31",
    RunOutcome.UNREADABLE: "1;31",
}
_FIRST_TIME, _LAST_TIME = WallTime(0.0), WallTime(253_402_300_799.0)
"""The end of the year 9999. Later values are not valid times."""


def outcome_words(summary: RunSummary, screen: Screen | None) -> str:
    """Describe a run's outcome in a few words. A live run names its process, and says whether it has a screen."""
    words: str = summary.outcome.value
    if summary.outcome is not RunOutcome.LIVE:
        return words
    more = [screen.value] if screen is not None else []
    if summary.process is not None:
        more.append(f"process {summary.process}")
    return f"{words} ({', '.join(more)})" if more else words


def run_line(summary: RunSummary, screen: Screen | None, now: WallTime, *, colours: bool) -> str:
    """Format one line: number, outcome, start, duration, counts, reason."""
    words = f"{outcome_words(summary, screen):<9}"
    if colours:
        words = f"\x1b[{_COLOURS[summary.outcome]}m{words}\x1b[m"
    parts = [f"{summary.number:>4}", words]
    if summary.began is not None:
        parts.append(f"{moment(summary.began)}  {age(now - summary.began):>14}")
    if summary.seconds is not None:
        parts.append(f"{spent(summary.seconds, summary.wall_seconds):>9}")
    parts.append(counts_words(summary.counts, summary.stale, summary.allowed, summary.up_to_date))
    if summary.named:
        parts.append(f"for {named_words(summary.named)}")
    if summary.why and summary.why != summary.outcome.value:
        more = f"; go on with --resume {summary.number}" if summary.outcome is RunOutcome.LEFT else ""
        parts.append(f"({label(summary.why, 300)}{more})")
    return "  ".join(part for part in parts if part)


def run_object(summary: RunSummary, screen: Screen | None) -> str:
    """Format the same as a JSON object on one line, in ASCII."""
    return json.dumps(
        {
            "run": summary.number,
            "state": summary.outcome.value,
            "screen": None if screen is None else screen.value,
            "process": summary.process,
            "began": _finite(summary.began),
            "seconds": _finite(summary.seconds),
            "wall_seconds": _finite(summary.wall_seconds),
            "counts": dict(summary.counts),
            "stale": summary.stale,
            "up_to_date": summary.up_to_date,
            "failed_allowed": summary.allowed,
            "targets": list(summary.named) or None,
            "why": summary.why,
            "directory": str(summary.path),
            "failure": summary.failure and {"node": summary.failure[0], "why": summary.failure[1]},
            "jobs": summary.jobs or None,
        }
    )


def counts_words(counts: Mapping[str, int], stale: int, allowed: int, up_to_date: int) -> str:
    """Format counts by status in the order of the statuses. Statuses unknown to this dagtui come last.

    `stale` of the completed nodes are stale, `up_to_date` of them did not have to run, and `allowed` of the failed ones
    were allowed to fail.
    """
    others = sorted(counts.keys() - NodeStatus.__members__)
    words: list[str] = []
    for status in NodeStatus:
        if status.name in counts and status is NodeStatus.FAILED:
            words += failed_words(counts[status.name], allowed)
        elif status.name in counts:
            done = done_words(up_to_date, stale) if status is NodeStatus.COMPLETED else ""
            words.append(f"{count(counts[status.name])} {status.word}{done}")
    return ", ".join(words + [f"{count(counts[name])} {label(name, 40)}" for name in others])


def moment(when: WallTime) -> str:
    """Format a wall time in local time, or "?" if it is not valid."""
    if not _FIRST_TIME <= when <= _LAST_TIME:
        return "?"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(when)))


def age(seconds: Seconds) -> str:
    """Format how long ago a time was. A future time, after the clock was set back, reads "in 5 s"."""
    return f"in {duration(-seconds)}" if seconds < 0 else f"{duration(seconds)} ago"


def _finite(value: float | WallTime | None) -> float | WallTime | None:
    return value if value is not None and math.isfinite(value) else None
