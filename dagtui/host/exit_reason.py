"""How a screen can end."""

from __future__ import annotations

import enum


class ExitReason(enum.Enum):
    """Why the screen was left: what becomes of the run follows from it."""

    LEFT_SETTLED = "left settled"
    """A person left, and nothing more happens in the run."""
    CANCEL_ALL = "cancelled all"
    """A person cancelled everything and left; at most what can't be killed is still there."""
    DETACHED = "detached"
    """A person, or a signal to the client, gave the terminal back; the run goes on."""
    ELSEWHERE = "attached elsewhere"
    """Another terminal has the screen now."""
    TERMINATED = "terminated"
    """A signal to the process that has the run."""
    LOST = "lost"
    """The terminal has gone."""
    CRASHED = "crashed"
    """The screen itself failed; the run goes on."""
