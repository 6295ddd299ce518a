"""Places in logs, and how the page of all logs was left."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.model import NodeIndex
    from dagtui.store.merged_logs import EntryKey
    from dagtui.tui.all_logs.filters import LogFilter


class LogPlace(NamedTuple):
    """A place in the log of an attempt."""

    node: NodeIndex
    attempt: AttemptNumber
    """0: the node has none."""
    offset: int
    """In bytes. It may be beyond the end."""


class AllLogsState(NamedTuple):
    """How the page was left."""

    filter: LogFilter
    cursor: EntryKey | None
    """None: the end was followed."""
    first: EntryKey | None
    """The first one on the screen."""
    shows_times: bool
    folds: bool
