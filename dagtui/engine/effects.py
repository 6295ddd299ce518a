"""Effects of the traversal: requests to the executor."""

from __future__ import annotations

from typing import NamedTuple


class Start(NamedTuple):
    """Submit an attempt."""

    node: int
    attempt: int
    slots: int


class Stop(NamedTuple):
    """Send TERM to an attempt, and KILL after `grace` seconds."""

    node: int
    attempt: int
    grace: float


class Withdraw(NamedTuple):
    """Withdraw an attempt that has not begun."""

    node: int
    attempt: int


class SetSlots(NamedTuple):
    """Allow this many slots from now on."""

    slots: int


Effect = Start | Stop | Withdraw | SetSlots
