"""Reasons for which a screen ends."""

from __future__ import annotations

import enum


class ExitReason(enum.Enum):
    """Why the screen was left, which decides what becomes of the run."""

    LEFT_SETTLED = "left settled"
    """The user left, and nothing more happens in the run."""
    CANCEL_ALL = "cancelled all"
    """The user cancelled everything and left. At most what can't be killed is still there."""
    DETACHED = "detached"
    """The user, or a signal to the client, gave the terminal back. The run continues."""
    ELSEWHERE = "attached elsewhere"
    """Another terminal has the screen now."""
    TERMINATED = "terminated"
    """A signal to the process that has the run."""
    LOST = "lost"
    """The terminal is gone."""
    CRASHED = "crashed"
    """The screen itself failed. The run continues."""
