"""Services: tasks that others need running, not done."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds


class ReadyBy(enum.Enum):
    """What tells that a service is ready. The values are the words in the file."""

    PORT = "port"
    """A TCP port of this machine accepts connections."""
    COMMAND = "run"
    """A command succeeds."""
    LOG = "log"
    """A text appears in the log."""


@dataclass(frozen=True, slots=True)
class Service:
    """The `service` of a task."""

    by: ReadyBy
    what: str
    """The port with or without a host, the command, or the text."""
    timeout: Seconds = 60.0
    """Seconds from the start of an attempt within which it must be ready."""

    @property
    def words(self) -> str:
        """The readiness as the file has it."""
        return f"{self.by.value} {self.what}"
