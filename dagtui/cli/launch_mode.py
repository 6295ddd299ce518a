"""Whether a run is a new one or goes on with the last, as the options of a call say it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from dagtui.cli.stderr import fail

if TYPE_CHECKING:
    from collections.abc import Collection


class LaunchMode(enum.Enum):
    """How a run begins."""

    NEW = "new"
    RESUME = "resume"
    ASK = "ask"
    """Not decided: when the last run did not end well, a person is asked."""


LAST = 0
"""Stands for the last run where the number of a run is asked for."""


def asked_for(*, resume: int | None, fresh: bool, rerun: Collection[str] = ()) -> LaunchMode:
    """The way that the options mean; `resume` is the number of a run, or `LAST`."""
    if rerun and resume is None:
        fail("--rerun runs nodes of an earlier run again: give --resume with it")
    if resume is not None and fresh:
        fail("--resume goes on with an earlier run, --fresh starts a new one: give one of them")
    if resume is not None:
        return LaunchMode.RESUME
    return LaunchMode.NEW if fresh else LaunchMode.ASK
