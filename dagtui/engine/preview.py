"""What a command would do: the exact nodes, before it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.messages import RUN_AGAIN

if TYPE_CHECKING:
    from dagtui.engine.messages import Command


@dataclass(frozen=True, slots=True)
class Preview:
    """The nodes that a command concerns, by what happens to them; every list is in the order of the file."""

    command: Command
    again: tuple[int, ...] = ()
    """Run again: they had begun, or were restarted."""
    stopped: tuple[int, ...] = ()
    """Running, and told to stop."""
    released: tuple[int, ...] = ()
    """Held back, cancelled or skipped so far; they may run now."""
    dropped: tuple[int, ...] = ()
    """Not begun, and they will not be."""
    kept: tuple[int, ...] = ()
    """Completed nodes below the targets that stay as they are."""
    nothing: str | None = None
    """Why the command would do nothing."""
    changed: bool = False
    """What it would stop or run again is no longer what was expected: nothing was done."""

    @property
    def makes_stale(self) -> bool:
        """Whether what is kept becomes stale: something above it runs again."""
        return bool(self.kept) and self.command.kind in RUN_AGAIN

    @property
    def kills_and_reruns(self) -> frozenset[int]:
        """What a confirmed command may not silently exceed: put it into `Command.expected`."""
        return frozenset(self.again) | frozenset(self.stopped)
