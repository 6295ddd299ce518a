"""Where a node's attempts execute: its directory and its variables, for a person who wants to look around there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TERMINAL = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "STY", "WINDOW"),
    *("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"),
)
"""The variables that say something about a terminal: those of the run's start may tell of one that is long gone."""


class NoNodeEnvironmentError(Exception):
    """A node's directory or variables can't be had; the text is one line, safe to show, and says why."""


@dataclass(frozen=True, slots=True)
class NodeEnvironment:
    """What the next attempt of a node would find, secrets included: it is shown and recorded nowhere."""

    attempt: int
    """The number of that attempt."""
    cwd: str
    """Absolute."""
    environment: Mapping[str, str]
    """All variables, but those about a terminal only where the task itself sets them."""


def variables_on_terminal(environment: Mapping[str, str], own: Mapping[str, str] = os.environ) -> dict[str, str]:
    """A node's variables for a program on this process's terminal, of which `own` tells."""
    return {name: own[name] for name in TERMINAL if name in own} | dict(environment)
