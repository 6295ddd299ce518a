"""A state machine of random graphs, random commands, and a slow and faulty executor."""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING

from engine import oracle
from engine.command_checks import RUN_WIDE, CommandChecks, Snapshot
from engine.invariants import Invariants
from engine.random_graphs import graphs, with_conditions
from engine.reload_step import ReloadStep
from engine.run_model import ALIVE, end_process
from hypothesis import currently_in_test_context
from hypothesis import note as hypothesis_note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.gates import answer, questions
from support.scene import conditions_of

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind, Ended, EndKind, Result, Start, Started, Stop, Withdrawn
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    import random

    from dagtui.engine.messages import Preview
    from dagtui.graph.model import Graph

ENDS = [
    (EndKind.EXIT, 0),
    (EndKind.EXIT, 0),
    (EndKind.EXIT, 1),
    (EndKind.EXIT, 7),
    (EndKind.SIGNAL, 15),
    (EndKind.LOST, 0),
]
KINDS = [
    *[CommandKind.RETRY, CommandKind.CANCEL_SUBTREE] * 3,
    *[CommandKind.RERUN, CommandKind.RERUN_ONLY, CommandKind.CANCEL] * 2,
    *[CommandKind.SKIP, CommandKind.MARK_DONE, CommandKind.RETRY_FAILED, CommandKind.CANCEL_ALL],
]
HOLDING = [CommandKind.HOLD, CommandKind.RELEASE]
STEERING = [CommandKind.PAUSE, *[CommandKind.RESUME] * 2, *[CommandKind.SET_JOBS] * 2]
TARGETLESS = {CommandKind.RETRY_FAILED, CommandKind.CANCEL_ALL}

picks = st.integers(0, 9)


UNCOMPARED = {"graph", "state", "ready", "now", "roots", "_watches", "_followers", "_readers", "kept_for", "conditions"}


def snapshot(thing: object) -> dict[str, object]:
    """Return a copy of all attributes of an object."""
    return {
        name: bytes(value)
        if isinstance(value, array | bytearray)
        else value.copy()
        if isinstance(value, dict | list | set)
        else value
        for name, value in vars(thing).items()
        if name not in UNCOMPARED
    }


class TraversalMachine(ReloadStep, CommandChecks, Invariants, RuleBasedStateMachine):
    """A traversal, an executor and a person. The base classes hold the checks."""

    @initialize(
        graph=graphs(),
        jobs=st.integers(1, 3),
        brisk=st.booleans(),
        ends=st.lists(st.sampled_from(ENDS), max_size=8),
        wanted=st.one_of(st.none(), st.lists(picks, min_size=1, max_size=2)),
        conditions=st.one_of(st.none(), st.randoms(use_true_random=False)),
    )
    def begin(
        self,
        graph: Graph,
        jobs: int,
        brisk: bool,
        ends: list[tuple[EndKind, int]],
        wanted: list[int] | None,
        conditions: random.Random | None,
    ) -> None:
        if conditions is not None:
            graph = with_conditions(graph, conditions)
        note = hypothesis_note if currently_in_test_context() else str
        note(f"{[(a, b) for a in range(len(graph)) for b in graph.children(a)]} {graph.settings}")
        for task in graph.tasks:
            note(f"{task.trigger} slots {task.slots} {task.pools} {task.retry}")
            note(f"timeout {task.timeout} allowed {task.allow_failure} if {task.condition!r}")
        self.take_graph(graph)
        self.seconds = 0.001 if brisk else 1.0
        self.jobs = jobs
        self.traversal = Traversal(graph, jobs)
        self.traversal.question = questions(graph)
        self.traversal.conditions = conditions_of(graph)
        self.state = self.traversal.state
        self.mirror = RunState(graph, jobs)
        if brisk:
            for _ in range(50):  # as if many short attempts had ended, so that lookahead submits more than slots
                self.traversal._learn(self.seconds)
        if wanted is not None:
            nodes = tuple({pick % len(graph) for pick in wanted})
            self.outside = set(self.nodes) - oracle.joins(self.state, nodes, set(self.nodes))
            self.traversal.emit(RunEvent(self.now, "started", targets=nodes, named=("some",)))
        self.traversal.begin(self.now)
        self.conclude()
        for how in ends:
            self.an_attempt_is_made(how)

    @rule(count=st.integers(1, 4), broken=st.sampled_from([False, False, False, False, True]))
    def the_executor_reads(self, count: int, broken: bool) -> None:
        self.executor.read(count, broken=broken)

    @precondition(lambda self: self.requested())
    @rule(pick=picks)
    def a_node_is_up_to_date(self, pick: int) -> None:
        requested = self.requested()
        self.executor.find_up_to_date(requested[pick % len(requested)])

    def requested(self) -> list[Start]:
        """Return the requests for attempts that the executor has not read."""
        return [effect for effect in self.executor.incoming if isinstance(effect, Start)]

    @precondition(lambda self: self.executor.alive)
    @rule(pick=picks, how=st.sampled_from(ENDS))
    def a_process_ends(self, pick: int, how: tuple[EndKind, int]) -> None:
        alive = list(self.executor.alive)
        end_process(self.executor, alive[pick % len(alive)], *how, self.seconds)

    @rule(how=st.sampled_from(ENDS))
    def an_attempt_is_made(self, how: tuple[EndKind, int]) -> None:
        self.everything_flows()
        if self.executor.alive:
            end_process(self.executor, next(iter(self.executor.alive)), *how, self.seconds)
        self.everything_flows()

    @rule(how=st.sampled_from(ENDS), seconds=st.sampled_from([0.0, 5.0]))
    def an_attempt_is_made_and_heard_of_later(self, how: tuple[EndKind, int], seconds: float) -> None:
        self.time_passes(seconds, wakes=True)
        self.executor.read(99)
        if self.executor.alive:
            end_process(self.executor, next(iter(self.executor.alive)), *how, self.seconds)

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
        may_succeed = {
            node
            for node in self.nodes
            if self.state.status_of(node) in {NodeStatus.RUNNING, NodeStatus.READY}
            or (self.state.status_of(node), self.state.cause_of(node)) == (NodeStatus.CANCELLING, Cause.TIMEOUT)
        }
        self.traversal.handle_results(results, self.now)
        self.conclude()
        for result in results:
            if isinstance(result, Ended) and result[2:4] == (EndKind.EXIT, 0) and result.node in may_succeed:
                if self.state.cause_of(result.node) is Cause.TIMEOUT and not self.in_time(result):
                    continue
                if result.node in self.last and self.state.status_of(result.node) is NodeStatus.WAITING:
                    continue
                self.succeeded.add(result.node)

    @rule()
    def everything_flows(self) -> None:
        while not self.executor.quiet:
            self.executor.read(99)
            self.deliver(99)

    @rule(how=st.sampled_from(ENDS))
    def everything_alive_ends(self, how: tuple[EndKind, int]) -> None:
        for node in list(self.executor.alive):
            end_process(self.executor, node, *how, self.seconds)
        self.everything_flows()

    @precondition(lambda self: self.delivered)
    @rule(pick=picks, value=st.sampled_from([0, 1]))
    def a_late_or_duplicate_result_arrives(self, pick: int, value: int) -> None:
        left = self.time_left()
        self.left_before = None if left is None else left + self.now - self.traversal.now
        self.traversal.wake(self.traversal.now)  # a refused command sets the time without processing due alarms
        self.conclude()
        result = self.delivered[-1 - pick % len(self.delivered)]
        current = self.open.get(result.node)
        duplicate = isinstance(result, Started) and result.node in self.known_alive
        if current is not None and current.attempt == result.attempt and not duplicate:
            return  # the number of a withdrawn attempt is free again, so this result would not be a duplicate
        if isinstance(result, Ended):
            result = result._replace(kind=EndKind.EXIT, value=value)
        before = snapshot(self.state), snapshot(self.traversal)
        self.traversal.handle(result, self.traversal.now)
        assert (snapshot(self.state), snapshot(self.traversal)) == before, f"{result} is late, but was not ignored"
        assert self.traversal.take() == ([], [])

    @rule(seconds=st.sampled_from([0.5, 2.0, 5.0, 30.0]), wakes=st.sampled_from([True, True, False]))
    def time_passes(self, seconds: float, wakes: bool) -> None:
        self.pass_time(self.now + seconds)
        if wakes:
            self.wake()

    def wake(self) -> None:
        running = [n for n in self.nodes if self.state.status_of(n) is NodeStatus.RUNNING]
        left = self.left_before = self.time_left()
        before = len(self.timeouts)
        self.traversal.wake(self.now)
        self.conclude()
        ran_out = len(self.timeouts) > before
        in_time = left is None or left > -1e-6 or self.traversal.settled  # by an alarm that was due before
        assert ran_out or in_time, "the time of the run has run out, and it goes on"
        alarm = self.traversal.next_alarm()
        assert alarm is None or alarm > self.now, "a due alarm was not processed"
        for node in running:
            timeout = self.graph.task(node).timeout
            late = timeout is not None and self.now - self.state.started[node] >= timeout
            if ran_out and node in self.last and not late:
                continue  # a node joined while it ran
            assert (late or ran_out) == (self.state.status_of(node) is NodeStatus.CANCELLING), (
                "a timeout came at the wrong time"
            )

    @rule(kind=st.sampled_from(KINDS), pick=picks, more=st.sampled_from([None, None, 1, 4]), wrong=st.booleans())
    def a_person_commands(self, kind: CommandKind, pick: int, more: int | None, wrong: bool) -> None:
        nodes: tuple[int, ...] = ()
        if kind not in TARGETLESS:
            picked = [pick] if more is None else [pick, pick + more]
            nodes = tuple(dict.fromkeys(number % len(self.graph) for number in picked))
        self.command(Command(kind, nodes), wrong=wrong)

    @precondition(lambda self: self.moving_nodes())
    @rule(kind=st.sampled_from(KINDS), pick=picks)
    def a_person_commands_moving_nodes(self, kind: CommandKind, pick: int) -> None:
        moving = self.moving_nodes()
        nodes = () if kind in TARGETLESS else (moving[pick % len(moving)],)
        self.command(Command(kind, nodes), wrong=False)

    @rule(kind=st.sampled_from(HOLDING), pick=picks, more=st.sampled_from([None, 1, 4]))
    def a_person_holds(self, kind: CommandKind, pick: int, more: int | None) -> None:
        picked = [pick] if more is None else [pick, pick + more]
        self.command(Command(kind, tuple(dict.fromkeys(number % len(self.graph) for number in picked))), wrong=False)

    @precondition(lambda self: self.held)
    @rule(pick=picks)
    def a_person_releases_what_is_held(self, pick: int) -> None:
        held = sorted(self.held)
        self.command(Command(CommandKind.RELEASE, (held[pick % len(held)],)), wrong=False)

    @precondition(lambda self: self.held)
    @rule(kind=st.sampled_from(KINDS), pick=picks)
    def a_person_commands_what_is_held(self, kind: CommandKind, pick: int) -> None:
        held = sorted(self.held)
        self.command(Command(kind, () if kind in TARGETLESS else (held[pick % len(held)],)), wrong=False)

    @precondition(lambda self: self.moving_nodes())
    @rule(pick=picks)
    def a_person_holds_moving_nodes(self, pick: int) -> None:
        moving = self.moving_nodes()
        self.command(Command(CommandKind.HOLD, (moving[pick % len(moving)],)), wrong=False)

    def asking(self) -> list[int]:
        """Return the gates that wait for an answer."""
        return list(self.state.asking())

    def gates(self) -> list[int]:
        """Return the gates."""
        return [node for node in self.nodes if self.graph.gate(node)]

    @precondition(lambda self: self.asking())
    @rule(pick=picks, choice=picks)
    def a_person_answers(self, pick: int, choice: int) -> None:
        asking = self.asking()
        node = asking[pick % len(asking)]
        answers = self.graph.gate(node).answers
        self.command(answer([node], answers[choice % len(answers)]), wrong=False)

    @rule(pick=picks, choice=picks)
    def a_person_answers_any_node(self, pick: int, choice: int) -> None:
        nodes = dict.fromkeys((pick % len(self.graph), choice % len(self.graph)))
        self.command(answer(nodes, ["approve", "reject", "a", "maybe"][choice % 4]), wrong=choice > 6)

    @precondition(lambda self: self.gates())
    @rule(kind=st.sampled_from(KINDS), pick=picks)
    def a_person_commands_a_gate(self, kind: CommandKind, pick: int) -> None:
        gates = self.gates()
        self.command(Command(kind, () if kind in TARGETLESS else (gates[pick % len(gates)],)), wrong=False)

    def moving_nodes(self) -> list[int]:
        """Return the nodes that are submitted, are stopping, or wait for a back-off."""
        moving = {NodeStatus.CANCELLING, NodeStatus.RETRYING}
        return [n for n in self.nodes if n in self.traversal.submitted or self.state.status_of(n) in moving]

    @precondition(lambda self: self.about_to_begin())
    @rule(kind=st.sampled_from([CommandKind.RERUN, CommandKind.RERUN_ONLY]), pick=picks, parent=picks)
    def a_person_reruns_above_what_is_about_to_begin(self, kind: CommandKind, pick: int, parent: int) -> None:
        nodes = self.about_to_begin()
        parents = self.graph.parents(nodes[pick % len(nodes)])
        self.command(Command(kind, (parents[parent % len(parents)],)), wrong=False)

    def about_to_begin(self) -> list[int]:
        """Return the nodes whose parents are submitted or wait for a back-off."""
        return [
            node
            for node in self.nodes
            if self.graph.parent_count(node)
            and (node in self.traversal.submitted or self.state.status_of(node) is NodeStatus.RETRYING)
        ]

    @rule(source=st.randoms(use_true_random=False))
    def a_person_reloads(self, source: random.Random) -> None:
        self.reload_graph(source)

    @rule(kind=st.sampled_from(STEERING), jobs=st.integers(1, 4))
    def a_person_steers(self, kind: CommandKind, jobs: int) -> None:
        self.command(Command(kind, jobs=jobs if kind is CommandKind.SET_JOBS else 0), wrong=False)

    def deliver(self, count: int) -> None:
        for _ in range(min(count, len(self.executor.outgoing))):
            result = self.executor.outgoing.popleft()
            node = result.node
            status, cause = self.state.status_of(node), self.state.cause_of(node)
            self.note_result(result)
            self.traversal.handle(result, self.now)
            self.conclude()
            self.judge(result, status, cause)

    def judge(self, result: Result, status: NodeStatus, cause: Cause) -> None:
        """Check what a result does to its node."""
        node = result.node
        now, why = self.state.status_of(node), self.state.cause_of(node)
        if isinstance(result, Started):
            if status is NodeStatus.READY:
                assert now is NodeStatus.RUNNING
            elif status is NodeStatus.CANCELLING:
                assert now in ALIVE
            else:
                assert now is NodeStatus.CANCELLING, f"the attempt began although its node was {status.word}"
                assert why is Cause.WITHDRAWN
            return
        if isinstance(result, Ended) and result.kind is EndKind.UP_TO_DATE and status is NodeStatus.READY:
            assert (now, why) == (NodeStatus.COMPLETED, Cause.UP_TO_DATE)
            assert self.state.attempt[node] == result.attempt - 1
            self.succeeded.add(node)
            return
        if isinstance(result, Withdrawn) or result.kind is EndKind.UP_TO_DATE:
            assert now not in ALIVE
            if status is NodeStatus.CANCELLING and cause is Cause.CANCEL:
                assert now is NodeStatus.CANCELLED
            return
        if self.runs_again_or_is_gone(node, cause, now):
            return
        if status is NodeStatus.CANCELLING and cause is Cause.CANCEL:
            assert now is NodeStatus.CANCELLED, "a cancelled node is CANCELLED after any exit status"
        elif status is NodeStatus.CANCELLING and cause is Cause.TIMEOUT and not self.in_time(result):
            assert now in {NodeStatus.FAILED, NodeStatus.RETRYING}
            assert why is Cause.TIMEOUT, "a timeout is the cause after any exit status"
        elif status not in {NodeStatus.RUNNING, NodeStatus.READY} and cause is not Cause.TIMEOUT:
            undecidable = (now, why) == (NodeStatus.FAILED, Cause.CONDITION)
            assert undecidable or now not in ALIVE | {NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.RETRYING}
        elif result.kind is EndKind.EXIT and result.value == 0:
            assert (now, why) == (NodeStatus.COMPLETED, Cause.RAN)
            self.succeeded.add(node)
        else:
            assert now in {NodeStatus.FAILED, NodeStatus.RETRYING}
            assert why is not Cause.TIMEOUT, "the attempt ended before its timeout"

    def runs_again_or_is_gone(self, node: int, cause: Cause, now: NodeStatus) -> bool:
        """Return whether another node was woken while a finally node ran, or the file lacks what was to restart."""
        is_gone = node in self.state.leaving and cause in {Cause.RESTART, Cause.WITHDRAWN}
        assert not is_gone or (now, self.state.cause_of(node)) == (NodeStatus.FAILED, Cause.LOST), "it ran again"
        return is_gone or (node in self.last and now is NodeStatus.WAITING)

    def in_time(self, result: Ended) -> bool:
        """Return whether the measured time of an attempt is within its timeout."""
        timeout = self.graph.task(result.node).timeout
        return timeout is not None and 0 < result.seconds < timeout

    def command(self, command: Command, *, wrong: bool) -> None:
        before = snapshot(self.state), snapshot(self.traversal)
        found = self.traversal.preview(command)
        assert (snapshot(self.state), snapshot(self.traversal)) == before, "a preview changed something"
        self.check_refusal(command, found)
        if wrong:
            other = frozenset(found.kills_and_reruns ^ {0})
            given = self.give(command._replace(expected=other))
            if found.nothing is None and command.kind not in RUN_WIDE:
                assert given.changed
                assert (snapshot(self.state), snapshot(self.traversal)) == before, "a changed command was carried out"
        self.given = self.state.command_number + 1
        retried, joined = self.retried(command), self.joined(command)
        old = Snapshot(self.statuses(), self.marks, self.stop_deadline.copy(), retried, joined, self.held.copy())
        marks = self.expected_marks(command) if found.nothing is None else self.marks
        obeyed = command._replace(expected=found.kills_and_reruns)
        self.marks = {node: left for node, left in marks.items() if left}
        self.outside -= old.joined
        given = self.give(obeyed)
        assert given.nothing == found.nothing
        assert not given.changed
        if found.nothing is not None:
            assert (snapshot(self.state), snapshot(self.traversal)) == before, "a refused command was carried out"
            return
        if command.kind in HOLDING:
            self.check_holds(found, old)
            return
        self.check_preview(found, old)
        self.check_deed(command, old)

    def give(self, command: Command) -> Preview:
        self.in_command = True
        given = self.traversal.handle(command, self.now)
        assert given is not None
        self.conclude(filled=given.nothing is None and not given.changed)
        self.in_command = False
        return given

    def conclude(self, *, filled: bool = True) -> None:
        """Compare what the engine did with the model, and send its effects to the executor.

        A refused command fills no slots.
        """
        events, effects = self.traversal.take()
        self.effects = list(effects)
        self.stop_expected = self.when_stopped = None
        self.undecidable.clear()
        self.began_unwanted = any(isinstance(e, NodeEvent) and e.cause is Cause.WITHDRAWN for e in events)
        for event in events:
            self.record(event)
        assert not self.expected_stops(), "keep_going is false, but the run did not stop itself"
        for effect in effects:
            if isinstance(effect, Stop):
                self.stop_deadline.add(effect.node)
        if filled:
            self.follow_order([effect for effect in effects if isinstance(effect, Start)])
        self.executor.accept(effects)

    def teardown(self) -> None:
        if hasattr(self, "graph") and sys.exc_info()[0] is None:
            self.let_everything_end()
            self.crash_anywhere()

    def let_everything_end(self) -> None:
        """Check that the traversal settles when processes end and time passes."""
        if self.state.paused:
            self.give(Command(CommandKind.RESUME))
        if self.held:
            nodes = tuple(sorted(self.held))
            self.held = set()
            self.give(Command(CommandKind.RELEASE, nodes))
        for _ in range(60 * len(self.graph)):
            self.everything_flows()
            self.everything_holds()
            alarm = self.traversal.next_alarm()
            if self.executor.alive:
                end_process(self.executor, next(iter(self.executor.alive)), EndKind.EXIT, 0, self.seconds)
            elif alarm is not None:
                self.pass_time(max(self.now, alarm))
                self.wake()
            elif self.asking():
                self.give(answer(self.asking()[:1], self.graph.gate(self.asking()[0]).answers[0]))
            else:
                break
        assert self.traversal.settled, f"the traversal hangs: {self.statuses()}"
        assert not self.executor.alive
        assert self.state.verdict() is not Verdict.RUNNING
