"""Actions that are unavailable for the current selection. The footer leaves them out and shows others instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.runs.live import LiveRun
from dagtui.tui.actions.keymap import KEYS, Group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.runs.view import RunView

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
_NOT_STARTED = frozenset({NodeStatus.WAITING, NodeStatus.READY})
_UNSETTLED = frozenset(status for status in NodeStatus if not status.settled)
_UNSUCCESSFUL = frozenset({NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED, NodeStatus.RETRYING})
_ON_MANY = {
    "node.retry": _UNSUCCESSFUL,
    "node.cancel": _UNSETTLED,
    "node.rerun": frozenset(NodeStatus) - _NOT_STARTED,
    "node.skip": _NOT_STARTED | _UNSUCCESSFUL,
    "node.mark_done": _NOT_STARTED | _UNSUCCESSFUL,
}
"""The statuses that make a command on many nodes worth offering. None is refused because of other nodes."""
_OF_NODES = frozenset({*_ON_NODE, "node.rerun", "node.cancel_subtree", "node.shell"})


def unavailable_actions(session: RunView, node: int | None) -> frozenset[str]:
    """Return the ids of the actions without effect for `node`, or for a row without a node if it is None."""
    unavailable = _unavailable_for_run(session)
    if node is None:
        return frozenset(unavailable | _OF_NODES | {"pane.open", "select.toggle"})
    if session.state.status_of(node) in _NOT_STARTED:
        unavailable.add("node.rerun")
    unavailable |= {id_ for id_, kind in _ON_NODE.items() if session.refusal(Command(kind, (node,))) is not None}
    return frozenset(unavailable)


def unavailable_for_many(session: RunView, counts: Sequence[int]) -> frozenset[str]:
    """Return the same for commands on many nodes, given the number of nodes by status."""
    there = {status for status in NodeStatus if counts[status]}
    unavailable = _unavailable_for_run(session) | {"pane.open", "node.shell"}
    unavailable |= {id_ for id_, statuses in _ON_MANY.items() if not there & statuses}
    return frozenset(unavailable)


def _unavailable_for_run(session: RunView) -> set[str]:
    state = session.state
    unavailable = set() if isinstance(session, LiveRun) else set(COMMANDS)
    if not state.counts[NodeStatus.FAILED]:
        unavailable |= {"find.failure", "run.retry_failed"}
    if not session.alive() and (session.settled or state.paused):  # between two short nodes, the key would flicker
        unavailable.add("find.running")
    if session.settled:
        unavailable.add("node.cancel_subtree")
        if not state.paused:
            unavailable.add("run.pause")
    return unavailable
