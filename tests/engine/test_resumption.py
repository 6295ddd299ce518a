"""Runs that break off anywhere in their journal and are resumed, several times."""

from __future__ import annotations

import copy
import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from engine import oracle
from engine.invariants import same_state
from engine.random_walk import RandomWalk
from engine.run_model import end_process
from support.gates import answer, questions
from support.played_executor import PlayedExecutor
from support.scene import Scene, conditions_of, dag

from dagtui.engine import resumption
from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.followers import BROKE_OFF
from dagtui.engine.messages import Command, CommandKind, EndKind, Started
from dagtui.engine.resumption import restore
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import Traversal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

K = CommandKind
BY_A_PERSON = {(NodeStatus.COMPLETED, Cause.MARKED), (NodeStatus.SKIPPED, Cause.PERSON)}


class Resumed:
    """A traversal restored from a journal, with its own executor. Each event is recorded as text and replayed."""

    def __init__(
        self,
        graph: Graph,
        past: Sequence[Event],
        again: Mapping[int, str] = {},
        used: Mapping[int, int] = {},
        jobs: int = 2,
    ) -> None:
        self.graph = graph
        self.records = list(past)
        self.traversal = Traversal(graph, jobs)
        self.traversal.question = questions(graph)
        self.traversal.conditions = conditions_of(graph)
        self.state = self.traversal.state
        self.mirror = RunState(graph, jobs)
        self.mirror.replay(past)
        self.executor = PlayedExecutor()
        self.begun: list[tuple[int, int]] = []
        self.now = max((event.at for event in past), default=0.0) + 0.001
        self.state.replay(past)
        self.traversal.now = past[-1].at if past else 0.0
        restore(self.traversal, self.now, again, used, jobs=jobs, boot="b")
        self.conclude()
        self.seam = len(self.records)

    def conclude(self) -> None:
        events, effects = self.traversal.take()
        for event in events:
            read = parse(json.loads("{" + fields(event, self.graph) + "}"), self.graph)
            assert read is not None
            self.records.append(read)
            self.mirror.apply(read)
            self.mirror.dirty.clear()
        self.executor.accept(effects)
        same_state(self.mirror, self.state)

    def continue_run(self) -> None:
        self.traversal.begin(self.now)
        self.conclude()
        inside = [node for node in range(len(self.graph)) if not self.state.is_outside(node)]
        assert oracle.wrongly_propagated(self.state, inside) is None

    def flow(self) -> None:
        while not self.executor.quiet:
            self.executor.read(99)
            results = list(self.executor.outgoing)
            self.executor.outgoing.clear()
            self.begun += [(result.node, result.attempt) for result in results if isinstance(result, Started)]
            self.traversal.handle_results(results, self.now)
            self.conclude()

    def let_end(self, source: random.Random | None = None) -> None:
        """Let everything end: successfully, or at random if there is a source."""
        for _ in range(200 * len(self.graph)):
            self.flow()
            alarm = self.traversal.next_alarm()
            if self.executor.alive:
                node = next(iter(self.executor.alive))
                end_process(self.executor, node, EndKind.EXIT, source.choice([0, 0, 0, 1]) if source else 0, 1.0)
            elif alarm is not None:
                self.now = max(self.now, alarm)
                self.traversal.wake(self.now)
                self.conclude()
            elif asking := list(self.state.asking()):
                answers = self.graph.gate(asking[0]).answers
                self.traversal.handle(answer(asking[:1], source.choice(answers) if source else answers[0]), self.now)
                self.conclude()
            elif held := tuple(node for node in self.state.held if not self.state.status_of(node).settled):
                self.traversal.handle(Command(CommandKind.RELEASE, held), self.now)
                self.conclude()
            else:
                break
        assert self.traversal.settled


def numbers(records: Sequence[Event]) -> dict[int, int]:
    """Return the highest recorded attempt of each node."""
    found: dict[int, int] = {}
    for event in records:
        if isinstance(event, NodeEvent):
            found[event.node] = max(found.get(event.node, 0), event.attempt)
    return found


def break_off_and_go_on(seed: int) -> None:
    """Break one random run off at a random place of its journal and resume it, three times. Then let it complete."""
    source = random.Random(seed)
    walk = RandomWalk(seed)
    walk.walk(40)
    graph, records = walk.machine.graph, walk.machine.records
    for _ in range(3):
        past = records[: source.randrange(len(records) + 1)]
        before = RunState(graph)
        before.replay(past)
        changed = {node for node in range(len(graph)) if source.random() < 0.1}
        again = {node: "changed" for start in changed for node in {start} | oracle.descendants(graph, start)}
        run = Resumed(graph, past, again, jobs=source.choice([1, 2, 3]))
        followers = due(before, past, again)
        check_what_stays(before, run, again, followers)
        check_a_second_try(past, run, again)
        run.continue_run()
        check_what_begins(before, past, run, again.keys() | followers, source)
        records = run.records
    run = Resumed(graph, records)
    run.continue_run()
    run.let_end()
    failures = list(run.state.failures())
    if run.state.counts[NodeStatus.FAILED_PARENT] or failures or run.state.ran_out_of_time:
        wanted = Verdict.FAILED
    else:
        wanted = Verdict.CANCELLED if run.state.counts[NodeStatus.CANCELLED] else Verdict.COMPLETED
    assert run.state.verdict() is wanted
    assert all(run.state.cause_of(node) is Cause.CONDITION for node in failures)


def due(before: RunState, past: Sequence[Event], again: Mapping[int, str]) -> set[int]:
    """Return the followers that run again (rule 9), and the finally nodes that do (rule 12).

    An attempt in flight when the run broke off had not ended.
    """
    nodes = range(len(before.graph))
    old = [(before.status_of(node), before.cause_of(node)) for node in nodes]
    for node, why in before.why.items():
        if why == BROKE_OFF:
            old[node] = (NodeStatus.RUNNING, Cause.NONE)
    graph = copy.copy(before.graph)
    graph.settings = replace(graph.settings, keep_going=True)  # a condition may fail a node as the run goes on
    run = Resumed(graph, past, again)
    run.continue_run()
    followers = oracle.due_again(
        before.graph, old, [(run.state.status_of(node), run.state.cause_of(node)) for node in nodes]
    )
    waiting = {node for node in nodes if oracle.must_wait(run.state, node)}
    return followers | {node for node in waiting if was_done(old[node], graph, node)}


def was_done(standing: oracle.ParentOutcome, graph: Graph, node: int) -> bool:
    """Return whether a node had run, and counted as ok."""
    status, cause = standing
    if status is NodeStatus.FAILED:
        return graph.task(node).allow_failure and cause is not Cause.CONDITION
    return status is NodeStatus.COMPLETED and cause is not Cause.MARKED


def kept(before: RunState, node: int) -> tuple[int, ...]:
    """Return the marks of a person's cancel of a node or a subtree."""
    commands, wanted = before.commands, {K.CANCEL, K.CANCEL_SUBTREE}
    return tuple(mark for mark in before.marks.get(node, ()) if commands[mark].kind in wanted)


def check_what_stays(before: RunState, run: Resumed, again: Mapping[int, str], due: set[int]) -> None:
    state = run.state
    with_all = {number for number, command in before.commands.items() if command.kind is K.CANCEL_ALL}
    released = {n for n in before.held_before if before.status_of(n) is NodeStatus.CANCELLED}
    held = before.held | {n for n in released if before.marks[n][-1] in with_all}
    assert state.held == held, "a hold did not outlive the run"
    assert not state.due
    assert not state.paused
    assert not state.cancelled_all
    for node in range(len(run.graph)):
        was, is_now = before.status_of(node), state.status_of(node)
        answered = before.cause_of(node) is Cause.ANSWERED and node not in again and node not in due
        if (was, before.cause_of(node)) in BY_A_PERSON or answered:
            assert (is_now, state.cause_of(node)) == (was, before.cause_of(node))
        elif kept(before, node):
            assert (is_now, state.marks.get(node)) == (NodeStatus.CANCELLED, kept(before, node))
        elif node in again or node in due:
            assert is_now is NodeStatus.WAITING
            assert state.base[node] == state.attempt[node]
        elif was is NodeStatus.FAILED and state.allows_failure(node) and not runs_again(before, node):
            assert is_now is NodeStatus.FAILED, "an allowed failure runs again only by retry"
        elif was is NodeStatus.COMPLETED:
            assert (is_now, state.cause_of(node)) == (NodeStatus.COMPLETED, Cause.RESUMED)
            assert state.stale[node] == before.stale[node]
        else:
            assert is_now is NodeStatus.WAITING
            assert state.base[node] == state.attempt[node]
        assert state.attempt[node] == before.attempt[node]
    assert state.marks == {node: marks for node in before.marks if (marks := kept(before, node))}


def runs_again(before: RunState, node: int) -> bool:
    """Return whether an allowed failure is none: the run broke off, or the node's condition could not be decided."""
    return before.why[node] == BROKE_OFF or before.cause_of(node) is Cause.CONDITION


def check_a_second_try(past: Sequence[Event], run: Resumed, again: Mapping[int, str]) -> None:
    """Check that breaking off at any line of the resumption, and resuming again, gives the same state."""
    for length in range(len(past), run.seam):
        other = Resumed(run.graph, run.records[:length], again)
        assert other.state.status == run.state.status
        assert other.state.cause == run.state.cause
        assert other.state.marks == run.state.marks
        assert other.state.attempt == run.state.attempt
        assert other.state.base == run.state.base


def check_what_begins(
    before: RunState, past: Sequence[Event], run: Resumed, again: set[int], source: random.Random
) -> None:
    used = numbers(past)
    stays = [node for node in before.nodes_with(NodeStatus.COMPLETED) if node not in again]
    run.let_end(source)
    assert not {node for node, _ in run.begun} & set(stays), "a success ran again"
    for node, attempt in run.begun:
        assert attempt > used.get(node, 0) or withdrawn(past, node, attempt), "an attempt number was reused"
    assert len(set(run.begun)) == len(run.begun)


def withdrawn(past: Sequence[Event], node: int, attempt: int) -> bool:
    """Return whether an attempt was withdrawn before it began, so that its number is free."""
    own = [event for event in past if isinstance(event, NodeEvent) and event.node == node]
    return own[-1].attempt < attempt


def test_nothing_is_lost_wherever_a_run_breaks_off() -> None:
    break_off_often(100)


def break_off_often(times: int) -> None:
    for seed in range(times):
        break_off_and_go_on(seed)


FORGETFUL = {
    "what was answered": ("_keeps_answer", lambda _status, _cause: False),
    "followers": ("followers_again", lambda _run, _again, _taken: set()),
    "finally nodes": ("_finally_nodes", lambda _run: ()),
    "what is allowed": ("stays_done", lambda state, node: state.status[node] == NodeStatus.COMPLETED),
    "a person's cancel": ("kept_marks", lambda _state, _node: ()),
    "which cancels were a person's": ("kept_marks", lambda state, node: state.marks.get(node, ())),
}
"""Seeded bugs that the test above must find."""


@pytest.mark.parametrize("name", FORGETFUL)
def test_a_resumption_that_forgets_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumption, *FORGETFUL[name])
    with pytest.raises(AssertionError):
        break_off_often(150)


@pytest.mark.torture
def test_nothing_is_lost_in_many_runs_that_break_off() -> None:
    for seed in range(1_000_000, 1_010_000):
        break_off_and_go_on(seed)


def taken_up(scene: Scene, **options: object) -> Resumed:
    return Resumed(scene.graph, scene.events, **options)


def status(run: Resumed, name: str) -> tuple[NodeStatus, Cause, int]:
    node = run.graph.node(name)
    return run.state.status_of(node), run.state.cause_of(node), run.state.attempt[node]


def test_what_ran_is_lost_and_its_number_is_used_up() -> None:
    scene = Scene(dag("a>b"))
    scene.tick(7)
    scene.start("a")
    run = taken_up(scene)
    lost = [event for event in run.records if isinstance(event, NodeEvent) and event.cause is Cause.LOST]
    assert [(event.node, event.attempt, event.status) for event in lost] == [(0, 1, NodeStatus.FAILED)]
    assert lost[0].at == 7 < run.now, "it was lost before the resume"
    run.continue_run()
    run.let_end()
    assert run.begun == [(0, 2), (1, 1)]


def test_what_was_in_line_may_have_begun() -> None:
    scene = Scene(dag("a"))
    run = taken_up(scene)
    run.continue_run()
    run.let_end()
    assert run.begun == [(0, 2)]


def test_the_budget_of_retries_is_fresh() -> None:
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.tick(0)
    scene.fail("a")
    run = taken_up(scene)
    run.continue_run()
    run.flow()
    end_process(run.executor, 0, EndKind.EXIT, 1, 1.0)
    run.flow()
    assert status(run, "a")[0] is NodeStatus.RETRYING


def test_marks_and_a_pause_are_lifted() -> None:
    scene = Scene(dag("a>b>c d"))
    scene.run("d")
    scene.command(K.PAUSE)
    scene.command(K.CANCEL_ALL)
    assert scene["c"] is NodeStatus.CANCELLED
    run = taken_up(scene)
    run.continue_run()
    run.let_end()
    assert run.state.verdict() is Verdict.COMPLETED
    assert status(run, "d") == (NodeStatus.COMPLETED, Cause.RESUMED, 1)


def test_what_a_person_decided_stays() -> None:
    scene = Scene(dag("z>a>b>c"))
    scene.command(K.SKIP, "b")
    scene.command(K.MARK_DONE, "a")
    run = taken_up(scene, again={1: "changed", 2: "changed"})
    run.continue_run()
    run.let_end()
    assert status(run, "a")[:2] == (NodeStatus.COMPLETED, Cause.MARKED)
    assert status(run, "b")[:2] == (NodeStatus.SKIPPED, Cause.PERSON)


def test_numbers_of_attempts_that_only_left_logs_are_not_used_again() -> None:
    run = taken_up(Scene(dag("a>b")), used={0: 3, 1: 2})
    run.continue_run()
    run.let_end()
    assert run.begun == [(0, 4), (1, 3)]


def test_what_stays_below_what_runs_again_becomes_stale() -> None:
    scene = Scene(dag("a>b>c", b={"trigger": "all_done"}))
    scene.fail("a")
    scene.run("b", "c")
    run = taken_up(scene)
    run.continue_run()
    run.let_end()
    assert status(run, "b") == (NodeStatus.COMPLETED, Cause.RAN, 2)
    assert status(run, "c")[:2] == (NodeStatus.COMPLETED, Cause.RESUMED)
    assert bytes(run.state.stale) == b"\0\0\1"


def test_what_never_began_and_was_settled_makes_what_stays_below_it_stale() -> None:
    anyway = {"trigger": "all_done"}
    scene = Scene(dag("f>g>h>i a>b>c", keep_going=False, b=anyway, c=anyway), jobs=1)
    scene.fail("f")
    scene.run("b", "c")
    assert scene["a"] is NodeStatus.CANCELLED
    run = taken_up(scene)
    run.continue_run()
    run.let_end()
    assert status(run, "a") == (NodeStatus.COMPLETED, Cause.RAN, 1)
    assert run.state.stale[run.graph.node("c")]


def test_what_stays_far_below_what_runs_again_becomes_stale() -> None:
    scene = Scene(dag("a>b>c d>c", c={"trigger": "any_success"}))
    scene.run("d", "c")
    scene.start("a")
    run = taken_up(scene)
    run.continue_run()
    run.flow()
    assert status(run, "a")[0] is NodeStatus.RUNNING
    assert run.state.stale[run.graph.node("c")]


def test_keep_going_false_holds_again_after_a_resume() -> None:
    scene = Scene(dag("a b>c", keep_going=False), jobs=1)
    scene.fail("b")
    assert scene["a"] is NodeStatus.CANCELLED
    run = taken_up(scene, jobs=1)
    run.continue_run()
    run.flow()
    end_process(run.executor, run.graph.node("b"), EndKind.EXIT, 1, 1.0)
    run.flow()
    assert status(run, "a")[0] is NodeStatus.CANCELLED


def test_a_run_records_that_it_was_resumed() -> None:
    run = taken_up(Scene(dag("a")), jobs=7)
    events = [event for event in run.records if isinstance(event, RunEvent)]
    assert [(event.what, event.jobs, event.boot) for event in events] == [("resumed", 7, "b")]
    assert run.state.jobs == 7
