"""Which keys would only say that there is nothing to do: the footer leaves them out, and shows others instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.refusals import refusal
from dagtui.engine.status import NodeStatus
from dagtui.tui.keymap import KEYS, Group

if TYPE_CHECKING:
    from dagtui.session.session import Session

COMMANDS = frozenset(key.id for key in KEYS if key.group in {Group.NODE, Group.RUN})
"""The keys that command the run."""
_ON_NODE = {
    "node.retry": CommandKind.RETRY,
    "node.cancel": CommandKind.CANCEL,
    "node.skip": CommandKind.SKIP,
    "node.mark_done": CommandKind.MARK_DONE,
}
"""The commands whose refusal is known without a walk through the graph."""
_OF_NODES = frozenset({*_ON_NODE, "node.rerun", "node.cancel_subtree"})


def idle_keys(session: Session, node: int | None) -> frozenset[str]:
    """The ids of the keys that would do nothing now, with the cursor on that node; None: on a row that is no node."""
    state = session.state
    counts = state.counts
    idle: set[str] = set()
    if not counts[NodeStatus.FAILED]:
        idle |= {"find.failure", "run.retry_failed"}
    if not session.alive() and (session.settled or state.paused):  # between two short nodes it would only flicker
        idle.add("find.running")
    if session.settled:
        idle.add("node.cancel_subtree")
        if not state.paused:
            idle.add("run.pause")
    if node is None:
        return frozenset(idle | _OF_NODES | {"pane.open"})
    if state.status_of(node) in {NodeStatus.WAITING, NodeStatus.READY}:
        idle.add("node.rerun")
    derivation = session.run.traversal
    idle |= {id_ for id_, kind in _ON_NODE.items() if refusal(derivation, Command(kind, (node,))) is not None}
    return frozenset(idle)
