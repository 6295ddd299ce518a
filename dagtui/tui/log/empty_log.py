"""Page of an empty log: why it has no lines, and what the node waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_ATTEMPT
from dagtui.engine.rules.commands import NOT_SELECTED
from dagtui.engine.status import ALIVE, ENDED, FAILING, Cause, NodeStatus
from dagtui.engine.why import HELD, full_why, waiting_why, waits_for, why, word_for
from dagtui.runs.answers import choices_of, question_of
from dagtui.runs.wording import with_reason
from dagtui.text import block, label
from dagtui.text.amounts import seconds_since, whole_duration
from dagtui.text.look import IN_UNICODE
from dagtui.tui.graph.amounts import time_text
from dagtui.tui.lines.rows import Role, Row, Span, and_more, muted, node_row, node_sign, row
from dagtui.tui.log.log_footer import result_rows, tries
from dagtui.tui.node.cause_paths import failed_ancestors
from dagtui.tui.node.node_page import NodePage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.messages import AttemptNumber
    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.amounts import ClockTime
    from dagtui.text.look import Look

MOST_NODES = 100
"""Longer lists are truncated, with a remark."""


class EmptyLogPage(NodePage):
    """The page in place of a log. It is rebuilt only now and then, since that may walk through the graph."""

    def __init__(self, run: RunView, look: Look = IN_UNICODE) -> None:
        super().__init__(run, look)
        self._attempt = NO_ATTEMPT
        self._trouble = ""

    def about(self, node: NodeIndex, attempt: AttemptNumber, trouble: str) -> None:
        """Show why that attempt has no log. `trouble` is the read error, if there was one."""
        if (attempt, trouble) != (self._attempt, self._trouble) or node != self.node:
            self._attempt, self._trouble = attempt, trouble
            self.show(node)

    def rows_about(self, node: NodeIndex, clock: ClockTime) -> list[Row]:
        """Return the reason."""
        if self._trouble:
            return [row(Span(self._trouble, Role.BAD))]
        return silence(self.run, node, self._attempt, clock, self.look)


def added_by_key(look: Look) -> str:
    """Return what a node outside the run is, and the key that adds it."""
    return f"{NOT_SELECTED}: {look.key('node.retry', 'r')} adds it"


def silence(run: RunView, node: NodeIndex, attempt: AttemptNumber, clock: ClockTime, look: Look) -> list[Row]:
    """Return the rows for a node or attempt without output. They change as time passes."""
    state = run.state
    if attempt and attempt != state.attempt[node]:
        return [row(Span(f"attempt {attempt} had no output", Role.HEADING)), *result_rows(run, node, attempt, look)]
    status = state.status_of(node)
    if state.is_outside(node):
        return [row(Span(added_by_key(look), Role.HEADING))]
    if status is NodeStatus.WAITING:
        return _waiting(run, node, clock, look)
    if status is NodeStatus.FAILED_PARENT:
        causes = failed_ancestors(run, node)
        heading = row(Span("has not started, blocked by", Role.HEADING))
        return [heading, row(), *node_rows(run, causes, clock, look)]
    reason = label(why(state, node, clock), 300)
    if status is NodeStatus.RUNNING:
        return [row(Span(f"no output yet, running for{spent(run, node, clock)}", Role.HEADING))]
    if status is NodeStatus.CANCELLING:
        return [row(Span("no output: stopping", Role.HEADING)), row(muted(reason))]
    if run.graph.gate(node) is not None and node in state.asked:
        answered = [] if status is NodeStatus.READY else [row(reason)]
        return gate_rows(run, node, clock) + answered
    if status is NodeStatus.READY:
        return [row(Span(with_reason(word_for(state, node), reason), Role.HEADING))]
    if status is NodeStatus.COMPLETED and state.cause_of(node) is Cause.RAN:
        return [
            row(Span("succeeded without output", Role.HEADING)),
            *result_rows(run, node, attempt, look),
        ]
    if status in FAILING:
        return _failed(run, node, reason, look)
    began = "no output" if run.attempts.result(node, attempt) else "did not run"
    return [row(Span(f"{began}: {reason or status.word}", Role.HEADING), indent=2)]


def gate_rows(run: RunView, node: NodeIndex, clock: ClockTime) -> list[Row]:
    """Return the rows about what a gate asked: its question, its choices, and how long it has been waiting."""
    state = run.state
    rows = [row(Span(line, Role.HEADING), indent=2) for line in block(question_of(run.state, node), 4000).splitlines()]
    rows += [row(), row(muted("choices  "), label(", ".join(choices_of(run.state, node)), 1000), indent=9)]
    if state.cause_of(node) is Cause.ASKS:
        waited = whole_duration(seconds_since(state.started[node], clock))
        rows.append(row(Span(f"has waited {waited} for an answer", Role.WARNING)))
    return rows


def node_rows(run: RunView, nodes: Sequence[NodeIndex], clock: ClockTime, look: Look) -> list[Row]:
    """Return a linked row for each node, with its status and time."""
    state = run.state
    found: list[Row] = []
    for node in nodes[:MOST_NODES]:
        words = f"{word_for(state, node)}{spent(run, node, clock)}"
        found.append(node_row(run.graph.labels[node], node_sign(state, node, look), words, jump=node))
    return found + and_more(len(nodes) - MOST_NODES)


def spent(run: RunView, node: NodeIndex, clock: ClockTime) -> str:
    """Return how long a node has been running or took, or "" if it never ran."""
    state = run.state
    started, ended = state.started[node], state.ended[node]
    status = state.status_of(node)
    if status in ALIVE:
        return f" {whole_duration(seconds_since(started, clock))}"
    if status in ENDED and (took := time_text(ended - started)):
        return f" {took}"
    return ""


def reason_now(state: RunState, node: NodeIndex, clock: ClockTime, look: Look) -> str:
    """Return the present reason for a person at the screen."""
    return added_by_key(look) if state.is_outside(node) else full_why(state, node, clock)


def pending_parents(state: RunState, node: NodeIndex) -> list[NodeIndex]:
    """Return the parents that a node waits for. Running ones come first."""
    return sorted(waits_for(state, node), key=lambda parent: -state.status[parent])


def _waiting(run: RunView, node: NodeIndex, clock: ClockTime, look: Look) -> list[Row]:
    state = run.state
    parents_settled, _, trigger = waiting_why(state, node).partition(", ")
    waits = parents_settled if state.waits_for_all(node) else f"{parents_settled} settled"
    words = ", ".join(filter(None, (f"waiting: {waits}", trigger)))
    heading = row(Span(f"{words}; {HELD}" if node in state.held else words, Role.HEADING))
    return [heading, row(), *node_rows(run, pending_parents(state, node), clock, look)]


def _failed(run: RunView, node: NodeIndex, reason: str, look: Look) -> list[Row]:
    attempt = run.state.attempt[node]
    could_start = run.state.cause_of(node) not in {Cause.COULD_NOT_START, Cause.CONDITION}
    rows = [row(Span("failed without output" if could_start else reason, Role.HEADING), indent=2)]
    rows += result_rows(run, node, attempt, look)
    if run.state.status_of(node) is NodeStatus.RETRYING:
        rows += [row(), row(Span(f"{reason} of {tries(run, node)}", Role.WARNING))]
    return rows
