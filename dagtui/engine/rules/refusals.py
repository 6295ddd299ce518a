"""Refusals: why a command would do nothing, with a hint at one that would."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dagtui.engine.capacity import slots_of_executor
from dagtui.engine.events import MOST_NAMED
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.rules.commands import ADDED_BY_RETRY, COMMANDS, Step, nothing_for, step_for
from dagtui.engine.status import UNSETTLED
from dagtui.engine.walks import cancelled_subtrees_have, subtrees_have
from dagtui.engine.why import answered_words
from dagtui.graph.model import LOCAL
from dagtui.text import label

if TYPE_CHECKING:
    from dagtui.engine.rules.propagation import Propagation
    from dagtui.graph.model import NodeIndex


def refusal(run: Propagation, command: Command, most: int = sys.maxsize) -> str | None:
    """Return why the command would change nothing, or None if it would change something.

    `most` is the number of edges that are followed below the targets. A command on a larger subtree is not refused.
    """
    state = run.state
    kind = command.kind
    if kind is CommandKind.PAUSE:
        return "the run is paused already" if state.paused else None
    if kind is CommandKind.RESUME:
        return None if state.paused else "the run is not paused"
    if kind is CommandKind.SET_JOBS:
        return _jobs_refusal(run, command)
    if kind is CommandKind.RETRY_FAILED:
        return None if next(state.failures(), None) is not None else "nothing has failed"
    if kind is CommandKind.CANCEL_ALL:
        return None if state.unsettled else "everything has finished already"
    if not command.nodes:
        return "it needs at least one node"
    if kind is not CommandKind.RETRY and all(map(state.is_outside, command.nodes)):
        return ADDED_BY_RETRY
    if kind is CommandKind.CANCEL_SUBTREE:
        return _cancel_subtree_refusal(run, command, most)
    if kind is CommandKind.RERUN:
        return _rerun_refusal(run, command, most)
    if kind is CommandKind.ANSWER:
        return _answer_refusal(run, command)
    if kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
        reasons = [_node_refusal(run, kind, node) for node in state.inside(command.nodes)]
        return next((reason for reason in reasons if reason), None)
    reasons = [_node_refusal(run, kind, node) for node in command.nodes]
    return reasons[0] if all(reasons) else None


def refused_targets(run: Propagation, command: Command) -> tuple[tuple[NodeIndex, str], ...]:
    """Return the targets of a command that would not affect them, and why. Whole subtrees are not walked for that."""
    if command.kind is CommandKind.RERUN or command.kind not in COMMANDS:
        return ()
    reasons = ((node, _node_refusal(run, command.kind, node)) for node in command.nodes)
    return tuple((node, reason) for node, reason in reasons if reason is not None)


def _answer_refusal(run: Propagation, command: Command) -> str | None:
    """Return why an answer is refused: the first node that does not ask, or does not take it, says why."""
    if len(command.nodes) > MOST_NAMED:
        return f"an answer is for at most {MOST_NAMED:,} gates at once"
    state = run.state
    for node in state.inside(command.nodes):
        reason, asked, gate = _node_refusal(run, CommandKind.ANSWER, node), state.asked.get(node), run.graph.gate(node)
        if reason is not None and asked is not None and asked.answer is not None:
            return f"{reason}: {answered_words(asked.answer)}; retry it, and it asks again"
        if reason is not None or gate is None:
            return reason
        if command.answer is not None and command.answer.choice not in gate.answers:
            return f"not a choice: {label(command.answer.choice, 100)}; the choices are {', '.join(gate.answers)}"
    return None


def _jobs_refusal(run: Propagation, command: Command) -> str | None:
    if command.jobs < 1:
        return "at least one slot is required; pause the run to stop starting nodes"
    if not command.executor:
        return f"there are {command.jobs} slots already" if command.jobs == run.state.jobs else None
    name = label(command.executor, 100)
    if command.executor not in run.graph.executors:
        return f"no task runs on {name}; the executors are {', '.join((LOCAL, *run.graph.executors))}"
    is_same = command.jobs == slots_of_executor(run.state, command.executor)
    return f"there are {command.jobs} slots on {name} already" if is_same else None


def _cancel_subtree_refusal(run: Propagation, command: Command, most: int) -> str | None:
    state = run.state

    def is_unsettled(node: NodeIndex) -> bool:
        return state.status[node] in UNSETTLED and not state.is_outside(node)

    if state.unsettled and cancelled_subtrees_have(run.graph, command.nodes, is_unsettled, most):
        return None
    if state.unsettled and subtrees_have(run.graph, command.nodes, is_unsettled, most):
        return "what is unsettled in its subtree runs regardless of what is above; cancel that instead"
    return "everything in its subtree has finished already"


def _rerun_refusal(run: Propagation, command: Command, most: int) -> str | None:
    """Return why no node of the subtrees would run again. The reason is about the command's first target."""
    state = run.state

    def runs_again(node: NodeIndex) -> bool:
        return nothing_for(CommandKind.RERUN_ONLY, state, node) is None

    if subtrees_have(run.graph, command.nodes, runs_again, most):
        return None
    return nothing_for(command.kind, state, command.nodes[0])


def _node_refusal(run: Propagation, kind: CommandKind, node: NodeIndex) -> str | None:
    step = step_for(kind, run.state, node)
    if isinstance(step, str):
        return step
    if step is not Step.DECIDE or node not in run.submitted:
        return None
    executor = run.state.executor_of.get(node)
    return f"it is queued on {executor}; cancel it first" if executor else "it is about to start; cancel it first"
