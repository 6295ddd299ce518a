"""How a screen can end."""

from __future__ import annotations

import enum


class Leaving(enum.Enum):
    """Why the screen was left: what the command line does with the run follows from it."""

    LEFT_SETTLED = "left settled"
    """A person left, and nothing more happens in the run."""
    CANCEL_ALL = "cancelled all"
    """A person cancelled everything and left; at most what can't be killed is still there."""
    TERMINATED = "terminated"
    """A signal: its number is in the App's `signal_number`."""
    LOST = "lost"
    """The terminal has gone."""
    CRASHED = "crashed"
    """The screen itself failed; the run goes on."""
