"""Followers: nodes that run because of how their parents ended (rule 9 in `rules`).

A *follower* is a node that may run although a parent did not complete: its trigger allows it, a parent's failure is
allowed, or its command uses a parent's status or an output. A node that uses an output of an ancestor follows that
node, too. When a command restarts a parent that had failed, or had been blocked,
cancelled or skipped, a follower that succeeded after it runs again with the command.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import SETTLED, UNSETTLED, Cause, NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.columns import Columns
    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex

BROKE_OFF = "lost: the run broke off while it was running"
"""Why a node failed whose attempt was in flight, and had not ended, when its run broke off."""

ENDS_ALONE = "ends, because no process had the run"
"""Why an attempt is stopped whose executor ends what it has when no process has the run. It may have ended before."""


def run_again(run: Propagation, before: Columns) -> set[NodeIndex]:
    """Reset the followers of the nodes that a command restarts, and their followers in turn. Return all of them.

    `before` is the state before the command. The nodes that the command changed must have been propagated.
    """
    followers = run.followers
    found: set[NodeIndex] = set()
    if not followers:
        return found
    looked_at: set[NodeIndex] = set()
    position = 0
    while position < len(run.events):  # the list grows with each follower
        event = run.events[position]
        position += 1
        if not isinstance(event, NodeEvent) or event.node in looked_at:
            continue
        looked_at.add(event.node)
        if not _end_changes(run.state, before, event.node):
            continue
        for child in chain(run.graph.children(event.node), run.readers.get(event.node, ())):
            if followers[child] and _counts_as_done(run.state, child):
                found.add(child)
                run.reset(child)
                run.settle()
    return found


def _counts_as_done(state: RunState, node: NodeIndex) -> bool:
    """Return whether a node ran and counts as ok for its children. A node that a person marked done did not run."""
    status = state.status[node]
    if status == NodeStatus.COMPLETED:
        return state.cause[node] != Cause.MARKED
    return status == NodeStatus.FAILED and state.allows_failure(node) and state.cause[node] != Cause.CONDITION


def _end_changes(state: RunState, before: Columns, node: NodeIndex) -> bool:
    """Return whether a node had ended, and its end is now different or is expected to be.

    A completed node is expected to complete again, unless a person's answer completed it, and a node skipped by its
    parents to be skipped again.
    """
    old, new = before.status[node], state.status[node]
    if old in UNSETTLED or before.why.get(node) == BROKE_OFF:
        return False
    if new in SETTLED:
        return old != new
    if old == NodeStatus.SKIPPED:
        return before.cause[node] == Cause.PERSON
    return old != NodeStatus.COMPLETED or before.cause[node] == Cause.ANSWERED
