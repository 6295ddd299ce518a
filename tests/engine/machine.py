"""Random graphs, random commands, a slow and faulty executor: what must hold at every moment of every run."""

from __future__ import annotations

import json
import sys
from array import array
from typing import TYPE_CHECKING

from engine import oracle
from engine.model_executor import ModelExecutor
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dagtui.engine.effects import Start, Stop
from dagtui.engine.events import CommandEvent, NodeEvent, fields, parse
from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Result, Started, Withdrawn
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import LOOKAHEAD_MOST, Traversal
from dagtui.engine.why import root_causes
from dagtui.graph.model import Graph, RetryPolicy, RunSettings, Task, Trigger

if TYPE_CHECKING:
    from dagtui.engine.events import Event
    from dagtui.engine.preview import Preview

UNBEGUN = {NodeStatus.WAITING, NodeStatus.READY}
ALIVE = {NodeStatus.RUNNING, NodeStatus.CANCELLING}
ENDS = [
    (EndKind.EXIT, 0),
    (EndKind.EXIT, 0),
    (EndKind.EXIT, 1),
    (EndKind.EXIT, 7),
    (EndKind.SIGNAL, 15),
    (EndKind.LOST, 0),
]
KINDS = [kind for kind in CommandKind if kind not in {CommandKind.PAUSE, CommandKind.RESUME, CommandKind.SET_JOBS}]
RUN_WIDE = [CommandKind.PAUSE, CommandKind.RESUME, CommandKind.SET_JOBS]
TARGETLESS = {CommandKind.RETRY_FAILED, CommandKind.CANCEL_ALL}

picks = st.integers(0, 9)
triggers = st.sampled_from([Trigger.ALL_SUCCESS] * 4 + list(Trigger))
policies = st.sampled_from(
    [
        RetryPolicy(),
        RetryPolicy(),
        RetryPolicy(1, delay=0.0),
        RetryPolicy(2, delay=2.0, backoff=2.0, jitter=0.5),
        RetryPolicy(1, delay=2.0, exit_codes=(7,)),
    ]
)
tasks = st.builds(
    Task,
    name=st.just("task"),
    retry=policies,
    timeout=st.sampled_from([None, None, 4.0]),
    slots=st.sampled_from([1, 1, 1, 2, 3]),
    trigger=triggers,
    allow_failure=st.sampled_from([False, False, False, True]),
)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to eight nodes; each pair of them is an edge with a third's chance."""
    drawn = draw(st.lists(tasks, min_size=1, max_size=8))
    pairs = [(a, b) for b in range(len(drawn)) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=14)) if pairs else []
    settings = RunSettings(keep_going=draw(st.booleans()))
    return Graph([f"n{i}" for i in range(len(drawn))], sorted(edges), tasks=drawn, settings=settings)


def photograph(thing: object) -> dict[str, object]:
    """Every value that an object holds, copied."""
    return {
        name: bytes(value)
        if isinstance(value, array | bytearray)
        else value.copy()
        if isinstance(value, dict | list | set)
        else value
        for name, value in vars(thing).items()
        if name not in {"graph", "state", "ready", "now", "_watches"}
    }


class TraversalMachine(RuleBasedStateMachine):
    """The model remembers what the contract says about marks, budgets and staleness; the engine must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.executor = ModelExecutor()
        self.records: list[Event] = []
        self.open: dict[int, Start] = {}
        """Attempts that the engine handed over and of which it has not heard the end."""
        self.told: set[int] = set()
        """Those that the engine told to stop."""
        self.known_alive: set[int] = set()
        """Those of which it has heard the beginning."""
        self.delivered: list[Result] = []
        self.marks: dict[int, set[int]] = {}
        self.fail_fast: dict[int, int] = {}
        """By number of the command that the run gave itself: the node that failed."""
        self.stopped_by = 0
        self.final: set[int] = set()
        self.tries: dict[int, int] = {}
        """Failures within the present budget of retries, by node."""
        self.again: set[int] = set()
        self.outdated: set[int] = set()
        self.stale: set[int] = set()
        self.succeeded: set[int] = set()
        """Nodes whose success the engine was told, until somebody resets them."""
        self.ended_by_person = False
        self.in_command = False
        self.instant_ends = 0

    @initialize(graph=graphs(), jobs=st.integers(1, 3), brisk=st.booleans())
    def begin(self, graph: Graph, jobs: int, brisk: bool) -> None:
        note(f"{[(a, b) for a in range(len(graph)) for b in graph.children(a)]} {graph.settings}")
        for task in graph.tasks:
            note(f"{task.trigger} slots {task.slots} {task.retry} timeout {task.timeout} allowed {task.allow_failure}")
        self.graph = graph
        self.nodes = range(len(graph))
        self.seconds = 0.001 if brisk else 1.0
        self.below = [oracle.descendants(graph, node) for node in self.nodes]
        self.above = [oracle.ancestors(graph, node) for node in self.nodes]
        self.traversal = Traversal(graph, jobs)
        self.state = self.traversal.state
        self.mirror = RunState(graph, jobs)
        if brisk:
            for _ in range(50):  # as if many short attempts had ended: some more are handed over than there are slots
                self.traversal._learn(self.seconds)
        self.traversal.begin(self.now)
        self.conclude()

    # What happens

    @rule(count=st.integers(1, 4), broken=st.sampled_from([False, False, False, False, True]))
    def the_executor_reads(self, count: int, broken: bool) -> None:
        self.executor.read(count, broken=broken)

    @precondition(lambda self: self.executor.alive)
    @rule(pick=picks, how=st.sampled_from(ENDS))
    def a_process_ends(self, pick: int, how: tuple[EndKind, int]) -> None:
        alive = list(self.executor.alive)
        self.executor.end(alive[pick % len(alive)], *how, self.seconds)

    @precondition(lambda self: self.executor.outgoing)
    @rule(count=st.integers(1, 3))
    def results_arrive(self, count: int) -> None:
        self.deliver(count)

    @precondition(lambda self: len(self.executor.outgoing) > 1)
    @rule()
    def results_arrive_together(self) -> None:
        results = list(self.executor.outgoing)
        self.executor.outgoing.clear()
        for result in results:
            self.note_result(result)
        may_succeed = {node for node in self.nodes if self.state.status_of(node) in {NodeStatus.RUNNING, NodeStatus.READY}}
        self.traversal.handle_results(results, self.now)
        self.conclude()
        for result in results:
            if isinstance(result, Ended) and result[2:4] == (EndKind.EXIT, 0) and result.node in may_succeed:
                self.succeeded.add(result.node)

    @rule()
    def everything_flows(self) -> None:
        while not self.executor.quiet:
            self.executor.read(99)
            self.deliver(99)

    @rule(how=st.sampled_from(ENDS))
    def everything_alive_ends(self, how: tuple[EndKind, int]) -> None:
        for node in list(self.executor.alive):
            self.executor.end(node, *how, self.seconds)
        self.everything_flows()

    @precondition(lambda self: self.delivered)
    @rule(pick=picks, value=st.sampled_from([0, 1]))
    def a_late_or_duplicate_result_arrives(self, pick: int, value: int) -> None:
        result = self.delivered[-1 - pick % len(self.delivered)]
        current = self.open.get(result.node)
        if current is not None and current.attempt == result.attempt and not isinstance(result, Started):
            return  # the number of a withdrawn attempt is free again: this would be news
        if isinstance(result, Ended):
            result = result._replace(kind=EndKind.EXIT, value=value)
        elif isinstance(result, Started) and current is not None and result.node not in self.known_alive:
            return
        before = photograph(self.state), photograph(self.traversal)
        self.traversal.handle(result, self.traversal.now)
        assert (photograph(self.state), photograph(self.traversal)) == before, f"{result} is late, and was not ignored"
        assert self.traversal.take() == ([], [])

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 30.0]), wakes=st.sampled_from([True, True, False]))
    def time_passes(self, seconds: float, wakes: bool) -> None:
        self.now += seconds
        if wakes:
            self.wake()

    def wake(self) -> None:
        running = [n for n in self.nodes if self.state.status_of(n) is NodeStatus.RUNNING]
        self.traversal.wake(self.now)
        self.conclude()
        alarm = self.traversal.next_alarm()
        assert alarm is None or alarm > self.now, "what is due was not done"
        for node in running:
            timeout = self.graph.task(node).timeout
            late = timeout is not None and self.now - self.state.started[node] >= timeout
            assert late == (self.state.status_of(node) is NodeStatus.CANCELLING), "a timeout came at the wrong time"

    @rule(kind=st.sampled_from(KINDS), pick=picks, more=st.sampled_from([None, None, 1, 4]), wrong=st.booleans())
    def a_person_commands(self, kind: CommandKind, pick: int, more: int | None, wrong: bool) -> None:
        nodes: tuple[int, ...] = ()
        if kind not in TARGETLESS:
            picked = [pick] if more is None else [pick, pick + more]
            nodes = tuple(dict.fromkeys(number % len(self.graph) for number in picked))
        self.command(Command(kind, nodes), wrong=wrong)

    @precondition(lambda self: self.about_to_begin())
    @rule(kind=st.sampled_from([CommandKind.RERUN, CommandKind.RERUN_ONLY]), pick=picks, parent=picks)
    def a_person_reruns_above_what_is_about_to_begin(self, kind: CommandKind, pick: int, parent: int) -> None:
        nodes = self.about_to_begin()
        parents = self.graph.parents(nodes[pick % len(nodes)])
        self.command(Command(kind, (parents[parent % len(parents)],)), wrong=False)

    def about_to_begin(self) -> list[int]:
        """Nodes with parents that are in line or wait for a back-off's end."""
        return [
            node
            for node in self.nodes
            if self.graph.parent_count(node)
            and (node in self.traversal.handed or self.state.status_of(node) is NodeStatus.RETRYING)
        ]

    @rule(kind=st.sampled_from(RUN_WIDE), jobs=st.integers(1, 4))
    def a_person_steers(self, kind: CommandKind, jobs: int) -> None:
        self.command(Command(kind, jobs=jobs if kind is CommandKind.SET_JOBS else 0), wrong=False)

    # Results

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.executor.outgoing))):
            result = self.executor.outgoing.popleft()
            node = result.node
            status, cause = self.state.status_of(node), self.state.cause_of(node)
            self.note_result(result)
            self.traversal.handle(result, self.now)
            self.conclude()
            self.judge(result, status, cause)

    def note_result(self, result: Result) -> None:
        self.delivered.append(result)
        assert self.open[result.node].attempt == result.attempt
        if isinstance(result, Started):
            self.known_alive.add(result.node)
            return
        del self.open[result.node]
        self.known_alive.discard(result.node)
        if isinstance(result, Ended):
            self.instant_ends += result.kind is EndKind.COULD_NOT_START

    def judge(self, result: Result, status: NodeStatus, cause: Cause) -> None:
        """What one result does to its node."""
        node = result.node
        now, why = self.state.status_of(node), self.state.cause_of(node)
        if isinstance(result, Started):
            if status is NodeStatus.READY:
                assert now is NodeStatus.RUNNING
            elif status is NodeStatus.CANCELLING:
                assert now in ALIVE
            else:
                assert now is NodeStatus.CANCELLING, f"it began although it was {status.word}"
                assert why is Cause.WITHDRAWN
            return
        if isinstance(result, Withdrawn):
            assert now not in ALIVE
            if status is NodeStatus.CANCELLING and cause is Cause.CANCEL:
                assert now is NodeStatus.CANCELLED
            return
        if status is NodeStatus.CANCELLING and cause is Cause.CANCEL:
            assert now is NodeStatus.CANCELLED, "whatever a cancelled node's exit is, it is cancelled"
        elif status is NodeStatus.CANCELLING and cause is Cause.TIMEOUT:
            assert now in {NodeStatus.FAILED, NodeStatus.RETRYING}
            assert why is Cause.TIMEOUT, "whatever the exit is, it was the timeout"
        elif status not in {NodeStatus.RUNNING, NodeStatus.READY}:
            assert now not in ALIVE | {NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.RETRYING}
        elif result.kind is EndKind.EXIT and result.value == 0:
            assert (now, why) == (NodeStatus.COMPLETED, Cause.RAN)
            self.succeeded.add(node)
        else:
            assert now in {NodeStatus.FAILED, NodeStatus.RETRYING}

    # Commands

    def command(self, command: Command, *, wrong: bool) -> None:
        before = photograph(self.state), photograph(self.traversal)
        found = self.traversal.preview(command)
        assert (photograph(self.state), photograph(self.traversal)) == before, "a preview changed something"
        self.check_refusal(command, found)
        if wrong:
            other = frozenset(found.kills_and_reruns ^ {0})
            answer = self.give(Command(command.kind, command.nodes, command.jobs, other))
            if found.nothing is None and command.kind not in RUN_WIDE:
                assert answer.changed
                assert (photograph(self.state), photograph(self.traversal)) == before, "a changed command was obeyed"
        old = self.statuses()
        old_marks, told = self.marks, self.told.copy()
        retried = self.retried(command)
        marks = self.expected_marks(command) if found.nothing is None else self.marks
        obeyed = Command(command.kind, command.nodes, command.jobs, found.kills_and_reruns)
        self.marks = {node: left for node, left in marks.items() if left}
        self.effects: list[object] = []
        answer = self.give(obeyed)
        assert answer.nothing == found.nothing
        assert not answer.changed
        if found.nothing is not None:
            assert (photograph(self.state), photograph(self.traversal)) == before, "a refused command was obeyed"
            return
        self.check_preview(found, old)
        self.check_deed(command, old, old_marks, retried, told)

    def give(self, command: Command) -> Preview:
        self.in_command = True
        answer = self.traversal.handle(command, self.now)
        assert answer is not None
        self.conclude()
        self.in_command = False
        return answer

    def statuses(self) -> list[tuple[NodeStatus, Cause]]:
        return [(self.state.status_of(node), self.state.cause_of(node)) for node in self.nodes]

    def check_refusal(self, command: Command, found: Preview) -> None:
        """A command that would do nothing says why, and only such a one."""
        unsettled = {node for node in self.nodes if self.state.status_of(node) not in oracle.SETTLED}
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
        }.get(kind)
        if kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            does = all(self.decidable(node, kind) for node in command.nodes)
        if does is not None:
            assert (found.nothing is None) == does, f"{kind} {command.nodes}: {found.nothing}, {self.statuses()}"

    def retryable(self, node: int) -> bool:
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status is NodeStatus.CANCELLING:
            return cause is not Cause.RESTART
        if status is NodeStatus.SKIPPED:
            return cause is Cause.PERSON
        again = {NodeStatus.FAILED, NodeStatus.FAILED_PARENT, NodeStatus.CANCELLED, NodeStatus.RETRYING}
        return status in again or cause is Cause.MARKED

    def decidable(self, node: int, kind: CommandKind) -> bool:
        status, cause = self.state.status_of(node), self.state.cause_of(node)
        if status in ALIVE | {NodeStatus.COMPLETED} or node in self.open:
            return False
        return not (kind is CommandKind.SKIP and cause is Cause.PERSON)

    def failures(self) -> list[int]:
        return [
            node
            for node in self.nodes
            if self.state.status_of(node) is NodeStatus.FAILED and not self.graph.task(node).allow_failure
        ]

    def reach(self, nodes: tuple[int, ...]) -> set[int]:
        return set().union(*(oracle.cancelled_by_subtree(self.graph, node) for node in nodes))

    def expected_marks(self, command: Command) -> dict[int, set[int]]:
        """The marks after a command, and what it does to budgets and to the run's own stop."""
        kind, number = command.kind, self.state.command_number + 1
        marks = {node: set(numbers) for node, numbers in self.marks.items()}
        unsettled = {node for node in self.nodes if self.state.status_of(node) not in oracle.SETTLED}
        if kind in {CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL}:
            concerned = {
                CommandKind.CANCEL: set(command.nodes),
                CommandKind.CANCEL_SUBTREE: self.reach(command.nodes),
                CommandKind.CANCEL_ALL: set(self.nodes),
            }[kind]
            for node in concerned & unsettled:
                marks.setdefault(node, set()).add(number)
            self.ended_by_person |= kind is CommandKind.CANCEL_ALL
        elif kind in {CommandKind.RETRY, CommandKind.RETRY_FAILED}:
            self.expect_retry(self.retried(command), marks)
            self.ended_by_person = False
        elif kind in {CommandKind.RERUN, CommandKind.RERUN_ONLY}:
            self.expect_reset(self.rerun(command), marks)
            self.ended_by_person = False
        elif kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            self.expect_reset(set(command.nodes), marks)
        return marks

    def retried(self, command: Command) -> set[int]:
        """What is retried in the end: failed parents stand for their root causes."""
        nodes = list(command.nodes)
        if command.kind is CommandKind.RETRY_FAILED:
            nodes = self.failures()
        found: set[int] = set()
        for node in nodes:
            if self.state.status_of(node) is NodeStatus.FAILED_PARENT:
                found |= oracle.roots(self.state, node)
            elif self.retryable(node):
                found.add(node)
        return found

    def rerun(self, command: Command) -> set[int]:
        found = set(command.nodes)
        if command.kind is CommandKind.RERUN:
            found |= set().union(*(self.below[node] for node in command.nodes))
        return found

    def expect_retry(self, retried: set[int], marks: dict[int, set[int]]) -> None:
        lifted: list[tuple[int, int]] = []
        for node in retried:
            for number in self.marks.get(node, ()):
                lifted += [(other, number) for other in {node} | self.above[node] | self.below[node]]
        for node, number in lifted:
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
        """The marks that the run gave because a node failed are lifted everywhere when that node is dealt with."""
        own = {number for number, cause in self.fail_fast.items() if cause in nodes}
        for numbers in marks.values():
            numbers -= own
        if self.stopped_by in own:
            self.stopped_by = 0

    def check_preview(self, found: Preview, old: list[tuple[NodeStatus, Cause]]) -> None:
        """Preview equals effect."""
        stopped = {effect.node for effect in self.effects if isinstance(effect, Stop)}
        assert set(found.stopped) == stopped, "the preview said that others would be stopped"
        announced, dropped = set(found.again) | set(found.released), set(found.dropped)
        for node in self.nodes:
            was, (now, cause) = old[node][0], self.statuses()[node]
            goes = (was in oracle.SETTLED | {NodeStatus.RETRYING} and now in UNBEGUN) or (
                was is NodeStatus.RUNNING and cause is Cause.RESTART
            )
            assert not goes or node in announced, f"n{node} may run again, and the preview did not say so"
            assert goes or node not in announced or was is NodeStatus.CANCELLING
            ends = was not in oracle.SETTLED and now in oracle.SETTLED
            ends |= was is NodeStatus.COMPLETED and now in oracle.SETTLED - {NodeStatus.COMPLETED}
            assert ends == (node in dropped), f"n{node} was {was.word}, is {now.word}; dropped: {dropped}"
            if node in found.kept:
                assert (was, now) == (NodeStatus.COMPLETED, NodeStatus.COMPLETED)
        assert not set(found.again) & set(found.released)

    def check_deed(
        self,
        command: Command,
        old: list[tuple[NodeStatus, Cause]],
        marks: dict[int, set[int]],
        retried: set[int],
        told: set[int],
    ) -> None:
        """The rows of the table, given statuses and marks before, what it was to retry, and what was told to stop."""
        kind, stops = command.kind, {e.node: e.grace for e in self.effects if isinstance(e, Stop)}
        new = self.statuses()
        concerned: set[int] = set()
        if kind in {CommandKind.CANCEL, CommandKind.CANCEL_SUBTREE, CommandKind.CANCEL_ALL}:
            number = self.state.command_number
            concerned = {node for node, numbers in self.marks.items() if number in numbers}
            for node in concerned:
                self.check_cancelled(node, old[node], new[node], stops.get(node), told)
        elif kind in {CommandKind.SKIP, CommandKind.MARK_DONE}:
            concerned = set(command.nodes)
            wanted = (
                (NodeStatus.SKIPPED, Cause.PERSON)
                if kind is CommandKind.SKIP
                else (NodeStatus.COMPLETED, Cause.MARKED)
            )
            assert all(new[node] == wanted for node in concerned)
        elif kind in {CommandKind.RERUN, CommandKind.RERUN_ONLY}:
            concerned = self.rerun(command)
            for node in concerned:
                assert new[node][0] not in {NodeStatus.RUNNING, NodeStatus.COMPLETED, NodeStatus.FAILED}
                if old[node][0] in ALIVE:
                    assert new[node] == (NodeStatus.CANCELLING, Cause.RESTART)
                    assert (node in stops) == (old[node][0] is NodeStatus.RUNNING)
        elif kind in {CommandKind.RETRY, CommandKind.RETRY_FAILED}:
            concerned = retried
            for node in retried:
                assert new[node][0] in UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED, NodeStatus.CANCELLING}
            for node, (status, cause) in enumerate(old):
                if status is NodeStatus.COMPLETED and cause is not Cause.MARKED:
                    assert new[node] == (status, cause), "a retry ran a success again"
        marked = {node for node in self.nodes if marks.get(node, set()) != self.marks.get(node, set())}
        for node in set(self.nodes) - concerned - marked:
            if old[node][0] not in UNBEGUN | {NodeStatus.FAILED_PARENT, NodeStatus.SKIPPED}:
                assert old[node] == new[node], f"n{node} has nothing to do with it"

    def check_cancelled(
        self,
        node: int,
        was: tuple[NodeStatus, Cause],
        now: tuple[NodeStatus, Cause],
        grace: float | None,
        told: set[int],
    ) -> None:
        stopping, done = (NodeStatus.CANCELLING, Cause.CANCEL), (NodeStatus.CANCELLED, Cause.CANCEL)
        if was[0] is NodeStatus.RUNNING or (was[0] in UNBEGUN and node in self.open):
            assert (now, grace) == (stopping, self.graph.task(node).grace)
        elif was == stopping:
            assert now == stopping
            assert grace == (0 if node in told else self.graph.task(node).grace), "cancelled twice is killed"
        elif was[0] is NodeStatus.CANCELLING:
            assert (now, grace) == (stopping, None)
        else:
            assert now == done
            assert grace is None

    # What the engine says

    def conclude(self) -> None:
        """Take what the engine did, hold it against the model, and send it to the executor."""
        events, effects = self.traversal.take()
        self.effects = list(effects)
        self.stop_expected: int | None = None
        self.began_unwanted = any(isinstance(e, NodeEvent) and e.cause is Cause.WITHDRAWN for e in events)
        for event in events:
            self.record(event)
        assert self.stop_expected is None, "keep_going is false, and the run did not stop itself"
        for effect in effects:
            if isinstance(effect, Start):
                self.check_start(effect)
                self.told.discard(effect.node)
            elif isinstance(effect, Stop):
                self.told.add(effect.node)
        self.executor.accept(effects)

    def record(self, event: Event) -> None:
        """Journal an event, replay it, and let the model follow."""
        text = "{" + fields(event, self.graph) + "}"
        read = parse(json.loads(text), self.graph)
        assert read is not None
        self.records.append(read)
        if isinstance(event, NodeEvent):
            self.follow_node(event, self.mirror.status_of(event.node), self.mirror.cause_of(event.node))
        elif isinstance(event, CommandEvent) and event.kind is None:
            self.follow_stop(event)
        self.mirror.apply(read)
        self.mirror.touched.clear()

    def follow_stop(self, event: CommandEvent) -> None:
        """Rule 7, as it is when the run stops itself."""
        assert event.nodes == (self.stop_expected,), "the run stopped itself for no reason"
        self.stop_expected = None
        self.fail_fast[event.number] = event.nodes[0]
        self.stopped_by = event.number
        for node in self.nodes:
            status, cause = self.mirror.status_of(node), self.mirror.cause_of(node)
            starts_again = status is NodeStatus.CANCELLING and cause in {Cause.RESTART, Cause.WITHDRAWN}
            if (status in UNBEGUN or starts_again) and self.graph.task(node).trigger not in oracle.RUN_ANYWAY:
                self.marks.setdefault(node, set()).add(event.number)
            elif status in ALIVE:
                self.final.add(node)

    def follow_node(self, event: NodeEvent, was: NodeStatus, cause: Cause) -> None:
        node, now = event.node, event.status
        if now is NodeStatus.RUNNING:
            self.follow_beginning(node, was)
        elif now in {NodeStatus.FAILED, NodeStatus.RETRYING} and was is not NodeStatus.RETRYING:
            self.follow_failure(event)
        elif now in UNBEGUN and (was in oracle.SETTLED | {NodeStatus.CANCELLING} or self.resets(was)):
            self.again.add(node)
            self.final.discard(node)
            if was in {NodeStatus.CANCELLING, NodeStatus.CANCELLED}:
                self.tries[node] = 0
        if now is not NodeStatus.COMPLETED:
            self.stale.discard(node)
        elif event.cause is Cause.RAN and was is not NodeStatus.COMPLETED and node in self.outdated:
            self.stale.add(node)
        if was in oracle.SETTLED and now not in oracle.SETTLED and not self.in_command:
            assert self.began_unwanted, f"n{node} was settled, and nobody asked it to go on"

    def resets(self, was: NodeStatus) -> bool:
        return was is NodeStatus.RETRYING and self.in_command

    def follow_beginning(self, node: int, was: NodeStatus) -> None:
        assert was in {NodeStatus.READY, NodeStatus.CANCELLING}
        if was is NodeStatus.CANCELLING:
            numbers = self.marks.pop(node, set())
            assert numbers, "only what the run itself did not want to begin goes on when it has begun"
            assert numbers <= set(self.fail_fast)
            self.final.add(node)
        self.stale.discard(node)
        self.outdated.discard(node)
        if node in self.again:
            self.again.discard(node)
            for other in self.below[node]:
                status = self.mirror.status_of(other)
                if status is NodeStatus.COMPLETED:
                    self.stale.add(other)
                elif status in ALIVE and other in self.known_alive:
                    self.outdated.add(other)

    def follow_failure(self, event: NodeEvent) -> None:
        """Budgets of retries, and rule 7's beginning."""
        node, policy = event.node, self.graph.task(event.node).retry
        self.tries[node] = self.tries.get(node, 0) + 1
        again = self.tries[node] <= policy.retries and node not in self.final
        if policy.exit_codes:
            again = again and event.cause is Cause.EXIT and event.value in policy.exit_codes
        assert again == (event.status is NodeStatus.RETRYING), f"try {self.tries[node]} of {policy}"
        if again:
            longest = policy.delay * policy.backoff ** (self.tries[node] - 1) * (1 + policy.jitter)
            assert 0 <= event.due - event.at <= longest + 1e-9
            assert event.due - event.at >= policy.delay * (1 - policy.jitter) - 1e-9
        elif not self.graph.settings.keep_going and not self.graph.task(node).allow_failure and not self.stopped_by:
            self.stop_expected = node

    def check_start(self, start: Start) -> None:
        """A node starts only when it may."""
        node, state = start.node, self.state
        assert state.status_of(node) is NodeStatus.READY, "only what is ready is handed over"
        assert oracle.decision(state, node) == oracle.RUNS, "handed over around an unmet parent"
        assert not self.marks.get(node), "handed over with a cancel mark"
        assert not state.paused, "handed over during a pause"
        assert node not in self.open, "handed over twice"
        assert start.attempt > max(self.executor.executed.get(node, [0])), "an attempt's number was used again"
        assert start.slots == self.graph.task(node).slots
        free = state.jobs - sum(other.slots for other in self.open.values())
        in_line = sum(1 for other in self.open if other not in self.known_alive)
        ahead = self.seconds < 1 or self.instant_ends > 4
        assert (
            start.slots <= free or not self.open or (ahead and in_line < LOOKAHEAD_MOST and start.slots == 1)
        ), "handed over more than there are slots"
        self.open[node] = start

    # What must hold at every moment

    @invariant()
    def everything_holds(self) -> None:
        self.the_replay_equals_the_live_state()
        self.tallies_and_counts_equal_a_recount()
        self.derived_statuses_are_what_the_table_says()
        self.marks_are_the_commands()
        self.stale_is_what_is_older_than_an_ancestor()
        self.no_success_is_lost()
        self.the_record_knows_every_attempt_that_was_executed()
        self.whatever_is_held_back_has_a_cause()
        self.what_lives_is_said_to_live()
        self.the_verdict_follows_rule_4()
        if self.executor.quiet:
            self.when_all_is_said_both_sides_agree()

    def the_replay_equals_the_live_state(self) -> None:
        same_state(self.mirror, self.state)

    def tallies_and_counts_equal_a_recount(self) -> None:
        state = self.state
        for node in self.nodes:
            classes = oracle.parent_classes(state, node)
            tallies = state.ok[node], state.bad[node], state.skip[node]
            assert tallies == tuple(classes.count(kind) for kind in ("ok", "bad", "skip"))
        assert state.counts == [state.status.count(status) for status in NodeStatus]

    def derived_statuses_are_what_the_table_says(self) -> None:
        assert oracle.wrongly_derived(self.state, self.nodes) is None

    def marks_are_the_commands(self) -> None:
        assert {node: set(marks) for node, marks in self.state.marks.items()} == self.marks
        assert all(len(set(marks)) == len(marks) for marks in self.state.marks.values())

    def stale_is_what_is_older_than_an_ancestor(self) -> None:
        assert {node for node in self.nodes if self.state.stale[node]} == self.stale

    def no_success_is_lost(self) -> None:
        for node in self.succeeded:
            assert self.mirror.status_of(node) is NodeStatus.COMPLETED, f"n{node} succeeded"

    def the_record_knows_every_attempt_that_was_executed(self) -> None:
        for node, attempts in self.executor.executed.items():
            assert self.mirror.attempt[node] >= attempts[-1]

    def whatever_is_held_back_has_a_cause(self) -> None:
        state = self.state
        for node in state.nodes_with(NodeStatus.FAILED_PARENT):
            found = root_causes(state, node)
            assert set(found) == oracle.roots(state, node)
            assert found
            blocker = state.blocker[node]
            assert blocker in self.graph.parents(node)
            assert oracle.parent_classes(state, node)[list(self.graph.parents(node)).index(blocker)] == "bad"

    def what_lives_is_said_to_live(self) -> None:
        """No ghost: alive in the books, dead in fact. No orphan: the other way round."""
        assert set(self.traversal.handed) == set(self.open) - self.known_alive
        for node in self.nodes:
            if self.state.status_of(node) in ALIVE:
                assert node in self.open, f"n{node} is a ghost"
            if node in self.known_alive:
                assert self.state.status_of(node) in ALIVE, f"n{node} is an orphan"

    def when_all_is_said_both_sides_agree(self) -> None:
        executor, state = self.executor, self.state
        assert set(executor.alive) == self.known_alive
        assert executor.slots == (0 if state.paused else state.jobs)
        for node, process in executor.alive.items():
            assert state.attempt[node] == process.attempt
            told = state.status_of(node) is NodeStatus.CANCELLING
            assert process.told == told, f"n{node} is {state.status_of(node).word}; told to stop: {process.told}"
        if executor.line or state.paused:
            return
        free = state.jobs - executor.used
        for node in state.nodes_with(NodeStatus.READY):
            fits = self.graph.task(node).slots <= free or not executor.alive
            assert not fits, f"nobody starts n{node}, and it could"

    def the_verdict_follows_rule_4(self) -> None:
        assert self.state.verdict() is oracle.verdict(self.state, ended_by_person=self.ended_by_person)

    def teardown(self) -> None:
        if hasattr(self, "graph") and sys.exc_info()[0] is None:
            self.let_everything_end()
            self.crash_anywhere()

    def let_everything_end(self) -> None:
        """When processes end and time passes, the traversal becomes settled."""
        if self.state.paused:
            self.give(Command(CommandKind.RESUME))
        for _ in range(60 * len(self.graph)):
            self.everything_flows()
            self.everything_holds()
            alarm = self.traversal.next_alarm()
            if self.executor.alive:
                self.executor.end(next(iter(self.executor.alive)), EndKind.EXIT, 0, self.seconds)
            elif alarm is not None:
                self.now = max(self.now, alarm)
                self.wake()
            else:
                break
        assert self.traversal.settled, f"it hangs: {self.statuses()}"
        assert not self.executor.alive
        assert self.state.verdict() is not Verdict.RUNNING

    def crash_anywhere(self) -> None:
        """Any prefix of the journal gives the successes that it tells of."""
        for length in range(0, len(self.records) + 1, max(1, len(self.records) // 8)):
            prefix = self.records[:length]
            after = RunState(self.graph, self.state.jobs)
            after.replay(prefix)
            last = {event.node: event.status for event in prefix if isinstance(event, NodeEvent)}
            told = {node for node, status in last.items() if status is NodeStatus.COMPLETED}
            assert set(after.nodes_with(NodeStatus.COMPLETED)) == told


SAME = ("status", "cause", "attempt", "base", "blocker", "value", "stale", "ok", "bad", "skip", "marks", "why")
SAME_RUN = ("counts", "jobs", "paused", "cancelled_all", "command_number", "commands")


def same_state(one: RunState, other: RunState) -> None:
    """Two states say the same; times in the journal are rounded to milliseconds."""
    for name in SAME + SAME_RUN:
        ours, theirs = getattr(one, name), getattr(other, name)
        if name == "commands":
            ours, theirs = ({n: c[1:] for n, c in commands.items()} for commands in (ours, theirs))
        assert ours == theirs, f"{name}: the replay says {ours}, the live state {theirs}"
    for node in range(len(one.graph)):
        for name in ("started", "ended"):
            assert abs(getattr(one, name)[node] - getattr(other, name)[node]) < 0.001
        assert abs(one.due.get(node, 0.0) - other.due.get(node, 0.0)) < 0.001
