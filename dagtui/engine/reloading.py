"""Reload: a run goes on with another graph. What it knows of its nodes crosses over by their labels.

A reload is done between two turns, when nothing is submitted that has not begun, but for what keeps its place in the
queue of an executor on other machines. What has begun goes on, so its node must be part of the new graph, too, if only
as a *leftover* (`graph.leftovers`).
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from dagtui.engine.control import lift_all, prevent_start
from dagtui.engine.events import NodeChange, RunEvent
from dagtui.engine.followers import run_again
from dagtui.engine.messages import NO_SLOTS, SetSlots
from dagtui.engine.reload_event import RELOADED, LabelGroup, Reload
from dagtui.engine.service_ends import start_services_again
from dagtui.engine.state import RunState
from dagtui.engine.status import ALIVE, PARENT_OUTCOMES, Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.walks import INDEPENDENT, subtrees
from dagtui.engine.why import mark_why
from dagtui.graph.model import NO_NODE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.renumbering import Renumbering
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

_OTHERS = frozenset({"commands", "counts", "finally_unsettled", "outside", "outcome", "ok", "bad", "skip"})
"""Columns that follow from others, or whose keys are numbers of commands."""
_BY_NAME = frozenset({"taken_on", "queued_on", "slots_on", "silent"})
"""Columns whose keys are the names of executors."""


def carried_state(old: RunState, graph: Graph, renumbering: Renumbering) -> RunState:
    """Return the state of a run for another graph: what replaying its events for that graph would give.

    Its counts are those of all nodes, until the event of the reload says which are part of the run.
    """
    state = RunState(graph, old.jobs)
    for name, column in vars(old.copy_columns()).items():
        if name not in _OTHERS:
            carried = column if name in _BY_NAME else _carried(column, getattr(state, name), renumbering)
            setattr(state, name, carried)
    number_of = renumbering.number_of
    numbers = [*number_of, NO_NODE]  # no blocker is at the position -1
    for node, blocker in enumerate(state.blocker):
        state.blocker[node] = numbers[blocker]
    state.commands = {
        number: command._replace(nodes=tuple(number_of[node] for node in command.nodes if number_of[node] >= 0))
        for number, command in old.commands.items()
    }
    if not graph.any_gates:
        state.asked.clear()
    _tally(state)
    return state


def _carried(old: object, fresh: object, renumbering: Renumbering) -> object:
    """Return a column with the new numbers. Nodes that are new have what a fresh state has."""
    if isinstance(old, bytearray) and isinstance(fresh, bytearray):
        old += fresh[:1]  # what a new node has: it is found at the position -1
        fresh[:] = bytes(map(old.__getitem__, renumbering.old_of))
        return fresh
    if isinstance(old, array) and isinstance(fresh, array):
        old += fresh[:1]
        fresh[:] = array(fresh.typecode, map(old.__getitem__, renumbering.old_of))
        return fresh
    if isinstance(old, dict):
        return renumbering.keys(old)
    if isinstance(old, frozenset):
        return frozenset(renumbering.nodes(old))
    return renumbering.nodes(old) if isinstance(old, set) else old


def _tally(state: RunState) -> None:
    """Compute the outcomes of nodes, and the tallies of their children, from statuses and causes."""
    graph, tallies = state.graph, (None, state.ok, state.bad, state.skip)
    for node in graph.nodes:
        allowed = state.allows_failure(node)
        outcome = state.outcome[node] = PARENT_OUTCOMES[allowed][state.status[node]][state.cause[node]]
        tally = tallies[outcome]
        if tally is not None:
            for child in graph.children(node):
                tally[child] += 1


def withdraw_rest(run: Traversal, staying: Container[NodeIndex]) -> None:
    """Submit nothing more, and withdraw what was submitted and has not begun, but for what stays."""
    run.submits = False
    run.withdraw(not_staying(run, staying))


def not_staying(run: Traversal, staying: Container[NodeIndex]) -> list[NodeIndex]:
    """Return the nodes that are submitted and have not begun, without those in `staying` that are in a queue."""
    state = run.state
    return [
        node
        for node in run.submitted
        if node not in staying or (state.status[node], state.cause[node]) != (NodeStatus.READY, Cause.QUEUED)
    ]


def carried_traversal(
    old: Traversal, graph: Graph, weights: Sequence[float] | None, renumbering: Renumbering
) -> Traversal:
    """Return a traversal of another graph that goes on where one stopped. What is submitted stays so.

    The caller sets what it had set for the old one: conditions, questions.
    """
    state = carried_state(old.state, graph, renumbering)
    run = Traversal(graph, state.jobs, weights, state=state)
    run.now, run.mask = old.now, old.mask
    run.unkillable, run.no_retry = renumbering.nodes(old.unkillable), renumbering.nodes(old.no_retry)
    run.restarted, run.must_run = renumbering.nodes(old.restarted), renumbering.nodes(old.must_run)
    run.stop_deadline = renumbering.keys(old.stop_deadline)
    run.fail_fast_command = old.fail_fast_command
    numbers, there = {pool.name: number for number, pool in enumerate(graph.pools)}, run.capacity.executors
    pools = {old_number: numbers[pool.name] for old_number, pool in enumerate(old.graph.pools) if pool.name in numbers}
    pools |= {pool: there[name] for name, pool in old.capacity.executors.items() if name in there}
    run.capacity.carry(old.capacity, renumbering.number_of, pools)
    run.carry(old, renumbering)
    return run


class Changes(NamedTuple):
    """How the graph of a run differs from the one before, in the numbers of the new one, but for what is gone."""

    changed: Mapping[NodeIndex, tuple[str, ...]]
    """Nodes whose definition differs, and the parts of it."""
    added: Mapping[NodeIndex, AttemptNumber]
    """Nodes that join, each with the last attempt of a node of that name that the run had before, or 0."""
    removed: Sequence[str]
    leaving: Sequence[NodeIndex]
    """Leftovers: nodes that the file no longer has, whose attempts go on."""


def reload(
    run: Traversal, changes: Changes, now: ClockTime, why: str, jobs: int, targets: tuple[NodeIndex, ...] | None
) -> None:
    """Take up the new graph in a carried traversal. `targets` are part of the run with their ancestors; None: all."""
    run.now = now
    state, labels = run.state, run.graph.labels
    origins = [node for node in changes.changed if has_run(state, node)]
    below = subtrees(run.graph, origins)
    superseded = [node for node in below if state.status[node] in ALIVE and node not in changes.leaving]
    recorded = Reload(
        len(run.graph) - len(changes.changed) - len(changes.added) - len(changes.leaving),
        LabelGroup.of([labels[node] for node in changes.changed]),
        LabelGroup.of([labels[node] for node in changes.added]),
        LabelGroup.of(changes.removed),
        tuple((labels[node], state.attempt[node]) for node in sorted(superseded)),
        tuple(labels[node] for node in changes.leaving),
        round(state.parked_until(now), 3),
        round(state.limit_from, 3),
        tuple(labels[node] for node in sorted(state.held.difference(changes.leaving))),
    )
    run.emit(RunEvent(now, RELOADED, why, jobs, targets=targets, reload=recorded))
    for node in state.inside(changes.added):  # a node of that name may have been there, and is on record
        run.set(NodeChange(node, NodeStatus.WAITING, attempt=changes.added[node], fresh=True))
    before = state.copy_columns()
    run.outdate(superseded)
    for node in sorted(below):
        if becomes_stale(state, node):
            cause, text = state.cause_of(node), state.why.get(node, "")
            run.set(NodeChange(node, NodeStatus.COMPLETED, cause, text, stale=True))
    for node in changes.changed:
        if state.status[node] == NodeStatus.READY and state.cause[node] == Cause.ASKS:
            run.set(NodeChange(node, NodeStatus.READY))  # its question is put anew
    # What a failure stopped goes on if the file no longer has the node that failed.
    lift_all(run, {number for number, command in state.commands.items() if command.kind is None and not command.nodes})
    _keep_from_starting(run, changes.added)
    for node in run.graph.order:
        run.propagate_anew(node)
    run.settle()
    run_again(run, before)
    start_services_again(run)
    for node in state.nodes_with(NodeStatus.READY):
        run.line_up(node)
    run.effects.append(SetSlots(NO_SLOTS if state.paused else state.jobs))
    run.handle_results((), now)


def has_run(state: RunState, node: NodeIndex) -> bool:
    """Return whether a node has a result of its definition, or an attempt that executes it."""
    return state.status[node] in ALIVE or _is_done(state, node)


def becomes_stale(state: RunState, node: NodeIndex) -> bool:
    """Return whether a node becomes stale that is changed, or below one that is changed and has run."""
    return _is_done(state, node) and not state.stale[node]


def _is_done(state: RunState, node: NodeIndex) -> bool:
    return state.status[node] == NodeStatus.COMPLETED and state.cause[node] != Cause.MARKED


def _keep_from_starting(run: Traversal, nodes: Iterable[NodeIndex]) -> None:
    """Mark nodes that join the graph after the first failure, as the failure has marked others (rule 7 in `rules`)."""
    number, state = run.fail_fast_command, run.state
    for node in state.inside(nodes) if number else ():
        if run.graph.task(node).trigger not in INDEPENDENT and not (state.is_finally and state.is_finally[node]):
            prevent_start(run, node, number, mark_why(state, number))
