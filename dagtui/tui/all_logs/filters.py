"""Filters: which lines and statuses all logs show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.engine.status import ALIVE, FAILING, NodeStatus
from dagtui.store.log_queries import ErrorLine

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.model import NodeIndex

ERRORS = ErrorLine()


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is shown. A line is shown if its node has one of the statuses and is one of the nodes."""

    running: bool = False
    failed: bool = False
    errors: bool = False
    """Only lines that look like an error."""
    nodes: Collection[NodeIndex] | None = None
    """None: of all nodes."""
    named: str = ""
    """What the nodes were chosen by, safe to show."""
    asked: str = ""
    """The names that a person typed for that."""

    @property
    def statuses(self) -> frozenset[NodeStatus]:
        """The statuses of the nodes that are shown. Empty: all."""
        return (ALIVE if self.running else frozenset()) | (FAILING if self.failed else frozenset())

    @property
    def is_on(self) -> bool:
        """Whether something is left out."""
        return self != LogFilter()

    @property
    def nothing(self) -> str:
        """Why nothing is shown, in words."""
        if self.errors:
            return "no line looks like an error"
        if self.statuses:
            found = " or ".join(word for word, is_on in (("runs", self.running), ("has failed", self.failed)) if is_on)
            which = "no node" if self.nodes is None else "none of these nodes"
            return f"{which} {found} now" if self.running else f"{which} {found}"
        return "there are no lines"

    @property
    def words(self) -> str:
        """What is shown, in words."""
        some = [word for word, is_on in (("running", self.running), ("failed", self.failed)) if is_on]
        parts = [" + ".join(some), self.named, "what looks like an error" if self.errors else ""]
        return ", ".join(filter(None, parts)) or "everything"
