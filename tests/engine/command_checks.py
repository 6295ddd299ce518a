"""Checks that commands do what the table of commands and their previews say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from engine import oracle
from engine.expectations import Expectations
from engine.run_model import ALIVE, UNBEGUN

from dagtui.engine.messages import HOLDS, RUN_AGAIN, Command, CommandKind, Stop
from dagtui.engine.status import Cause, NodeStatus

if TYPE_CHECKING:
    from engine.oracle import ParentOutcome

    from dagtui.engine.messages import Effect, Preview

CANCELS = {CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL}
RUN_WIDE = {CommandKind.PAUSE, CommandKind.RESUME, CommandKind.SET_JOBS}


class Snapshot(NamedTuple):
    """The state before a command."""

    statuses: list[ParentOutcome]
    marks: dict[int, set[int]]
    told: set[int]
    """Nodes whose attempts were being stopped."""
    retried: set[int]
    """The nodes that the command must run again, if it is a retry."""
    joined: set[int]
    """The nodes that must join the run, if the command is a retry."""
    held: set[int]


class CommandChecks(Expectations):
    """Compares a command's effects with the expected ones."""

    effects: list[Effect]
    """Effects of the last message."""
    given: int
    """Number of the last command."""

    def check_refusal(self, command: Command, found: Preview) -> None:
        """Check that a command that would do nothing says why, and that no other command does."""
        unsettled = self.unsettled()
        kind = command.kind
        does = {
            CommandKind.PAUSE: not self.state.paused,
            CommandKind.RESUME: self.state.paused,
            CommandKind.SET_JOBS: command.jobs != self.state.jobs,
            CommandKind.CANCEL_ALL: bool(unsettled),
            CommandKind.CANCEL: bool(unsettled & set(command.nodes)),
            CommandKind.CANCEL_SUBTREE: bool(unsettled & self.reach(command.nodes)),
            CommandKind.RETRY: any(self.retryable(node) for node in command.nodes),
            CommandKind.RETRY_FAILED: bool(self.failures()),
            CommandKind.RERUN: any(
                self.rerunnable(node)
                for target in command.nodes
                for node in {target, *oracle.descendants(self.graph, target)}
            ),
            CommandKind.RERUN_ONLY: any(self.rerunnable(node) for node in command.nodes),
            CommandKind.HOLD: any(self.holdable(node) for node in command.nodes),
            CommandKind.RELEASE: bool(self.held & set(command.nodes)),
        }.get(kind)
        if kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            inside = set(command.nodes) - self.outside
            does = bool(inside) and all(self.decidable(node, kind) for node in inside)
        if kind is CommandKind.ANSWER:
            does = self.answerable(command)
        if command.nodes and set(command.nodes) <= self.outside and kind is not CommandKind.RETRY:
            assert found.nothing == "not part of this run: retry adds it"
        assert found.nothing != "nothing would change", "the refusal does not say why"
        if does is not None:
            assert (found.nothing is None) == does, f"{kind} {command.nodes}: {found.nothing}, {self.statuses()}"

    def check_preview(self, found: Preview, old: Snapshot) -> None:
        """Check that the preview equals the effect."""
        stopped = {effect.node for effect in self.effects if isinstance(effect, Stop)}
        unchanged = self.statuses() == old.statuses and self.marks == old.marks
        changed = stopped or not unchanged or found.added
        assert changed or found.command.kind in RUN_WIDE, "it was not refused, but changed nothing"
        assert set(found.stopped) == stopped, "the preview lists other stopped nodes"
        joined = {node for node in old.joined if self.state.status_of(node) not in oracle.SETTLED}
        assert set(found.added) == joined, "the preview lists other nodes that join the run"
        announced, dropped = set(found.again) | set(found.released), set(found.dropped)
        for node in self.nodes:
            was, (now, cause) = old.statuses[node][0], self.statuses()[node]
            goes = (was in oracle.SETTLED | {NodeStatus.RETRYING} and now in UNBEGUN) or (
                was is NodeStatus.RUNNING and cause is Cause.RESTART
            )
            assert not goes or node in announced, f"n{node} may run again, but the preview does not list it"
            assert goes or node not in announced or was is NodeStatus.CANCELLING
            ends = was not in oracle.SETTLED and now in oracle.SETTLED
            ends |= was is NodeStatus.COMPLETED and now in oracle.SETTLED - {NodeStatus.COMPLETED}
            ends &= found.command.kind is not CommandKind.ANSWER or node not in found.command.nodes
            assert ends == (node in dropped), f"n{node} was {was.word}, is {now.word}; dropped: {dropped}"
            stays = was is now is NodeStatus.COMPLETED and node in self.concerned(found.command, old)
            assert stays == (node in found.kept), f"n{node} was {was.word}, is {now.word}; kept: {found.kept}"
        concerned = self.concerned(found.command, old) | announced | set(found.added)
        held = self.held & concerned if found.command.kind in RUN_AGAIN else set()
        assert set(found.held) == held, "the preview lists other nodes that stay held"
        assert not set(found.again) & set(found.released)
        assert not {node for node in found.released if old.statuses[node][1] is Cause.UP_TO_DATE}, "it was done"

    def check_holds(self, found: Preview, old: Snapshot) -> None:
        """Check that a hold or a release changes only the flag, and that its preview lists the nodes."""
        assert found.command.kind in HOLDS
        asks = any(self.graph.gate(node) for node in found.released)  # what can't be asked fails
        if not asks:
            statuses = [status for status, _ in old.statuses]  # a cause changes when an attempt is submitted
            assert [status for status, _ in self.statuses()] == statuses, "a hold changed a status"
            assert self.marks == old.marks
        assert not self.stops(), "a hold stopped an attempt"
        if found.command.kind is CommandKind.HOLD:
            assert set(found.held) == self.held - old.held
            return
        assert set(found.released) == old.held - self.held
        below = set().union(*(self.below[node] for node in found.released))
        assert set(found.held) == below & self.held

    def concerned(self, command: Command, old: Snapshot) -> set[int]:
        """Return the targets and the nodes below them."""
        if command.kind is CommandKind.CANCEL_ALL:
            return set(self.nodes)
        targets = old.retried if command.kind is CommandKind.RETRY_FAILED else set(command.nodes)
        return targets.union(*(self.below[node] for node in targets))

    def check_deed(self, command: Command, old: Snapshot) -> None:
        """Check the row of the table."""
        kind, new = command.kind, self.statuses()
        if kind is CommandKind.ANSWER:
            self.check_answer(command, new)
            return
        if kind in CANCELS:
            concerned = self.check_cancels(old, new)
        elif kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            concerned = set(command.nodes) - self.outside
            by_skip, by_mark = (NodeStatus.SKIPPED, Cause.PERSON), (NodeStatus.COMPLETED, Cause.MARKED)
            assert {new[node] for node in concerned} == {by_skip if kind is CommandKind.SKIP else by_mark}
        elif kind in {CommandKind.RERUN, CommandKind.RERUN_ONLY}:
            concerned = self.rerun(command)
            self.check_reruns(concerned, old, new)
        else:
            concerned = old.retried
            self.check_retries(old, new)
        if kind in RUN_AGAIN:
            concerned = concerned | self.check_followers(concerned, old, new)
        marked = {node for node in self.nodes if old.marks.get(node, set()) != self.marks.get(node, set())}
        for node in set(self.nodes) - concerned - marked:
            status, cause = old.statuses[node]
            if node in self.last:
                continue
            if status is NodeStatus.RETRYING and self.stopped_itself:
                continue
            if status not in UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED} and cause is not Cause.CONDITION:
                assert old.statuses[node] == new[node], f"n{node} is unrelated, but changed"

    @property
    def stopped_itself(self) -> bool:
        """Whether what the last command released failed by its condition, so that the run stopped itself (rule 7)."""
        return self.stopped_by > self.given

    def check_answer(self, command: Command, new: list[ParentOutcome]) -> None:
        """Check that gates completed with the answer, or failed if it rejects them."""
        assert command.answer is not None
        for node in set(command.nodes) - self.outside:
            rejected = command.answer.choice == "reject" and not self.graph.gate(node).choices
            done = (NodeStatus.FAILED, Cause.REJECTED) if rejected else (NodeStatus.COMPLETED, Cause.ANSWERED)
            assert new[node] == done
            assert self.state.outputs[node] == {"answer": command.answer.choice}
            assert self.state.asked[node].answer == command.answer

    def check_cancels(self, old: Snapshot, new: list[ParentOutcome]) -> set[int]:
        stops, number = self.stops(), self.given
        concerned = {node for node, numbers in self.marks.items() if number in numbers}
        for node in concerned:
            self.check_cancelled(node, old, new[node], stops.get(node))
        return concerned

    def check_reruns(self, concerned: set[int], old: Snapshot, new: list[ParentOutcome]) -> None:
        stops = self.stops()
        for node in concerned:
            was = old.statuses[node][0]
            assert new[node][0] not in {NodeStatus.RUNNING, NodeStatus.COMPLETED, NodeStatus.FAILED} or (
                new[node] == (NodeStatus.FAILED, Cause.CONDITION)
            )
            if was in ALIVE:
                cause = Cause.CANCEL if self.stopped_itself and self.marks.get(node) else Cause.RESTART
                assert new[node] == (NodeStatus.CANCELLING, cause)
                assert (node in stops) == (was is NodeStatus.RUNNING)

    def check_retries(self, old: Snapshot, new: list[ParentOutcome]) -> None:
        for node in old.retried:
            undecidable = new[node] == (NodeStatus.FAILED, Cause.CONDITION)
            later = UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED, NodeStatus.CANCELLING}
            assert undecidable or new[node][0] in later or self.is_cancelled_by_stop(node, new)
            held = old.statuses[node][1] is Cause.CONDITION
            assert not held or new[node][1] is not Cause.CONDITION, "a retry was kept from running by a condition"
            waits = held and node in self.last and new[node][0] is NodeStatus.WAITING
            otherwise = not self.above[node].isdisjoint(old.retried)  # what it reads may be another value then
            assert not waits or otherwise or node in self.state.bypassed, "a retried node asks its condition again"
        due = oracle.due_again(self.graph, old.statuses, self.when_stopped or new)
        for node, (status, cause) in enumerate(old.statuses):
            meant = cause is Cause.MARKED or (cause is Cause.ANSWERED and node in old.retried)
            if status is NodeStatus.COMPLETED and not meant and node not in due | self.last:
                assert new[node] == (status, cause), "a retry ran a success again"

    def is_cancelled_by_stop(self, node: int, new: list[ParentOutcome]) -> bool:
        """Return whether a node that the last command released was cancelled when the run stopped itself."""
        return self.stopped_itself and new[node][0] is NodeStatus.CANCELLED and self.stopped_by in self.marks[node]

    def check_followers(self, meant: set[int], old: Snapshot, new: list[ParentOutcome]) -> set[int]:
        """Check that followers run again with the command that puts a parent's end in question (rule 9).

        They are reset before the run stops itself because of the command, and stopped with the rest.
        """
        due = oracle.due_again(self.graph, old.statuses, self.when_stopped or new) - meant
        for node in due:
            derived = UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED}
            again = new[node][0] in derived or new[node][1] is Cause.CONDITION
            assert again or self.is_cancelled_by_stop(node, new), f"n{node} outlived its reason"
            self.tries[node] = 0
        self.succeeded -= due
        return due

    def check_cancelled(self, node: int, old: Snapshot, now: ParentOutcome, grace: float | None) -> None:
        stopping, done = (NodeStatus.CANCELLING, Cause.CANCEL), (NodeStatus.CANCELLED, Cause.CANCEL)
        was = old.statuses[node]
        in_line = was[0] in UNBEGUN and node in self.open
        asked_back = was[0] is NodeStatus.CANCELLING and node not in old.told
        if was[0] is NodeStatus.RUNNING or in_line or asked_back:
            assert (now, grace) == (stopping, self.graph.task(node).grace)
        elif was == stopping:
            assert (now, grace) == (stopping, 0.0), "a second cancel kills"
        elif was[0] is NodeStatus.CANCELLING:
            assert (now, grace) == (stopping, None)
        else:
            assert (now, grace) == (done, None)

    def stops(self) -> dict[int, float]:
        return {effect.node: effect.grace for effect in self.effects if isinstance(effect, Stop)}
