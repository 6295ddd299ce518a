"""What the traversal wants done outside: requests to the executor."""

from __future__ import annotations

from typing import NamedTuple


class Start(NamedTuple):
    """Hand over an attempt."""

    node: int
    attempt: int
    slots: int


class Stop(NamedTuple):
    """TERM, and KILL after `grace` seconds."""

    node: int
    attempt: int
    grace: float


class Withdraw(NamedTuple):
    """Take back an attempt that has not begun."""

    node: int
    attempt: int


class SetSlots(NamedTuple):
    """Allow that many slots from now on."""

    slots: int


Effect = Start | Stop | Withdraw | SetSlots
