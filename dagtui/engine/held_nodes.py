"""Which nodes a person holds: a flag beside the status (rule 14 in `rules`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import CANCELS, CommandKind
from dagtui.engine.status import MARKED, Cause, NodeStatus
from dagtui.engine.transaction import TrackedState

if TYPE_CHECKING:
    from dagtui.engine.events import CommandEvent
    from dagtui.graph.model import NodeIndex

_ENDS_HOLD: dict[int, frozenset[int]] = {
    NodeStatus.RUNNING: frozenset(Cause),
    NodeStatus.COMPLETED: frozenset(Cause),
    NodeStatus.FAILED: frozenset(Cause) - {Cause.LOST},  # a held node has no attempt to be lost but one to be restarted
    NodeStatus.SKIPPED: frozenset({Cause.PERSON}),
}
"""The statuses with which a hold is over, and their causes: the node begins, has ended, or a person says its result."""


class HeldNodes(TrackedState):
    """The part of a run's state that knows which nodes are held."""

    def _change_holds(self, event: CommandEvent) -> None:
        """Hold or release nodes, or end all holds with a cancel of the whole run. Tell the watches which changed."""
        if event.kind is CommandKind.HOLD:
            changed = set(event.nodes) - self.held
            self.held |= changed
        elif event.kind is CommandKind.RELEASE:
            changed = self.held.intersection(event.nodes)
            self.held -= changed
            self.held_before.difference_update(event.nodes)
        else:
            changed, self.held = self.held, set()
            self.held_before |= changed
        for watch in self._watches:
            watch.nodes |= changed

    def _end_hold(self, node: NodeIndex, marks: tuple[int, ...]) -> None:
        """End the hold of a node that begins, has ended, or that a person has decided or cancelled."""
        status, cause = self.status[node], self.cause[node]
        if cause in _ENDS_HOLD.get(status, ()) or (status in MARKED and self._is_cancelled_by_person(marks)):
            self.held.discard(node)

    @property
    def held_when_resumed(self) -> set[NodeIndex]:
        """The held nodes, and those that a cancel of the whole run released and nothing else has happened to since."""
        cancelled = (node for node in self.held_before if self.status[node] == NodeStatus.CANCELLED)
        commands = {node: self.commands.get(self.marks[node][-1]) for node in cancelled}
        return self.held.union(
            node for node, command in commands.items() if command and command.kind is CommandKind.CANCEL_ALL
        )

    def _hold_again(self) -> None:
        """Hold the nodes that are held when the run is resumed."""
        self.held, self.held_before = self.held_when_resumed, set()

    def _is_cancelled_by_person(self, marks: tuple[int, ...]) -> bool:
        """Return whether the newest mark is not one that the run set at its first failure."""
        command = self.commands.get(marks[-1]) if marks else None
        return command is not None and command.kind in CANCELS
