"""Reasons in rows: in a word or two, why a node has its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.status import ALIVE, EXPLAINED, Cause, NodeStatus
from dagtui.engine.why import root_cause, short_reason, why
from dagtui.text import fit, label
from dagtui.text.amounts import CellWidth
from dagtui.text.shortening import ending, shortened
from dagtui.text.widths import cell_width
from dagtui.tui.lines.rows import Role
from dagtui.tui.lines.theme import STATUS_CLASSES

if TYPE_CHECKING:
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look
    from dagtui.tui.graph.row_names import RowNames

_S = NodeStatus
_LEAST_NAME = 8
"""The least cells in which a name stands after other words. In fewer, its end stands alone."""


_SHORT = 12
"""Words of at most this width in cells keep their end as well, such as an exit code."""


class ShortReason(NamedTuple):
    """Words about a status, with the name of another node in them. They are cut to what is free in a row."""

    words: str
    role: str
    name: str = ""
    """The name of the node at the end of the words."""
    more: str = ""
    """Words after it, which are left out first."""

    @property
    def width(self) -> CellWidth:
        """The cells of all of it."""
        return cell_width(self.words + self.name + self.more)

    def fitted(self, room: CellWidth, look: Look) -> str:
        """Return it in at most `room` cells. The name keeps its end."""
        text = self.words + self.name + self.more
        if cell_width(text) <= room:
            return text
        rest = CellWidth(room - cell_width(self.words))
        if not self.name:
            return shortened(text, room, look) if cell_width(text) <= _SHORT else fit(text, room, look)
        return self.words + shortened(self.name, rest, look) if rest >= _LEAST_NAME else ending(self.name, room, look)


class Reasons:
    """The reasons of a run's nodes."""

    def __init__(self, state: RunState, names: RowNames) -> None:
        self._state = state
        self._names = names

    def of(self, node: NodeIndex) -> ShortReason | None:
        """Return why a node has its status, or None if the status says it."""
        state = self._state
        status = state.status_of(node)
        role = self.role(node)
        if status in EXPLAINED:
            words = label(short_reason(state.why.get(node, "")))
            return ShortReason(words, role) if words else None
        if status is _S.FAILED_PARENT:
            return ShortReason("by ", role, self._names.of_node(root_cause(state, node)))
        if state.cause[node] == Cause.ASKS:
            return ShortReason("asks", role)
        if state.any_remote and (found := self._elsewhere(node)):
            return found
        if status is _S.WAITING and state.is_finally and state.is_finally[node]:
            return ShortReason("finally", role)
        if status is _S.READY and (state.paused or state.held_up):
            return ShortReason("paused" if state.paused else "held up", role)
        return None

    def _elsewhere(self, node: NodeIndex) -> ShortReason | None:
        """Return on which machine an attempt runs, or in whose queue it waits and what its engine says of that."""
        state = self._state
        if node in state.queued_since:
            executor, why = label(state.executor_of[node]), state.why.get(node, "")
            job, _, reason = why.partition(": ")
            why = reason if reason and job.startswith("job ") else why  # in few cells, the reason says more
            return ShortReason(f"on {executor}", Role.MUTED, more=f": {label(why)}" if why != _S.READY.word else "")
        if node in state.doubts:
            return ShortReason("in doubt", STATUS_CLASSES[_S.RETRYING], more=f": {label(state.doubts[node])}")
        where = state.where.get(node, "").partition(", ")[0] if state.status_of(node) in ALIVE else ""
        return ShortReason(f"on {label(where)}", Role.MUTED) if where else None

    def blocked(self, node: NodeIndex, role: str, clock: ClockTime) -> ShortReason:
        """Return what blocks a node, and how that ended."""
        root = root_cause(self._state, node)
        is_known = self._state.status_of(root) is not _S.FAILED_PARENT
        more = f" ({label(why(self._state, root, clock))})" if is_known else ""
        return ShortReason("blocked by ", role, self._names.of_node(root), more)

    def role(self, node: NodeIndex) -> str:
        """Return the role of words about a node's status. What waits for a person stands out."""
        is_asking = self._state.cause[node] == Cause.ASKS
        return STATUS_CLASSES[_S.RETRYING if is_asking else self._state.status_of(node)]
