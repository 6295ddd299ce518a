"""Whether a run is a new one or goes on with the last, as the options of a call say it."""

from __future__ import annotations

import enum

from dagtui.cli.saying import fail


class Way(enum.Enum):
    """How a run begins."""

    NEW = "new"
    RESUME = "resume"
    ASK = "ask"
    """Not decided: when the last run did not end well, a person is asked."""


def asked_for(*, resume: bool, fresh: bool) -> Way:
    """The way that the options mean."""
    if resume and fresh:
        fail("--resume goes on with the last run, --fresh starts a new one: give one of them")
    if resume:
        return Way.RESUME
    return Way.NEW if fresh else Way.ASK
