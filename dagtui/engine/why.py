"""The reason for a node's status, in one line."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from dagtui.engine.events import command_word
from dagtui.engine.messages import BY_TIMEOUT, CommandKind, EndKind
from dagtui.engine.queued import queued_why, remote_why
from dagtui.engine.rules.commands import ADDED_BY_RETRY
from dagtui.engine.rules.transitions import CAUSES
from dagtui.engine.status import ALIVE, EXPLAINED, Cause, NodeStatus, ParentOutcome
from dagtui.graph.model import NO_NODE, Trigger
from dagtui.text import count
from dagtui.text.amounts import duration, left_behind, seconds_until, time_of_day, whole_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagtui.engine.messages import Answer, AttemptNumber, Ended
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import ClockTime, Seconds


_BY_AN_ATTEMPT = frozenset({Cause.RAN, Cause.EXIT, Cause.SIGNAL, Cause.TIMEOUT, Cause.LOST, Cause.OUTSIDE})


def status_why(
    state: RunState,
    status: NodeStatus,
    cause: Cause,
    attempt: AttemptNumber,
    blocker: NodeIndex,
    marks: tuple[int, ...],
) -> str:
    """Return the reason that the journal records for a node's new status."""
    if status is NodeStatus.RUNNING:
        return f"attempt {attempt}"
    if blocker >= 0:
        label = state.graph.labels[blocker]
        return f"blocked by {label}" if status is NodeStatus.FAILED_PARENT else f"{label} was skipped"
    if marks and status is NodeStatus.CANCELLED:
        return mark_why(state, marks[-1])
    return CAUSES[status].get(cause, "")


def mark_why(state: RunState, mark: int) -> str:
    """Return why a node that has a command's mark is cancelled."""
    command = state.commands.get(mark)
    if command is None:
        return "cancelled"
    names = state.graph.labels[command.nodes[0]] if command.nodes else ""
    if command.kind is None:
        return f"not begun, because {names} failed"
    if command.kind is CommandKind.CANCEL_ALL:
        return limit_why(state) if command.by == BY_TIMEOUT else "cancelled with the whole run"
    others = len(command.nodes) - 1 + command.others
    more = f" and {others} more" if others > 0 else ""
    if command.kind is CommandKind.CANCEL_SUBTREE:
        return f"cancelled with subtree {names}{more}"
    if command.kind is CommandKind.CANCEL:
        return "cancelled"
    return f"{command_word(command)} {names}{more}".strip()


def limit_why(state: RunState) -> str:
    """Return why the time limit of the run cancels nodes."""
    limit = state.graph.settings.timeout
    return "the run took too long" if limit is None else f"the run took longer than its timeout of {duration(limit)}"


_NEWLINE = "\n"
HELD = "held until it is released"
"""Why a held node that may start does not."""
NOT_NEEDED = "ran until nothing needed it"
"""Why a service is done."""


def answered_words(answer: Answer) -> str:
    """Say who answered what, and when."""
    return f"{answer.choice}, by {answer.user} at {time_of_day(answer.at)}"


MEMORY_RAN_OUT = "because memory ran out"
"""How executors say that the kernel killed an attempt for lack of memory."""
_OF_MEMORY = MEMORY_RAN_OUT, "OUT_OF_MEMORY"
"""That, and what Slurm says."""


def short_reason(words: str) -> str:
    """Return what a row has room for of the reason why an attempt ended."""
    return "out of memory" if any(said in words for said in _OF_MEMORY) else words.partition(":")[0]


def ended_why(message: Ended, timeout: Seconds | None = None) -> str:
    """Return in words how an attempt ended, and who ended it if that is known."""
    if message.kind is EndKind.TIMEOUT and timeout is not None:
        return f"timeout after {timeout:g} s"
    words = _ended_words(message)
    if message.kind not in {EndKind.EXIT, EndKind.SIGNAL} or not message.text:
        return words
    return f"{words}: {message.text}"


def _ended_words(message: Ended) -> str:
    kind, value = message.kind, message.value
    if kind is EndKind.EXIT:
        return "succeeded" if value == 0 else f"exit {value}"
    if kind is EndKind.SIGNAL:
        try:
            return f"signal {signal.Signals(value).name.removeprefix('SIG')} ({value})"
        except ValueError:  # a real-time signal has no name
            return f"signal {value}"
    if kind in {EndKind.NO_OUTPUT, EndKind.UP_TO_DATE}:
        return message.text or kind.value
    if kind is EndKind.LOST:
        return f"lost: {message.text or 'the process that watched it has gone'}"
    if kind is EndKind.OUTSIDE:
        return f"ended from outside: {message.text}" if message.text else "ended from outside"
    if kind is EndKind.TIMEOUT:
        return "timeout"
    return f"could not start: {message.text}" if message.text else "could not start"


def why(state: RunState, node: NodeIndex, clock: ClockTime) -> str:
    """Return the present reason. `clock` is the time on the run's clock, for countdowns."""
    text = remote_why(state, node, clock) if node in state.executor_of else ""
    text = text or _reason(state, node, clock)
    if node in state.held:
        is_lacking = state.status[node] != NodeStatus.READY or state.paused  # something besides its release
        text = f"{text}; {HELD}" if is_lacking else HELD
    if node in state.leaving:
        text = f"{text}; removed from the file" if text else "removed from the file"
    return f"{text}, not on record yet" if node in state.off_record else text


def _reason(state: RunState, node: NodeIndex, clock: ClockTime) -> str:
    if state.is_outside(node):
        return ADDED_BY_RETRY
    status, cause = state.status_of(node), state.cause_of(node)
    if status is NodeStatus.WAITING:
        return waiting_why(state, node)
    if status is NodeStatus.READY:
        if cause is Cause.ASKS:
            question = state.asked[node].question if node in state.asked else ""
            return f"asks: {question.partition(_NEWLINE)[0]}" if question else CAUSES[status][cause]
        return "the run is paused" if state.paused else state.held_up or queued_why(state, node)
    if status is NodeStatus.RETRYING:
        left = whole_duration(seconds_until(state.due.get(node, clock), clock))
        return f"{state.why.get(node, 'failed')}; attempt {state.attempt[node] + 1} in {left}"
    if status is NodeStatus.RUNNING and node in state.reading():
        return "its outputs are being read"
    service = state.graph.task(node).service
    if service is not None and status is NodeStatus.RUNNING:
        return f"{'ready' if cause is Cause.SERVES else 'not ready yet'} ({service.words})"
    if service is not None and cause is Cause.RAN and not state.stale[node]:
        return NOT_NEEDED
    if (status in EXPLAINED or cause is Cause.CONDITION) and state.why.get(node):
        return state.why[node]
    if status is NodeStatus.FAILED_PARENT:
        root = root_cause(state, node)
        blocked = f"blocked by {state.graph.labels[root]}"
        # The journal of a graph that was changed may not name a parent.
        return blocked if state.status[root] == NodeStatus.FAILED_PARENT else f"{blocked} ({why(state, root, clock)})"
    asked = state.asked.get(node)
    if cause is Cause.ANSWERED and asked is not None and asked.answer is not None:
        text = f"answered {answered_words(asked.answer)}"
    else:
        text = state.why.get(node, "") if cause is Cause.UP_TO_DATE else ""
    text = text or status_why(state, status, cause, state.attempt[node], state.blocker[node], state.marks.get(node, ()))
    return f"{text}, but {stale_words(state, node)} later" if state.stale[node] else text


def stale_words(state: RunState, node: NodeIndex) -> str:
    """Return what makes a stale node older than it should be."""
    if not state.redefined:
        return "an ancestor ran again"
    is_own = state.redefined.get(node) == state.attempt[node]
    return "its definition changed" if is_own else "an ancestor changed or ran again"


def word_for(state: RunState, node: NodeIndex) -> str:
    """Return a node's status in running text. It says if a gate asks, a node is held, or a failure is allowed."""
    if node in state.held and state.status[node] == NodeStatus.READY:
        return "held"
    if state.status[node] == NodeStatus.FAILED and state.allows_failure(node):
        return "failed (allowed)"
    return "asks" if state.cause[node] == Cause.ASKS else state.status_of(node).word


def full_why(state: RunState, node: NodeIndex, clock: ClockTime) -> str:
    """Return the reason, why it ran, and what happened to the processes that the last attempt left behind."""
    text, left = why(state, node, clock), state.left.get(node, 0)
    if (ran := state.reasons.get(node)) and (state.status[node] in ALIVE or state.cause[node] in _BY_AN_ATTEMPT):
        text += f"; {ran}" if state.status[node] in ALIVE else f"; {ran.replace('runs', 'it had to run', 1)}"
    return f"{text}; {left_behind(left)}" if left else text


def waiting_why(state: RunState, node: NodeIndex) -> str:
    """Return what a waiting node waits for, such as `3 / 7 parents` (settled ones of all)."""
    if state.waits_for_all(node):
        return f"runs when all others have ended: {count(state.unsettled_before_finally)} to go"
    total = state.graph.parent_count(node)
    settled = state.ok[node] + state.bad[node] + state.skip[node]
    text = f"{settled} / {total} parents"
    trigger = state.graph.task(node).trigger
    if trigger is Trigger.ANY_SUCCESS:
        return f"{text}, waits for the first that succeeds"
    if trigger is Trigger.ANY_FAILED:
        return f"{text}, waits for one that fails"
    return text


def waiting_words(state: RunState, node: NodeIndex) -> str:
    """Return what a waiting node waits for besides its parents. This does not change while it waits."""
    if state.is_finally and state.is_finally[node]:
        return "runs when all others have ended"
    return waiting_why(state, node).partition(", ")[2]


def waits_for(state: RunState, node: NodeIndex) -> list[NodeIndex]:
    """Return the parents of a waiting node that are not settled."""
    return [parent for parent in state.graph.parents(node) if state.outcome_of(parent) is ParentOutcome.UNSETTLED]


def root_cause(state: RunState, node: NodeIndex) -> NodeIndex:
    """Return the ancestor that blocks a node, or the node itself if none does.

    Follows the stored blocking parents. The result is cached for all nodes on the path until the path changes, because
    the screen asks repeatedly for many rows of one long chain.
    """
    blocker, known = state.blocker, state.roots
    way = [node]
    while (root := known.get(way[-1], NO_NODE)) < 0 <= blocker[way[-1]] and len(way) <= len(state.graph):
        way.append(blocker[way[-1]])
    if root < 0:
        root = way[-1]
    known.update(dict.fromkeys(way, root))
    return root


def root_causes(state: RunState, nodes: Iterable[NodeIndex]) -> list[NodeIndex]:
    """Return the failed and cancelled ancestors that block some nodes, nearest first.

    A node that is not blocked counts as its own cause.
    """
    found: list[NodeIndex] = []
    queue = list(dict.fromkeys(nodes))
    seen = set(queue)
    for current in queue:
        if state.status[current] != NodeStatus.FAILED_PARENT:
            found.append(current)
            continue
        for parent in state.graph.parents(current):
            if parent not in seen and state.outcome_of(parent) is ParentOutcome.BAD:
                seen.add(parent)
                queue.append(parent)
    return found
