"""A submitted attempt, as the app keeps it from the request to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.execution.local.frames import Message


class SubmittedAttempt:
    """An attempt that was submitted and has not ended."""

    __slots__ = ("argv", "begun", "cwd", "env", "logged", "path", "request", "sequence", "unwanted")

    def __init__(  # what a request is made of, for messages about it
        self, request: Message, sequence: int, path: str, argv: Sequence[str], cwd: str, env: Mapping[str, str]
    ) -> None:
        self.request = request
        self.sequence = sequence
        self.path = path
        self.argv = argv
        self.cwd = cwd
        self.env = env
        self.begun = False
        self.logged = False
        """Whether its log is complete, because it has closed its output."""
        self.unwanted = False
        """Whether it is to be withdrawn if it has not begun."""
