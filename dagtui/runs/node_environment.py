"""Working directory and environment variables of a node's attempts, for a shell opened there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.messages import AttemptNumber

TERMINAL = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "STY", "WINDOW"),
    *("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
)
"""Variables that describe a terminal. Their values at the run's start may describe a terminal that no longer exists."""


class NoNodeEnvironmentError(Exception):
    """A node's directory or variables are not available. The text is one line, safe to show, and gives the reason."""


class NodeEnvironment(NamedTuple):
    """The environment of a node's next attempt, secrets included. It is never shown or recorded."""

    attempt: AttemptNumber
    """The number of that attempt."""
    cwd: str
    """An absolute path."""
    environment: Mapping[str, str]
    """All variables. Those about a terminal are included only if the task itself sets them."""


class ShellElsewhere(NamedTuple):
    """What opens a shell on the machine where a node runs, or would run."""

    attempt: AttemptNumber
    cwd: str
    """The directory there."""
    executor: str
    """The name of the executor."""
    command: tuple[str, ...]
    """The command, for a terminal of this machine. It holds no secret."""


def variables_on_terminal(environment: Mapping[str, str]) -> dict[str, str]:
    """Return a node's variables for a program on this process's terminal, which its own variables describe."""
    return {name: os.environ[name] for name in TERMINAL if name in os.environ} | dict(environment)
