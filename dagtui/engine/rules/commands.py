"""The table of commands: what a command does to a target, by the target's status and cause, or why it does nothing."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from dagtui.engine.messages import HOLDS, RUN_AGAIN, CommandKind
from dagtui.engine.status import PROPAGATED, SETTLED, Cause, NodeStatus

if TYPE_CHECKING:
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex


class Step(enum.Enum):
    """What a command does to a target."""

    RESET = "reset"
    """It has not begun: no marks, a fresh budget of retries, and the status that its parents give."""
    RESET_CAUSES = "reset causes"
    """What blocks it is reset."""
    RESTART = "restart"
    """It is stopped, unless it is stopping already, and reset once its attempt has ended."""
    MARK = "mark"
    """It is cancelled by a mark of the command, and does not begin. A submitted attempt is stopped."""
    STOP = "stop"
    """It is stopped, or killed if a cancel is stopping it already, and cancelled once its attempt has ended."""
    DECIDE = "decide"
    """It gets the status that the person says. A submitted attempt forbids it."""
    ANSWER = "answer"
    """It completes with the answer, or fails if it is rejected."""
    SELECT = "select"
    """It joins the run with its ancestors. What then blocks it is reset."""
    HOLD = "hold"
    """It begins no attempt until it is released. A submitted attempt is withdrawn."""
    RELEASE = "release"
    """It begins as any other node."""


_NOT_YET_RUN = "it has not run yet"
_SKIPPED_AGAIN = "its parents would skip it again"
_NOTHING_FAILED = "nothing it runs for has failed"
_CONDITION = "its condition keeps it from running; retry it to run it anyway"
_AGAIN = {
    Cause.RESTART: "it starts again as soon as it has stopped",
    Cause.PROPAGATED: _SKIPPED_AGAIN,
    Cause.NOTHING_FAILED: _NOTHING_FAILED,
    Cause.CONDITION: _CONDITION,
}
_RERUN: dict[NodeStatus, Step | str] = {
    NodeStatus.WAITING: _NOT_YET_RUN,
    NodeStatus.READY: _NOT_YET_RUN,
    NodeStatus.RUNNING: Step.RESTART,
    NodeStatus.RETRYING: Step.RESET,
    NodeStatus.CANCELLING: Step.RESTART,
    NodeStatus.COMPLETED: Step.RESET,
    NodeStatus.FAILED: Step.RESET,
    NodeStatus.FAILED_PARENT: "it is blocked; retry it, and what blocks it runs again",
    NodeStatus.CANCELLED: Step.RESET,
    NodeStatus.SKIPPED: Step.RESET,
}
_DECIDE: dict[NodeStatus, Step | str] = {
    **dict.fromkeys(NodeStatus, Step.DECIDE),
    NodeStatus.RUNNING: "it is running; cancel it first",
    NodeStatus.CANCELLING: "it is cancelling; cancel it first",
}

_FINISHED = {status: f"it has finished already: {status.word}" for status in SETTLED}
NOT_HELD = "it is not held"
ALREADY_SUCCEEDED: Final = "it already succeeded; rerun it instead"

COMMANDS: dict[CommandKind, dict[NodeStatus, Step | str]] = {
    CommandKind.RETRY: {
        NodeStatus.WAITING: "it has not run yet, it waits for its parents",
        NodeStatus.READY: "it has not run yet, it starts as soon as it can",
        NodeStatus.RUNNING: "it is running; cancel it, or rerun it",
        NodeStatus.RETRYING: Step.RESET,
        NodeStatus.CANCELLING: Step.RESTART,
        NodeStatus.COMPLETED: ALREADY_SUCCEEDED,
        NodeStatus.FAILED: Step.RESET,
        NodeStatus.FAILED_PARENT: Step.RESET_CAUSES,
        NodeStatus.CANCELLED: Step.RESET,
        NodeStatus.SKIPPED: Step.RESET,
    },
    CommandKind.RERUN_ONLY: _RERUN,
    CommandKind.RERUN: {
        **_RERUN,
        NodeStatus.WAITING: f"{_NOT_YET_RUN}, and nothing below it has",
        NodeStatus.READY: f"{_NOT_YET_RUN}, and nothing below it has",
    },
    CommandKind.CANCEL: {
        NodeStatus.WAITING: Step.MARK,
        NodeStatus.READY: Step.MARK,
        NodeStatus.RUNNING: Step.STOP,
        NodeStatus.RETRYING: Step.MARK,
        NodeStatus.CANCELLING: Step.STOP,
        **_FINISHED,
    },
    CommandKind.SKIP: {**_DECIDE, NodeStatus.COMPLETED: "it succeeded; there is nothing to skip"},
    CommandKind.MARK_DONE: {**_DECIDE, NodeStatus.COMPLETED: "it is done already"},
    CommandKind.ANSWER: dict.fromkeys(NodeStatus, "it asks nothing now"),
    CommandKind.HOLD: {
        **_FINISHED,
        **dict.fromkeys(PROPAGATED | {NodeStatus.RETRYING}, Step.HOLD),
        NodeStatus.RUNNING: "it is running already; hold what comes after it, or cancel it",
        NodeStatus.CANCELLING: "it is cancelling",
    },
    CommandKind.RELEASE: dict.fromkeys(NodeStatus, NOT_HELD),
}
"""What a command does to one target, or why it does nothing. The kinds that are left out concern more than targets."""

BY_CAUSE: dict[CommandKind, dict[Cause, Step | str]] = {
    CommandKind.RETRY: {
        **_AGAIN,
        Cause.MARKED: Step.RESET,
        Cause.ANSWERED: Step.RESET,
        Cause.CONDITION: Step.RESET,
        Cause.ASKS: "it waits for an answer",
    },
    CommandKind.RERUN_ONLY: {**_AGAIN},
    CommandKind.RERUN: {**_AGAIN},
    CommandKind.SKIP: {Cause.PERSON: "it is skipped already"},
    CommandKind.MARK_DONE: {Cause.MARKED: "it is marked done already"},
    CommandKind.ANSWER: {
        Cause.ASKS: Step.ANSWER,
        **dict.fromkeys((Cause.ANSWERED, Cause.REJECTED), "it is answered already"),
    },
    CommandKind.HOLD: {
        Cause.RESTART: Step.HOLD,
        Cause.ASKS: "it asks already; leave it unanswered, or cancel it",
        Cause.PERSON: _FINISHED[NodeStatus.SKIPPED],
    },
}
"""The causes for which a command does something else than for the status alone."""


NOT_SELECTED = "not part of this run"
ADDED_BY_RETRY = f"{NOT_SELECTED}: retry adds it"
OUTSIDE: dict[CommandKind, Step | str] = {**dict.fromkeys(COMMANDS, ADDED_BY_RETRY), CommandKind.RETRY: Step.SELECT}
"""What a command does to a node that is not part of the run."""


HELD_ALREADY = "it is held already"
HELD_BACK: Final = "it has not run yet, it is held; release it"
"""Why a retry does nothing to a node that would start if it were not held."""
LEAVING = "the file no longer has it"
"""Why a node that was removed from the file by a reload does not run again."""


def step_for(kind: CommandKind, state: RunState, node: NodeIndex) -> Step | str:
    """Return what a command does to a node, or why it does nothing."""
    if state.is_outside(node):
        return OUTSIDE[kind]
    if node in state.leaving and (kind in RUN_AGAIN or kind is CommandKind.HOLD):
        return LEAVING
    if kind in HOLDS and node in state.held:
        return HELD_ALREADY if kind is CommandKind.HOLD else Step.RELEASE
    if kind is CommandKind.RETRY and node in state.held and state.status_of(node) == NodeStatus.READY:
        return HELD_BACK
    by_cause = BY_CAUSE.get(kind, {}).get(state.cause_of(node))
    return by_cause or COMMANDS[kind][state.status_of(node)]


def nothing_for(kind: CommandKind, state: RunState, node: NodeIndex) -> str | None:
    """Return why a command does nothing to a node, or None if it does something."""
    step = step_for(kind, state, node)
    return step if isinstance(step, str) else None
