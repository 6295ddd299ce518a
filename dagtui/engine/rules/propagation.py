"""Propagation: the status of a node that has not begun, from its parents, trigger and marks (rule 1 in `rules`)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagtui.engine.capacity import Capacity
from dagtui.engine.events import Event, NodeChange, NodeEvent, NoteEvent, changed_outputs, with_text
from dagtui.engine.messages import Stop, Withdraw
from dagtui.engine.rules.transitions import ANY, TransitionError
from dagtui.engine.rules.triggers import TABLE, WAIT, find_followers, find_readers
from dagtui.engine.status import PROPAGATED, SETTLED, UNBEGUN, Cause, NodeStatus, ParentOutcome
from dagtui.engine.why import HELD, status_why
from dagtui.graph.model import NO_NODE
from dagtui.text.amounts import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dagtui.engine.conditions import Conditions
    from dagtui.engine.finally_nodes import FinallyNodes
    from dagtui.engine.messages import AttemptNumber, Effect, Question, Slots
    from dagtui.engine.services import Services
    from dagtui.engine.state import RunState
    from dagtui.engine.transaction import Transaction
    from dagtui.graph.model import Graph, NodeIndex
    from dagtui.text.amounts import ClockTime

_WITHOUT_BLOCKER = frozenset({Cause.NOTHING_FAILED, Cause.CONDITION})
_BLOCKED_BY = {NodeStatus.FAILED_PARENT: ParentOutcome.BAD, NodeStatus.SKIPPED: ParentOutcome.SKIP}


class Propagation:
    """Changes a state by events, and propagates what follows. The base class of the traversal."""

    def __init__(self, graph: Graph, state: RunState) -> None:
        self.graph = graph
        self.state = state
        self.now = NO_TIME
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.capacity = Capacity(graph, state.jobs)
        self.remote: Mapping[NodeIndex, str] = self.capacity.remote
        """The executors on other machines that have attempts of nodes, by node."""
        self.submitted: Mapping[NodeIndex, Slots] = self.capacity.reserved
        """Slots of the attempts that were submitted and have not begun, by node."""
        self.unkillable: set[NodeIndex] = set()
        """Nodes whose processes survived KILL."""
        self.stop_deadline: dict[NodeIndex, ClockTime] = {}
        """Time at which a stopped attempt counts as unkillable, by node."""
        self.mask: Callable[[str], str] | None = None
        """Redacts the text of each event."""
        self.services: Services | None = None
        """The services, if there are any and attempts of them go on until they are stopped."""
        self.question: Callable[[NodeIndex], Question] | None = None
        """Returns what a gate asks now. None: gates run like other nodes, as the caller's work answers them."""
        self.fail_fast_command = 0
        """Number of the command that a failure gave (rule 7 in `rules`), or 0."""
        self.no_retry: set[NodeIndex] = set()
        """Nodes that are not retried until reset: alive at the fail-fast command, or permanently unable to start."""
        self.restarted: set[NodeIndex] = set()
        """Nodes that were settled or stopped and will begin again, which makes earlier results below them stale."""
        self.must_run: set[NodeIndex] = set()
        """Nodes that a person let run again and that have not begun since. They run even if they are up to date."""
        self.conditions: Conditions | None = None
        """Decides about nodes with a condition (rule 8 in `rules`). None if no task has one."""
        self.undecidable: list[NodeIndex] = []
        """Nodes that failed because of their conditions, for which the run has not stopped yet (rule 7 in `rules`)."""
        self.finally_nodes: FinallyNodes | None = None
        if graph.any_finally:
            from dagtui.engine.finally_nodes import FinallyNodes  # most graphs have none

            self.finally_nodes = FinallyNodes(state, self.reset)
        self._rules = [TABLE[task.trigger] for task in graph.tasks]
        self._followers: bytes | None = None
        self._readers: Mapping[NodeIndex, list[NodeIndex]] | None = None

    @property
    def followers(self) -> bytes:
        """A flag by node: whether it is a follower (rule 9 in `rules`). Empty if none is. Computed on first use."""
        if self._followers is None:
            self._followers = find_followers(self.graph)
        return self._followers

    @property
    def readers(self) -> Mapping[NodeIndex, list[NodeIndex]]:
        """By node: the nodes that use its outputs and are not its children. Computed on first use."""
        if self._readers is None:
            self._readers = find_readers(self.graph)
        return self._readers

    def emit(self, event: Event) -> None:
        """Apply an event and keep it for the journal."""
        if self.mask is not None:
            event = with_text(event, self.mask)
        self.state.apply(event)
        self.events.append(event)

    def set(self, change: NodeChange) -> None:
        """Change a node, and keep the event for the journal. A change that the rules do not list is made and noted."""
        state = self.state
        node, status, cause, why, attempt, marks, value, seconds, blocker, due, fresh, stale, left, outputs, *_ = change
        if attempt is None:
            attempt = state.attempt[node]
        if marks is None:
            marks = state.marks.get(node, ())
        if not why:
            is_held = status is NodeStatus.READY and node in state.held
            why = HELD if is_held else status_why(state, status, cause, attempt, blocker, marks)
        if self.mask is not None:
            why = self.mask(why)
            if outputs:
                outputs = self._redacted(node, attempt, outputs)
        event = tuple.__new__(  # takes less than half the time of NodeEvent(...)
            NodeEvent,
            (
                self.now,
                node,
                attempt,
                status,
                cause,
                why,
                value,
                seconds,
                blocker,
                marks,
                due,
                fresh,
                stale,
                left,
                outputs,
                change.bypass,
                change.usage,
                self.remote.get(node, ""),
                change.where,
                change.ago,
            ),
        )
        try:
            state.apply_node(event)
        except TransitionError as error:
            self.emit(NoteEvent(self.now, str(error), node, attempt))
            state.apply_node(event, ANY)
        self.events.append(event)

    def _redacted(self, node: NodeIndex, attempt: AttemptNumber, outputs: Mapping[str, str]) -> Mapping[str, str]:
        """Redact outputs, and note that descendants don't get the secrets."""
        shown = outputs if self.mask is None else changed_outputs(outputs, self.mask)
        if shown != outputs:
            text = "an output contains a secret: *** is handed on in its place; hand secrets on in files"
            self.emit(NoteEvent(self.now, text, node, attempt))
        return shown

    def propagate(self, node: NodeIndex) -> None:
        """Set the status of a node that has not begun, and has no mark, from its parents and trigger."""
        state = self.state
        old = state.status[node]
        if old not in PROPAGATED and (old != NodeStatus.FAILED or state.cause[node] != Cause.CONDITION):
            return
        if old == NodeStatus.SKIPPED and state.cause[node] == Cause.PERSON:
            return
        status, cause = self.follows(node)
        if (
            status != old
            or not self._still_blocked(node, status)
            or (self.conditions is not None and self._has_other_reason(node, cause))
        ):
            self._become(node, status, cause)

    def propagate_anew(self, node: NodeIndex) -> None:
        """Propagate a node whose parents, trigger or condition may be others than before."""
        self.propagate(node)
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status not in _BLOCKED_BY or cause is Cause.PERSON:
            return
        found = self.follows(node)
        if found != (status, cause) or not self._names_its_blocker(node, cause, _BLOCKED_BY[status]):
            self._become(node, *found)

    def _names_its_blocker(self, node: NodeIndex, cause: Cause, wanted: ParentOutcome) -> bool:
        """Return whether the stored blocker is a parent of the node, or none could be."""
        blocker, parents = self.state.blocker[node], self.graph.parents(node)
        if cause in _WITHOUT_BLOCKER or blocker in parents:
            return True
        return blocker == NO_NODE and not any(self.state.outcome_of(parent) is wanted for parent in parents)

    def follows(self, node: NodeIndex) -> tuple[NodeStatus, Cause]:
        """Return the status that follows from a node's parents and trigger."""
        state, graph = self.state, self.graph
        if self.finally_nodes is not None and self.finally_nodes.must_wait(node):
            return WAIT
        rule = self._rules[graph.task_of[node]]
        found = rule(graph.parent_count(node), state.ok[node], state.bad[node], state.skip[node])
        return found if self.conditions is None else self.conditions.decide(state, node, found)

    def _still_blocked(self, node: NodeIndex, status: NodeStatus) -> bool:
        """Return whether the stored blocker still blocks the node."""
        wanted, blocker = _BLOCKED_BY.get(status), self.state.blocker[node]
        return wanted is None or blocker < 0 or self.state.outcome_of(blocker) is wanted

    def _has_other_reason(self, node: NodeIndex, cause: Cause) -> bool:
        """Return whether a node that stays skipped or failed is so for another reason than before."""
        before = self.state.cause_of(node)
        if cause is Cause.CONDITION is before:
            return self._reason(node) != self.state.why.get(node)
        return cause is not before and Cause.CONDITION in {cause, before}

    def _reason(self, node: NodeIndex) -> str:
        """Return why a condition keeps a node from running, redacted."""
        text = "" if self.conditions is None else self.conditions.why(self.state, node)
        return text if self.mask is None else self.mask(text)

    def _become(self, node: NodeIndex, status: NodeStatus, cause: Cause) -> None:
        if self.state.outside and not self.state.selected[node]:
            return
        if node in self.submitted:
            self.effects.append(Withdraw(node, self.state.attempt[node]))
        if status in UNBEGUN and self.state.status[node] in SETTLED:
            self.restarted.add(node)
        wanted = _BLOCKED_BY.get(status)
        blocker = NO_NODE
        if wanted is not None and cause not in _WITHOUT_BLOCKER:
            outcome_of = self.state.outcome_of
            blocker = next((parent for parent in self.graph.parents(node) if outcome_of(parent) is wanted), NO_NODE)
        why = ""
        if cause is Cause.CONDITION and self.conditions is not None:
            why = self.conditions.why(self.state, node)
        if status is NodeStatus.FAILED:
            self.undecidable.append(node)
        self.set(NodeChange(node, status, cause, why, blocker=blocker))

    def settle(self) -> None:
        """Propagate dirty nodes until nothing changes."""
        dirty = self.state.dirty
        position = 0
        while position < len(dirty):
            self.propagate(dirty[position])
            position += 1
        dirty.clear()
        if self.finally_nodes is not None and self.finally_nodes.switch():
            self.settle()  # at most twice: they open, or they close

    def reset(self, node: NodeIndex, attempt: AttemptNumber | None = None, *, bypass: bool = False) -> None:
        """Reset a node to not begun, without marks and with a fresh budget of retries, and propagate it.

        `bypass` means that its condition is not asked any more.
        """
        self.restarted.add(node)
        self.no_retry.discard(node)
        if node in self.submitted:
            # The attempt may begin before it is withdrawn. It is then the first of the new budget.
            attempt = self.state.attempt[node]
            self.set(NodeChange(node, NodeStatus.WAITING, attempt=attempt - 1, marks=(), fresh=True))
            self.set(NodeChange(node, NodeStatus.WAITING, attempt=attempt))
        else:
            # Emit one event instead of two for each of the many nodes that can start at once.
            ready = not bypass and self.follows(node)[0] is NodeStatus.READY
            status = NodeStatus.READY if ready else NodeStatus.WAITING
            self.set(NodeChange(node, status, attempt=attempt, marks=(), fresh=True, bypass=bypass))
        self.propagate(node)

    def take_back(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Settle a node whose submitted attempt never began. `attempt` is the last number that is used."""
        state = self.state
        status, cause = state.status_of(node), state.cause_of(node)
        if status is NodeStatus.CANCELLING and cause is not Cause.CANCEL:
            self.reset(node, attempt)
            return
        if status is NodeStatus.CANCELLING:
            status = NodeStatus.CANCELLED
        elif status is NodeStatus.READY:
            cause = Cause.NONE
        why = state.why.get(node, "")
        self.set(NodeChange(node, status, cause, why, attempt=attempt, blocker=state.blocker[node]))

    def stop(self, node: NodeIndex, cause: Cause, why: str = "", marks: tuple[int, ...] | None = None) -> None:
        """Stop a running node: TERM, and KILL after its grace."""
        self.set(NodeChange(node, NodeStatus.CANCELLING, cause, why, marks=marks))
        self.effects.append(Stop(node, self.state.attempt[node], self.graph.task(node).grace))

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Roll back all changes at the end, unless the transaction is kept.

        Inside, `events` and `effects` hold only those of the transaction.
        """
        events, effects = self.events, self.effects
        fail_fast, no_retry, restarted = self.fail_fast_command, self.no_retry, self.restarted
        undecidable, self.undecidable = self.undecidable, []
        is_open = self.finally_nodes is not None and self.finally_nodes.is_open
        self.events, self.effects, self.no_retry, self.restarted = [], [], no_retry.copy(), restarted.copy()
        with self.state.transaction() as transaction:
            try:
                yield transaction
            finally:
                if transaction.kept:
                    undecidable += self.undecidable
                    events += self.events
                    effects += self.effects
                else:
                    self.fail_fast_command, self.no_retry, self.restarted = fail_fast, no_retry, restarted
                    if self.finally_nodes is not None:
                        self.finally_nodes.is_open = is_open
                self.events, self.effects, self.undecidable = events, effects, undecidable
