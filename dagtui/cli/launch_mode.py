"""Whether to start a new run or to resume the last one, judging by the options of a call."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from collections.abc import Collection


class LaunchMode(enum.Enum):
    """How to begin: new run, resume, or ask."""

    NEW = "new"
    RESUME = "resume"
    ASK = "ask"
    """Undecided: the user is asked if the last run did not end well."""


LAST = 0
"""Stands for the last run where a run's number is expected."""


def asked_for(*, resume: int | None, fresh: bool, rerun: Collection[str] = ()) -> LaunchMode:
    """Return the mode that the options select. `resume` is the number of a run, or `LAST`."""
    if rerun and resume is None:
        fail("--rerun applies to an earlier run: add --resume")
    if resume is not None and fresh:
        fail("--resume continues an earlier run, --fresh starts a new one: use one of them")
    if resume is not None:
        return LaunchMode.RESUME
    return LaunchMode.NEW if fresh else LaunchMode.ASK
