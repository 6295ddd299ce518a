"""Contact: who does not answer now, Slurm or the disk that both sides see."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.execution.remote.executor import RemoteExecutor
    from dagtui.text.amounts import Seconds


class Party(enum.Enum):
    """Who answers, or does not."""

    SLURM = "Slurm"
    SPOOL = "spool"


class Contact:
    """Tells that an executor is silent while at least one party is."""

    def __init__(self, executor: RemoteExecutor) -> None:
        self._executor = executor
        self._why: dict[Party, str] = {}

    def lose(self, party: Party, why: str, ago: Seconds = 0.0) -> None:
        """Note that a party does not answer, and for how long already."""
        self._why[party] = why
        self._executor.silent(next(iter(self._why.values())), ago)

    def keep(self, party: Party) -> None:
        """Note that a party answers."""
        self._why.pop(party, None)
        if not self._why:
            self._executor.heard()

    @property
    def is_slurm_silent(self) -> bool:
        """Whether Slurm does not answer."""
        return Party.SLURM in self._why
