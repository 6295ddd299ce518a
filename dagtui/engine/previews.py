"""Previews: the nodes that a command affects, by what happens to them, found while its transaction is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import NodeChange
from dagtui.engine.messages import RUN_AGAIN, Command, CommandKind, Preview, Stop
from dagtui.engine.status import SETTLED, UNBEGUN, UNSETTLED, Cause, NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.transaction import Transaction
    from dagtui.graph.model import NodeIndex

_BEGINS = NodeStatus.WAITING, NodeStatus.READY


def classify(run: Propagation, command: Command, below: Iterable[NodeIndex], transaction: Transaction) -> Preview:
    """Return what became of each node that a command changed. `below` are its targets and the nodes below them."""
    state, before, changed = run.state, transaction.before, transaction.watch.nodes
    added: list[NodeIndex] = []
    again: list[NodeIndex] = []
    released: list[NodeIndex] = []
    dropped: list[NodeIndex] = []
    answered = frozenset(command.nodes if command.kind is CommandKind.ANSWER else ())
    for node in sorted(changed - answered):
        old, new = before.status[node], state.status[node]
        if not before.selected[node] and new in UNSETTLED:
            added.append(node)
        elif new == NodeStatus.CANCELLING and state.cause[node] == Cause.RESTART:
            if (old, before.cause[node]) != (NodeStatus.CANCELLING, Cause.RESTART):
                again.append(node)
        elif new in UNBEGUN and old not in UNBEGUN:
            was_done = state.attempt[node] or before.cause[node] == Cause.UP_TO_DATE
            (again if was_done else released).append(node)
        elif new in SETTLED and (old in UNSETTLED or (old == NodeStatus.COMPLETED != new)):
            dropped.append(node)
    stopped = {effect.node for effect in run.effects if isinstance(effect, Stop)}
    return Preview(
        command,
        tuple(again),
        tuple(sorted(stopped)),
        tuple(released),
        tuple(dropped),
        tuple(node for node in below if state.status[node] == NodeStatus.COMPLETED and node not in changed),
        added=tuple(added),
    )


def foresee(run: Propagation, found: Preview, transaction: Transaction) -> Preview:
    """Add which nodes begin, and which no longer can, once what the command stops has ended."""
    state, before, changed = run.state, transaction.before.status, transaction.watch.nodes
    if found.command.kind in RUN_AGAIN:
        targets = changed.intersection(found.command.nodes)
        blocked = sorted(node for node in targets if state.status[node] == NodeStatus.FAILED_PARENT != before[node])
        return found._replace(blocked=tuple(blocked)) if blocked else found
    with run.transaction() as ends:
        for node in found.stopped:
            run.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL))
        run.settle()
        unbegun = [node for node in sorted(changed | ends.watch.nodes) if before[node] in UNBEGUN]
        begins = [node for node in unbegun if (before[node], state.status[node]) == _BEGINS]
        settled = {node for node in unbegun if state.status[node] in SETTLED}
    blocked = sorted(settled.difference(found.dropped, found.command.nodes, found.stopped))
    return found._replace(begins=tuple(begins), blocked=tuple(blocked))
