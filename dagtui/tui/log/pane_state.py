"""State of a log pane, for another pane of the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.engine.messages import AttemptNumber
    from dagtui.tui.log.document import Spot


@dataclass(frozen=True, slots=True)
class LogPaneState:
    """How a log is shown and its position, for another pane of the same run."""

    label: str
    """The node's. Empty: none is shown. The numbers of nodes change with a reload."""
    attempt: AttemptNumber | None
    """None: the latest one."""
    wraps: bool
    times: bool
    numbers: bool
    top: Spot | None
    """None: it follows the end."""
    line: int
    """The cursor's."""
