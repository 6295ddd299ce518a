"""Commands: what each does to the state. A preview and its command run the same code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.events import MOST_NAMED, CommandEvent, NodeChange, NodeEvent
from dagtui.engine.followers import run_again
from dagtui.engine.messages import HOLDS, NO_ATTEMPT, RUN_AGAIN, Command, CommandKind, Preview, Stop, Withdraw
from dagtui.engine.previews import classify, foresee
from dagtui.engine.rules.commands import nothing_for
from dagtui.engine.rules.refusals import refusal, refused_targets
from dagtui.engine.service_ends import start_services_again
from dagtui.engine.status import ALIVE, MARKED, UNBEGUN, UNSETTLED, Cause, NodeStatus, ParentOutcome
from dagtui.engine.walks import INDEPENDENT, cancelled_subtrees, reach, subtrees
from dagtui.engine.why import mark_why, root_causes
from dagtui.graph.gates import ANSWER, REJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dagtui.engine.rules.propagation import Propagation
    from dagtui.engine.transaction import Transaction
    from dagtui.graph.model import NodeIndex

_REPEATABLE = frozenset({NodeStatus.FAILED, NodeStatus.RETRYING, NodeStatus.SKIPPED})
_RETRIED_CAUSES = frozenset({Cause.MARKED, Cause.ANSWERED})
"""Causes of done nodes that a retry runs again: no attempt succeeded."""
_BEGINS_AGAIN = frozenset({Cause.RESTART, Cause.WITHDRAWN})
_RUN_WIDE = frozenset({CommandKind.PAUSE, CommandKind.RESUME, CommandKind.SET_JOBS})


def preview(run: Propagation, command: Command) -> Preview:
    """Return what a command would do now, by carrying it out and rolling it back."""
    with run.transaction() as transaction:
        return _try(run, command, transaction)


def carry_out(run: Propagation, command: Command) -> Preview:
    """Carry out a command, unless it does nothing or not what was expected. Return what it did, or would do."""
    with run.transaction() as transaction:
        found = _try(run, command, transaction)
        transaction.kept = found.nothing is None and not found.changed
    if transaction.kept and command.kind in RUN_AGAIN:
        run.must_run.update(found.again, set(found.released).intersection(command.nodes))
    return found


def _try(run: Propagation, command: Command, transaction: Transaction) -> Preview:
    if (reason := refusal(run, command)) is not None:
        return Preview(command, nothing=reason)
    if command.kind in HOLDS:
        from dagtui.engine.holds import hold_or_release  # most runs hold nothing

        return hold_or_release(run, command, refused_targets(run, command))
    below, left_out = _below(run, command), refused_targets(run, command)
    run.emit(_event(run, command, number := run.state.command_number + 1))
    if command.kind in _RUN_WIDE:
        return Preview(command)
    _HANDLERS[command.kind](run, command.nodes, number)
    run.settle()
    if command.kind in RUN_AGAIN:
        run_again(run, transaction.before)
    stop_after_undecidable(run)
    start_services_again(run)
    found = foresee(run, classify(run, command, below, transaction), transaction)
    if run.state.held and command.kind in RUN_AGAIN:
        from dagtui.engine.holds import with_held

        found = with_held(run, found, below)
    changed = command.expected is not None and found.kills_and_reruns != command.expected
    return found._replace(left_out=left_out, changed=changed)


def _event(run: Propagation, command: Command, number: int) -> CommandEvent:
    named, others = command.nodes[:MOST_NAMED], max(0, len(command.nodes) - MOST_NAMED)
    return CommandEvent(
        run.now, number, command.kind, named, command.jobs, command.by, others, command.answer, command.executor
    )


def _below(run: Propagation, command: Command) -> Iterable[NodeIndex]:
    """Return the targets and the nodes below them. For CANCEL_ALL, return all nodes."""
    if command.kind is CommandKind.CANCEL_ALL:
        return run.graph.nodes
    return sorted(subtrees(run.graph, command.nodes or tuple(run.state.failures())))


# Retry and rerun


def _retry(run: Propagation, nodes: Iterable[NodeIndex]) -> None:
    """Run failed, cancelled and skipped nodes again. For a blocked node, run what blocks it again."""
    state = run.state
    targets = _with_causes(run, [node for node in nodes if nothing_for(CommandKind.RETRY, state, node) is None])
    _lift_for(run, targets)
    for node in targets:
        status = state.status[node]
        if status == NodeStatus.CANCELLING:
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.RESTART))
        elif status in _REPEATABLE or state.cause[node] in _RETRIED_CAUSES:
            run.reset(node, bypass=_is_kept_back(run, node))


def _is_kept_back(run: Propagation, node: NodeIndex) -> bool:
    """Return whether it is only a condition that keeps a node from running."""
    if run.conditions is None or run.state.cause[node] != Cause.CONDITION:
        return False
    return run.conditions.keep_back(run.state, node)


def _with_causes(run: Propagation, nodes: Collection[NodeIndex]) -> Collection[NodeIndex]:
    """Return the nodes, with their root causes in place of blocked ones.

    A cause that its own parents would block once it is reset needs their root causes, too.
    """
    state = run.state
    causes = root_causes(state, [node for node in nodes if state.status[node] == NodeStatus.FAILED_PARENT])
    seen = set(causes)
    for cause in causes:
        if run.follows(cause)[0] is NodeStatus.FAILED_PARENT:
            bad = [parent for parent in run.graph.parents(cause) if state.outcome_of(parent) is ParentOutcome.BAD]
            above = [node for node in root_causes(state, bad) if node not in seen]
            seen.update(above)
            causes += above
    return dict.fromkeys([*root_causes(state, nodes), *causes])


def _lift_for(run: Propagation, targets: Iterable[NodeIndex]) -> None:
    """Lift the marks of the commands that marked the targets, from the targets, their ancestors and descendants.

    Marks that the run set because a target failed (rule 7 in `rules`) are lifted from all nodes.
    """
    marked: dict[int, list[NodeIndex]] = {}
    for node in targets:
        for number in run.state.marks.get(node, ()):
            marked.setdefault(number, []).append(node)
    for number, nodes in marked.items():
        around = reach(nodes, run.graph.parents) | reach(nodes, run.graph.children)
        if run.finally_nodes is not None:
            around.update(run.finally_nodes.nodes)
        _lift(run, sorted(around.intersection(run.state.marks)), {number})
    _lift_own(run, targets)


def _lift_own(run: Propagation, nodes: Iterable[NodeIndex]) -> None:
    """Lift the marks that the run set because one of the nodes failed (rule 7 in `rules`), from all nodes."""
    causes = set(nodes)
    commands = run.state.commands.items()
    lift_all(run, {number for number, command in commands if command.kind is None and causes & {*command.nodes}})


def lift_all(run: Propagation, own: set[int]) -> None:
    """Lift the marks of commands that the run gave itself, by their numbers, from all nodes."""
    if run.fail_fast_command in own:
        run.fail_fast_command = 0
        run.no_retry.clear()
    if own:
        _lift(run, list(run.state.marks), own)


def _lift(run: Propagation, nodes: Iterable[NodeIndex], numbers: set[int]) -> None:
    state = run.state
    for node in nodes:
        marks = state.marks.get(node, ())
        left = tuple(mark for mark in marks if mark not in numbers)
        status, cause = state.status_of(node), state.cause_of(node)
        if left == marks or status not in MARKED or node in state.leaving:
            continue
        if left or status is not NodeStatus.CANCELLED:
            if not left and status is NodeStatus.CANCELLING and cause is Cause.CANCEL:
                cause = Cause.RESTART
            run.set(NodeChange(node, status, cause, marks=left))
        else:
            run.reset(node)


def _rerun(run: Propagation, nodes: Collection[NodeIndex]) -> None:
    """Reset nodes to not begun. Running ones are stopped first."""
    state = run.state
    _lift_own(run, nodes)
    for node in nodes:
        status = state.status[node]
        if node in state.leaving:
            continue
        if status == NodeStatus.RUNNING:
            run.stop(node, Cause.RESTART)
        elif status == NodeStatus.CANCELLING:
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.RESTART, marks=()))
        elif status not in UNBEGUN:
            run.reset(node)


# Cancel


def _cancel(run: Propagation, nodes: Iterable[NodeIndex], number: int) -> None:
    """Mark unsettled nodes. Stop running ones, and kill those that a cancel is stopping already."""
    state, own = run.state, (number,)
    why = mark_why(state, number)
    for node in state.inside(dict.fromkeys(nodes)):
        status = state.status[node]
        if status not in UNSETTLED:
            continue
        marks = state.marks.get(node, ()) + own  # in most cases the same tuple object for all nodes
        if _must_be_stopped(run, node):
            run.stop(node, Cause.CANCEL, why if number == state.timed_out else "", marks=marks)
        elif status == NodeStatus.CANCELLING and state.cause[node] == Cause.CANCEL:
            twice = "cancelled twice, is being killed"
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.CANCEL, twice, marks=marks))
            run.effects.append(Stop(node, state.attempt[node], 0.0))
        elif status == NodeStatus.CANCELLING:
            run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.CANCEL, marks=marks))
        else:
            run.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL, why, marks=marks))


def _cancel_all(run: Propagation, _nodes: Iterable[NodeIndex], number: int) -> None:
    if not run.state.is_finally:
        _cancel(run, run.graph.nodes, number)
        return
    from dagtui.engine.finally_nodes import cancelled_with_all, may_run

    cancelled = cancelled_with_all(run.state, number)
    _cancel(run, cancelled, number)
    if run.state.paused and may_run(run.state, cancelled):
        run.emit(CommandEvent(run.now, number + 1, CommandKind.RESUME, by="cancel all"))


def _must_be_stopped(run: Propagation, node: NodeIndex) -> bool:
    """Return whether the executor must stop an attempt: it runs, or is submitted and was at most withdrawn."""
    status = run.state.status[node]
    if status == NodeStatus.CANCELLING:
        return node not in run.stop_deadline
    return status == NodeStatus.RUNNING or (status in UNBEGUN and node in run.submitted)


def stop_after_failure(run: Propagation, node: NodeIndex) -> None:
    """Start no more nodes after the first final failure (rule 7 in `rules`).

    That of a finally node stops nothing: all others have ended, or were woken, and then it runs again after them.
    """
    state = run.state
    if run.graph.settings.keep_going or state.allows_failure(node) or run.fail_fast_command:
        return
    if state.is_finally and state.is_finally[node]:
        return
    run.fail_fast_command = state.command_number + 1
    run.settle()  # nodes blocked by the failure itself become FAILED_PARENT, not CANCELLED
    run.emit(CommandEvent(run.now, run.fail_fast_command, None, (node,), by="keep_going = false"))
    mark_after_failure(run, run.fail_fast_command)


def stop_after_undecidable(run: Propagation) -> None:
    """Start no more nodes after a condition failed a node. Called at the end of a turn or command."""
    while run.undecidable:
        failed, run.undecidable = run.undecidable, []
        for node in failed:
            if run.state.status[node] == NodeStatus.FAILED:
                stop_after_failure(run, node)
        run.settle()


def mark_after_failure(run: Propagation, number: int) -> None:
    """Mark nodes that have not begun, and settle RETRYING ones, but let independent nodes run (rule 7 in `rules`)."""
    state = run.state
    not_begun = mark_why(state, number)
    for node in state.inside(run.graph.nodes):
        status = state.status[node]
        if state.is_finally and state.is_finally[node]:
            continue
        if status == NodeStatus.RETRYING:
            why, value = state.why.get(node, ""), state.value[node]
            run.set(NodeChange(node, NodeStatus.FAILED, state.cause_of(node), why, value=value))
            continue
        if status in ALIVE:
            run.no_retry.add(node)
        if run.graph.task(node).trigger not in INDEPENDENT:
            prevent_start(run, node, number, not_begun)


def prevent_start(run: Propagation, node: NodeIndex, number: int, why: str) -> None:
    """Mark a node that has not begun, or is about to restart. If its attempt has begun by now, it finishes."""
    state = run.state
    status = state.status[node]
    marks = (*state.marks.get(node, ()), number)
    if status in UNBEGUN and node in run.submitted:
        run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.CANCEL, marks=marks))
        run.effects.append(Withdraw(node, state.attempt[node]))
    elif status in UNBEGUN:
        run.set(NodeChange(node, NodeStatus.CANCELLED, Cause.CANCEL, why, marks=marks))
    elif status == NodeStatus.CANCELLING and state.cause[node] in _BEGINS_AGAIN:
        run.set(NodeChange(node, NodeStatus.CANCELLING, Cause.CANCEL, marks=marks))


# Skip and mark done


def _decide(run: Propagation, nodes: Collection[NodeIndex], status: NodeStatus, cause: Cause) -> None:
    _lift_own(run, nodes)
    for node in run.state.inside(nodes):
        run.set(NodeChange(node, status, cause, marks=()))
        if run.conditions is not None:  # a condition may read the status, even if it counts as it did for the trigger
            run.state.dirty.extend(run.graph.children(node))


def _answer(run: Propagation, nodes: Iterable[NodeIndex], _number: int) -> None:
    """Settle gates by the answer that the command's event has given them."""
    rejected: list[NodeIndex] = []
    for node in run.state.inside(nodes):
        gate, asked = run.graph.gate(node), run.state.asked.get(node)
        if gate is None or asked is None or asked.answer is None:
            continue
        choice, user, _ = asked.answer
        status, cause, why = NodeStatus.COMPLETED, Cause.ANSWERED, f"{user} answered {choice}"
        if choice == REJECT and not gate.choices:
            status, cause, why = NodeStatus.FAILED, Cause.REJECTED, f"rejected by {user}"
            rejected.append(node)
        run.set(NodeChange(node, status, cause, why, outputs={ANSWER: choice}))
    for node in rejected:  # only now: the first failure may cancel what asks
        stop_after_failure(run, node)


def _retry_each(run: Propagation, nodes: Collection[NodeIndex], _number: int) -> None:
    state = run.state
    causes: Collection[NodeIndex] = ()
    if run.finally_nodes is not None:  # they wait again if others join, and no longer show what kept them from running
        causes = _with_causes(run, [node for node in nodes if state.status[node] == NodeStatus.FAILED_PARENT])
    kept_back = [node for node in (*nodes, *causes) if state.cause[node] == Cause.CONDITION]
    for node in nodes:
        if state.is_outside(node):  # the command's event names only the first targets, and selects those
            run.emit(NodeEvent(run.now, node, NO_ATTEMPT, NodeStatus.WAITING))
    run.settle()  # what blocks a node that has just joined is retried, too
    waiting = [node for node in kept_back if state.status[node] in UNBEGUN]
    _retry(run, [*nodes, *causes])
    _lift_own(run, waiting)
    for node in waiting:
        run.reset(node, bypass=True)


_HANDLERS: dict[CommandKind, Callable[[Propagation, tuple[NodeIndex, ...], int], None]] = {
    CommandKind.RETRY: _retry_each,
    CommandKind.RETRY_FAILED: lambda run, _nodes, _number: _retry(run, list(run.state.failures())),
    CommandKind.RERUN: lambda run, nodes, _number: _rerun(run, sorted(subtrees(run.graph, nodes))),
    CommandKind.RERUN_ONLY: lambda run, nodes, _number: _rerun(run, nodes),
    CommandKind.CANCEL: _cancel,
    CommandKind.CANCEL_SUBTREE: lambda run, nodes, number: _cancel(
        run, sorted(cancelled_subtrees(run.graph, nodes)), number
    ),
    CommandKind.CANCEL_ALL: _cancel_all,
    CommandKind.SKIP: lambda run, nodes, _number: _decide(run, nodes, NodeStatus.SKIPPED, Cause.PERSON),
    CommandKind.ANSWER: _answer,
    CommandKind.MARK_DONE: lambda run, nodes, _number: _decide(run, nodes, NodeStatus.COMPLETED, Cause.MARKED),
}
