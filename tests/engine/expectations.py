"""The expected effects of commands, computed before they are given."""

from __future__ import annotations

from engine import oracle
from engine.run_model import ALIVE, UNBEGUN, RunModel

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus


class Expectations(RunModel):
    """Expected marks, budgets and targets of a command, by the table of commands."""

    def expected_marks(self, command: Command) -> dict[int, set[int]]:
        """Compute the marks after a command, and its effect on budgets and on the run's fail-fast command."""
        kind, number = command.kind, self.state.command_number + 1
        marks = {node: set(numbers) for node, numbers in self.marks.items()}
        unsettled = self.unsettled()
        if kind in {CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL}:
            concerned = {
                CommandKind.CANCEL: set(command.nodes),
                CommandKind.CANCEL_SUBTREE: self.reach(command.nodes),
                CommandKind.CANCEL_ALL: self.cancelled_with_all(),
            }[kind]
            for node in concerned & unsettled:
                marks.setdefault(node, set()).add(number)
            self.ended_by_person |= kind is CommandKind.CANCEL_ALL
            self.held -= set(self.nodes) if kind is CommandKind.CANCEL_ALL else concerned & unsettled
        elif kind in {CommandKind.RETRY, CommandKind.RETRY_FAILED}:
            self.expect_retry(self.retried(command), marks)
            self.ended_by_person = False
            self.begin_limit()
        elif kind in {CommandKind.RERUN, CommandKind.RERUN_ONLY}:
            self.expect_reset(self.rerun(command), marks)
            self.ended_by_person = False
            self.begin_limit()
        elif kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            self.expect_reset(set(command.nodes) - self.outside, marks)
            self.held -= set(command.nodes)
        elif kind is CommandKind.HOLD:
            self.held |= {node for node in command.nodes if self.holdable(node)}
        elif kind is CommandKind.RELEASE:
            self.held -= set(command.nodes)
        return marks

    def expect_retry(self, retried: set[int], marks: dict[int, set[int]]) -> None:
        lifted: list[tuple[int, int]] = []
        for node in retried:
            for number in self.marks.get(node, ()):
                around = {node} | self.above[node] | self.below[node] | self.last
                lifted += [(other, number) for other in around]
        for node, number in lifted:
            if node not in self.state.leaving:
                marks.get(node, set()).discard(number)
        self.lift_own(retried, marks)
        for node in retried:
            self.tries[node] = 0
            self.succeeded.discard(node)

    def expect_reset(self, nodes: set[int], marks: dict[int, set[int]]) -> None:
        self.lift_own(nodes, marks)
        for node in nodes:
            marks.pop(node, None)
            self.succeeded.discard(node)
            if self.state.status_of(node) not in UNBEGUN:
                self.tries[node] = 0

    def lift_own(self, nodes: set[int], marks: dict[int, set[int]]) -> None:
        """Lift the marks that the run set because one of the nodes failed, from all nodes that may run again."""
        own = {number for number, cause in self.fail_fast.items() if cause in nodes}
        for node in marks.keys() - self.state.leaving:
            marks[node].difference_update(own)
        if self.stopped_by in own:
            self.stopped_by = 0
            self.no_retry.clear()

    def unsettled(self) -> set[int]:
        """Return the nodes of the run that are not settled."""
        inside = set(self.nodes) - self.outside
        return {node for node in inside if self.state.status_of(node) not in oracle.SETTLED}

    def failures(self) -> list[int]:
        return [
            node
            for node in self.nodes
            if self.state.status_of(node) is NodeStatus.FAILED and not self.graph.task(node).allow_failure
        ]

    def retryable(self, node: int) -> bool:
        if node in self.outside:
            return True
        if node in self.state.leaving:
            return False
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status is NodeStatus.CANCELLING:
            return cause is not Cause.RESTART
        if status is NodeStatus.SKIPPED:
            return cause in {Cause.PERSON, Cause.CONDITION}
        again = {NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED, NodeStatus.RETRYING}
        return status in again or cause in {Cause.MARKED, Cause.ANSWERED}

    def answerable(self, command: Command) -> bool:
        """Return whether all targets are gates that ask, and have the choice."""
        inside = set(command.nodes) - self.outside
        gates = [self.graph.gate(node) for node in inside if self.state.cause_of(node) is Cause.ASKS]
        assert command.answer is not None
        return 0 < len(inside) == len(gates) and all(command.answer.choice in gate.answers for gate in gates)

    def rerunnable(self, node: int) -> bool:
        if node in self.state.leaving:
            return False
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status in UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED}:
            return cause is Cause.PERSON  # otherwise, it would only be propagated to the same status again
        return cause not in {Cause.RESTART, Cause.CONDITION}

    def decidable(self, node: int, kind: CommandKind) -> bool:
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status in ALIVE | {NodeStatus.COMPLETED} or node in self.open:
            return False
        return not (kind is CommandKind.SKIP and cause is Cause.PERSON)

    def holdable(self, node: int) -> bool:
        if node in self.outside | self.held | self.state.leaving:
            return False
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status is NodeStatus.CANCELLING:
            return cause is Cause.RESTART
        has_begun = {NodeStatus.RUNNING, NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.CANCELLED}
        return status not in has_begun and cause not in {Cause.ASKS, Cause.PERSON}

    def reach(self, nodes: tuple[int, ...]) -> set[int]:
        return set().union(*(oracle.cancelled_by_subtree(self.graph, node) for node in nodes))

    def retried(self, command: Command) -> set[int]:
        """Return the nodes that are retried: what blocks them, in place of blocked nodes."""
        nodes = list(command.nodes)
        if command.kind is CommandKind.RETRY_FAILED:
            nodes = self.failures()
        found: set[int] = set()
        blocked = oracle.blocked_when_joined(self.state, oracle.joins(self.state, nodes, self.outside))
        for node in nodes:
            if node in self.outside:
                found |= oracle.retried_for(self.state, blocked.get(node, set()))
            elif self.state.status_of(node) is NodeStatus.FAILED_PARENT:
                found |= oracle.retried_for(self.state, oracle.roots(self.state, node))
            elif self.retryable(node):
                found.add(node)
        return found

    def joined(self, command: Command) -> set[int]:
        """Return the nodes that join the run."""
        nodes = command.nodes if command.kind is CommandKind.RETRY else ()
        return oracle.joins(self.state, nodes, self.outside)

    def rerun(self, command: Command) -> set[int]:
        found = set(command.nodes)
        if command.kind is CommandKind.RERUN:
            found |= set().union(*(self.below[node] for node in command.nodes))
        return found - self.state.leaving
