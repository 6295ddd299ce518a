"""Previews: the exact nodes that a command would affect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.messages import RUN_AGAIN

if TYPE_CHECKING:
    from dagtui.engine.messages import Command


@dataclass(frozen=True, slots=True)
class Preview:
    """The nodes that a command affects, by what happens to them. Each tuple is in the order of the file."""

    command: Command
    again: tuple[int, ...] = ()
    """Nodes that run again: they had begun, or were restarted."""
    stopped: tuple[int, ...] = ()
    """Running nodes that are stopped."""
    released: tuple[int, ...] = ()
    """Nodes that were blocked, cancelled or skipped, and may run now."""
    dropped: tuple[int, ...] = ()
    """Nodes that have not begun, and will not run."""
    kept: tuple[int, ...] = ()
    """Completed nodes below the targets that are not affected."""
    begins: tuple[int, ...] = ()
    """Nodes that wait for others, and may start because of the command once what it stops has ended."""
    blocked: tuple[int, ...] = ()
    """Nodes that have not begun, and are settled without running once what it stops has ended."""
    added: tuple[int, ...] = ()
    """Nodes that join the run, and may run now or later."""
    left_out: tuple[tuple[int, str], ...] = ()
    """Targets that the command does not affect although it affects others, each with the reason."""
    nothing: str | None = None
    """Why the command would do nothing, or None."""
    changed: bool = False
    """Whether the nodes to stop or run again differ from the expected ones, so that nothing was done."""

    @property
    def makes_stale(self) -> bool:
        """Whether the kept nodes become stale, because a node above them runs again."""
        return bool(self.kept) and self.command.kind in RUN_AGAIN

    @property
    def kills_and_reruns(self) -> frozenset[int]:
        """The nodes that a confirmed command may stop or run again. Pass them as `Command.expected`."""
        return frozenset(self.again) | frozenset(self.stopped)
