"""Actions that are unavailable for the current selection. The footer leaves them out and shows others instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.rules.refusals import refusal
from dagtui.engine.status import NodeStatus
from dagtui.tui.actions.keymap import KEYS, Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.runs.session import Session

UNFOLD = "this row is not a single node: unfold it"
"""Answer to a key that needs one node, on a row that stands for many nodes or none."""
COMMANDS = frozenset(key.id for key in KEYS if key.group in {Group.NODE, Group.RUN})
"""The actions that command the run."""
_ON_NODE = {
    "node.retry": CommandKind.RETRY,
    "node.cancel": CommandKind.CANCEL,
    "node.skip": CommandKind.SKIP,
    "node.mark_done": CommandKind.MARK_DONE,
}
"""The commands whose refusal is known without a walk through the graph."""
_UNBEGUN = frozenset({NodeStatus.WAITING, NodeStatus.READY})
_UNSETTLED = frozenset(status for status in NodeStatus if not status.settled)
_AMISS = frozenset({NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED, NodeStatus.RETRYING})
_ON_MANY = {
    "node.retry": _AMISS,
    "node.cancel": _UNSETTLED,
    "node.rerun": frozenset(NodeStatus) - _UNBEGUN,
    "node.skip": _UNBEGUN | _AMISS,
    "node.mark_done": _UNBEGUN | _AMISS,
}
"""The statuses that make a command on many nodes worth offering. None is refused because of other nodes."""
_OF_NODES = frozenset({*_ON_NODE, "node.rerun", "node.cancel_subtree", "node.shell"})


def idle_keys(session: Session, node: int | None) -> frozenset[str]:
    """Return the ids of the actions without effect for `node`, or for a row without a node if it is None."""
    idle = _idle_for_run(session)
    if node is None:
        return frozenset(idle | _OF_NODES | {"pane.open", "select.toggle"})
    if session.state.status_of(node) in _UNBEGUN:
        idle.add("node.rerun")
    propagation = session.run.traversal
    idle |= {id_ for id_, kind in _ON_NODE.items() if refusal(propagation, Command(kind, (node,))) is not None}
    return frozenset(idle)


def idle_keys_of_many(session: Session, counts: Sequence[int]) -> frozenset[str]:
    """Return the same for commands on many nodes, given the number of nodes by status."""
    there = {status for status in NodeStatus if counts[status]}
    idle = _idle_for_run(session) | {"pane.open", "node.shell"}
    idle |= {id_ for id_, statuses in _ON_MANY.items() if not there & statuses}
    return frozenset(idle)


def _idle_for_run(session: Session) -> set[str]:
    state = session.state
    idle: set[str] = set()
    if not state.counts[NodeStatus.FAILED]:
        idle |= {"find.failure", "run.retry_failed"}
    if not session.alive() and (session.settled or state.paused):  # between two short nodes, the key would flicker
        idle.add("find.running")
    if session.settled:
        idle.add("node.cancel_subtree")
        if not state.paused:
            idle.add("run.pause")
    return idle
