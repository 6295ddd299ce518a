"""Services: children wait until they are ready, and they run as long as something below them is to run (rule 11)."""

from __future__ import annotations

import json
import random
import tracemalloc
from dataclasses import replace

import pytest
from engine.invariants import same_state
from engine.random_graphs import random_graph, with_conditions, with_finally_nodes
from support.gates import answer, questions, with_gates
from support.played_executor import PlayedExecutor
from support.scene import Scene, conditions_of, dag

from dagtui.engine import service_ends
from dagtui.engine.capacity import slots_taken
from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import Command, CommandKind, EndKind, Ready, Start, Started
from dagtui.engine.resumption import restore
from dagtui.engine.rules.transitions import UNLISTED
from dagtui.engine.services import Services
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import UNKILLABLE_AFTER, Traversal
from dagtui.engine.walks import subtrees
from dagtui.engine.why import why
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, RetryPolicy, Task, Trigger
from dagtui.graph.services import ReadyBy, Service

SERVES = {"service": Service(ReadyBy.PORT, "5432", 30.0)}


def ready(scene: Scene, label: str) -> None:
    node = scene.graph.node(label)
    scene.traversal.handle(Ready(node, scene.state.attempt[node], "port 5432"), scene.now)
    scene._take()


def serving(ways: str = "db>test", jobs: int = 1, **tasks: dict[str, object]) -> Scene:
    """Return a scene in which the service `db` is ready."""
    scene = Scene(dag(ways, db=SERVES | tasks.pop("db", {}), **tasks), jobs)
    scene.start("db")
    ready(scene, "db")
    return scene


def test_children_wait_until_it_is_ready_and_it_holds_no_slot() -> None:
    scene = Scene(dag("db>test other", db=SERVES), jobs=1)
    assert scene.starts() == ["db", "other"]
    scene.start("db", "other")
    assert scene["test"] is NodeStatus.WAITING
    assert why(scene.state, scene.graph.node("db"), scene.now) == "not ready yet (port 5432)"
    ready(scene, "db")
    assert why(scene.state, scene.graph.node("db"), scene.now) == "ready (port 5432)"
    assert slots_taken(scene.state) == 1
    scene.end("other")
    assert scene.starts() == ["test"]


def test_it_is_ended_when_everything_below_it_is_settled() -> None:
    scene = serving("db>test>report")
    scene.run("test")
    assert scene.stops() == {}
    scene.run("report")
    assert (scene.stops(), scene.cause("db")) == ({"db": 5.0}, Cause.NOT_NEEDED)
    scene.end("db", 15, EndKind.SIGNAL)
    assert (scene["db"], scene.cause("db"), scene.state.verdict()) == (
        NodeStatus.COMPLETED,
        Cause.RAN,
        Verdict.COMPLETED,
    )
    assert scene.traversal.settled


def test_it_is_ended_before_finally_nodes_below_it_begin() -> None:
    scene = serving("db>test>last", last={"is_finally": True})
    scene.run("test")
    assert (scene.stops(), scene["last"]) == ({"db": 5.0}, NodeStatus.WAITING)
    scene.end("db", 15, EndKind.SIGNAL)
    scene.run("last")
    assert scene.state.verdict() is Verdict.COMPLETED


def test_one_that_is_a_finally_node_runs_as_long_as_those_below_it() -> None:
    last = {"is_finally": True}
    scene = Scene(dag("test db>last", db=SERVES | last, last=last), jobs=1)
    scene.run("test")
    scene.start("db")
    ready(scene, "db")
    assert (scene.stops(), scene.submitted()) == ({}, {"last"})
    scene.run("last")
    assert scene.stops() == {"db": 5.0}


def test_a_failure_below_it_ends_it_too() -> None:
    scene = serving("db>test>report")
    scene.start("test")
    scene.end("test", 1)
    assert scene.stops() == {"db": 5.0}


def test_services_are_ended_from_the_bottom_up() -> None:
    scene = Scene(dag("db>api>test", db=SERVES, api=SERVES), jobs=1)
    for label in ("db", "api"):
        scene.start(label)
        ready(scene, label)
    scene.run("test")
    assert scene.stops() == {"api": 5.0}
    scene.end("api", 15, EndKind.SIGNAL)
    assert scene.stops() == {"db": 5.0}


def test_one_that_nothing_needs_is_ended_as_soon_as_it_is_ready() -> None:
    scene = Scene(dag("db", db=SERVES))
    scene.start("db")
    assert scene.stops() == {}
    ready(scene, "db")
    assert scene.stops() == {"db": 5.0}


@pytest.mark.parametrize("value", [0, 1])
def test_one_that_ends_by_itself_has_failed(value: int) -> None:
    scene = serving("db>test db>late test>late", jobs=2)
    scene.start("test")
    scene.end("db", value)
    assert scene["db"] is NodeStatus.FAILED
    assert (scene["test"], scene["late"]) == (NodeStatus.RUNNING, NodeStatus.FAILED_PARENT)
    scene.end("test")
    assert scene["test"] is NodeStatus.COMPLETED


def test_retries_start_it_again_and_children_that_have_not_begun_wait_again() -> None:
    scene = serving("db>test", db={"retries": 1})
    assert scene.submitted() == {"test"}
    scene.end("db", 0)
    assert (scene["db"], scene["test"], scene.withdraws()) == (NodeStatus.RETRYING, NodeStatus.WAITING, ["test"])
    scene.withdrawn("test")
    scene.tick(0)
    scene.start("db")
    assert scene["test"] is NodeStatus.WAITING
    ready(scene, "db")
    assert scene.starts() == ["test"]


def test_one_that_is_not_ready_in_time_has_failed() -> None:
    scene = Scene(dag("db>test", db=SERVES))
    scene.start("db")
    scene.tick(30)
    assert scene.stops() == {"db": 5.0}
    ready(scene, "db")
    scene.end("db", 0)
    assert why(scene.state, scene.graph.node("db"), scene.now) == "not ready after 30 s"
    assert (scene["db"], scene["test"]) == (NodeStatus.FAILED, NodeStatus.FAILED_PARENT)


def test_a_late_ready_of_another_attempt_means_nothing() -> None:
    scene = Scene(dag("db>test", db=SERVES))
    scene.start("db")
    scene.traversal.handle(Ready(0, 2, "port"), 0.0)
    assert scene["test"] is NodeStatus.WAITING
    scene.tick(29)
    ready(scene, "db")
    scene.tick(30)
    assert scene["db"] is NodeStatus.RUNNING


def done() -> Scene:
    scene = serving("db>test>report other", jobs=2)
    for label in ("test", "report", "other"):
        scene.run(label)
    scene.end("db", 15, EndKind.SIGNAL)
    return scene


def test_a_rerun_below_an_ended_one_starts_it_again() -> None:
    scene = done()
    command = Command(CommandKind.RERUN_ONLY, (scene.graph.node("report"),))
    preview = scene.traversal.preview(command)
    assert scene.names(preview.again) == "db report"
    scene.traversal.handle(command, scene.now)
    scene._take()
    assert scene.starts() == ["db", "report"], "its own parent is done"
    scene.start("db")
    assert scene.state.stale_count == 0


def test_a_rerun_of_a_child_waits_for_the_service() -> None:
    scene = done()
    scene.command(CommandKind.RERUN_ONLY, "test")
    assert (scene.starts(), scene["test"]) == (["db"], NodeStatus.WAITING)
    scene.start("db")
    ready(scene, "db")
    assert scene.starts() == ["test"]


def test_a_rerun_while_it_is_stopping_lets_it_run_again() -> None:
    scene = serving("db>test")
    scene.run("test")
    assert scene.cause("db") is Cause.NOT_NEEDED
    scene.command(CommandKind.RERUN_ONLY, "test")
    assert (scene.cause("db"), scene["test"]) == (Cause.RESTART, NodeStatus.WAITING)
    scene.end("db", 15, EndKind.SIGNAL)
    assert scene.starts() == ["db"]


def test_a_cancel_of_it_blocks_what_has_not_begun() -> None:
    scene = serving("db>test")
    scene.command(CommandKind.CANCEL, "db")
    scene.withdrawn("test")
    assert scene["test"] is NodeStatus.WAITING
    scene.end("db", 15, EndKind.SIGNAL)
    assert (scene["db"], scene["test"]) == (NodeStatus.CANCELLED, NodeStatus.FAILED_PARENT)


def test_one_that_is_needed_by_what_can_not_be_killed_keeps_nobody_from_leaving() -> None:
    scene = serving(test={"grace": 0.0})
    scene.start("test")
    scene.command(CommandKind.CANCEL, "test")
    scene.tick(UNKILLABLE_AFTER)
    assert scene["db"] is NodeStatus.RUNNING
    assert scene.traversal.stuck


def test_what_wants_more_slots_than_there_are_starts_beside_services() -> None:
    scene = serving("db>test", test={"slots": 9})
    assert scene.submitted() == {"test"}


@pytest.mark.parametrize(("run_again", "starts"), [((), []), (("test",), ["db"])])
def test_a_resumed_run_starts_it_again_if_something_below_it_is_to_run(
    run_again: tuple[str, ...], starts: list[str]
) -> None:
    scene = done()
    resumed = Traversal(scene.graph, 1)
    resumed.state.replay(scene.events)
    restore(resumed, 99.0, {scene.graph.node(label): "changed" for label in run_again}, {}, jobs=1, boot="")
    resumed.begin(99.0)
    _, effects = resumed.take()
    assert [scene.graph.labels[effect.node] for effect in effects if isinstance(effect, Start)] == starts


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("needs.db.status == 'completed'", NodeStatus.READY),
        ("needs.db.status == 'failed'", NodeStatus.SKIPPED),
        ("needs.db.outputs.x == '1'", NodeStatus.SKIPPED),
    ],
)
def test_a_condition_reads_a_ready_service_as_completed(condition: str, status: NodeStatus) -> None:
    """It ends only after the node, so that nothing else could be waited for."""
    scene = Scene(dag("db>test", db=SERVES, test={"condition": condition}))
    scene.start("db")
    assert scene["test"] is NodeStatus.WAITING
    ready(scene, "db")
    assert scene["test"] is status
    assert status is NodeStatus.SKIPPED or scene.state.status_name(0) == "completed"


@pytest.mark.parametrize("has_ended", [False, True])
def test_one_begins_again_when_the_failure_of_another_lets_something_below_it_wait_again(*, has_ended: bool) -> None:
    undecidable = {"condition": "needs.db.outputs.x < 5"}
    db = {**SERVES, "retry": RetryPolicy(1, delay=0.0)}
    scene = Scene(dag("db>cache>test db>load>test db>other", db=db, cache=SERVES, load=undecidable))
    scene.start("db")
    ready(scene, "db")
    assert (scene["load"], scene["test"]) == (NodeStatus.FAILED, NodeStatus.FAILED_PARENT)
    scene.start("other", "cache")
    ready(scene, "cache")
    assert scene.cause("cache") is Cause.NOT_NEEDED
    if has_ended:
        scene.end("cache", 15, EndKind.SIGNAL)
    scene.end("db", 1)
    assert scene["test"] is NodeStatus.WAITING
    again = (NodeStatus.WAITING, Cause.NONE) if has_ended else (NodeStatus.CANCELLING, Cause.RESTART)
    assert (scene["cache"], scene.cause("cache")) == again


class Walk:
    """Random runs of random graphs with services, whose executor is slow, and whose services may die.

    Of eight graphs, two have finally nodes, and three each have gates, conditions, and nodes that may be up to date.
    """

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        plain = random_graph(self.source)
        is_service = [self.source.random() < 0.4 for _ in plain.nodes]
        tasks = [
            Task(f"n{node}", retry=task.retry, trigger=task.trigger, slots=task.slots, **(SERVES if serves else {}))
            for node, (task, serves) in enumerate(zip(plain.tasks, is_service, strict=True))
        ]
        edges = [(parent, child) for parent in plain.nodes for child in plain.children(parent)]
        self.graph = Graph(plain.labels, edges, tasks=tasks)
        if seed % 4 == 3:
            self.graph = with_finally_nodes(self.graph, random.Random(seed))
            self.graph.tasks = [self.as_loaded(node) for node in self.graph.nodes]
        if seed % 8 in {1, 3, 6}:
            asked = [node for node in self.graph.nodes if not is_service[node] and node % 2]
            self.graph = with_gates(self.graph, dict.fromkeys(asked, Gate("Go on?")))
        if seed % 8 in {2, 6, 7}:
            self.graph = with_conditions(self.graph, random.Random(seed))
        self.may_be_up_to_date = seed % 8 in {4, 6, 7}
        self.executor = PlayedExecutor()
        self.traversal = Traversal(self.graph, self.source.choice([1, 2]))
        self.traversal.question, self.traversal.conditions = questions(self.graph), conditions_of(self.graph)
        self.state, self.mirror, self.now = self.traversal.state, RunState(self.graph, 1), 0.0
        self.mirror.jobs = self.state.jobs

    def as_loaded(self, node: int) -> Task:
        """Return a task that is no service if a finally task that is its child would wait for its end."""
        task, children = self.graph.task(node), map(self.graph.task, self.graph.children(node))
        waits = not task.is_finally and any(child.is_finally for child in children)
        return replace(task, service=None) if waits else task

    def needed(self, node: int) -> bool:
        below, last = [node], self.graph.task(node).is_finally
        for one in below:
            below += [child for child in self.graph.children(one) if self.graph.task(child).is_finally is last]
        return any(not self.state.status_of(one).settled for one in below[1:])

    def conclude(self) -> None:
        events, effects = self.traversal.take()
        for event in events:
            read = parse(json.loads("{" + fields(event, self.graph) + "}"), self.graph)
            assert read is not None
            assert not (isinstance(event, NoteEvent) and UNLISTED in event.text), event.text
            self.mirror.apply(read)
            self.mirror.dirty.clear()
        for effect in effects:
            if isinstance(effect, Start) and self.graph.task(effect.node).trigger is Trigger.ALL_SUCCESS:
                for parent in self.graph.parents(effect.node):
                    serves = self.state.cause_of(parent) in {Cause.SERVES, Cause.NOT_NEEDED}
                    done = self.state.status_of(parent).settled and not self.graph.task(parent).service
                    assert serves or done, "started while its service is not ready"
        for node in self.graph.nodes:
            if self.state.cause_of(node) is Cause.NOT_NEEDED:
                assert not self.needed(node), f"n{node} is ended, but needed"
            elif self.state.cause_of(node) is Cause.SERVES and self.graph.children(node):
                assert self.needed(node), f"nothing needs n{node}, but it runs"
        same_state(self.state, self.mirror)
        used = sum(start.slots for start in self.executor.line if self.graph.task(start.node).service)
        assert not used, "a service holds slots"
        self.executor.accept(effects)

    def deliver(self, *results: object) -> None:
        self.traversal.handle_results(results, self.now)
        self.conclude()

    def step(self) -> None:
        kind, executor = self.source.randrange(7), self.executor
        services = [node for node in executor.alive if self.graph.task(node).service]
        jobs = [node for node in executor.alive if node not in services]
        if kind == 0 and services and self.source.random() < 0.3:
            executor.end(self.source.choice(services), EndKind.EXIT, self.source.choice([0, 1]), 1.0)
        elif kind == 1 and services:
            node = self.source.choice(services)
            self.flow()
            if node in executor.alive:
                self.deliver(Ready(node, executor.alive[node].attempt, "port"))
        elif kind == 2 and jobs:
            executor.end(self.source.choice(jobs), EndKind.EXIT, self.source.choice([0, 0, 0, 1]), 1.0)
        elif kind == 3:
            told = [node for node, process in executor.alive.items() if process.told]
            for node in told:
                executor.end(node, EndKind.SIGNAL, 15, 1.0)
        elif kind == 4 and self.source.random() < 0.4:
            names = [CommandKind.RETRY, CommandKind.RERUN, CommandKind.RERUN_ONLY, CommandKind.CANCEL]
            command = Command(self.source.choice(names), (self.source.choice(self.graph.nodes),))
            self.traversal.handle(command, self.now)
            self.conclude()
        elif kind == 5:
            self.now += self.source.choice([0.1, 3.0, 40.0])
            self.traversal.wake(self.now)
            self.conclude()
        elif kind == 6:
            self.answer_one()
        self.flow()

    def answer_one(self) -> None:
        """Answer the first gate that asks."""
        for node in list(self.state.asking())[:1]:
            self.traversal.handle(answer([node], self.source.choice(["approve", "approve", "reject"])), self.now)
            self.conclude()

    def judge(self) -> None:
        """Find every third requested attempt of a node that is no service up to date."""
        for request in list(self.executor.incoming):
            is_attempt = isinstance(request, Start) and not self.graph.task(request.node).service
            if is_attempt and (request.node + request.attempt) % 3 == 0:
                self.executor.find_up_to_date(request)

    def flow(self) -> None:
        while not self.executor.quiet:
            if self.may_be_up_to_date:
                self.judge()
            self.executor.read(9)
            results, self.executor.outgoing = list(self.executor.outgoing), type(self.executor.outgoing)()
            self.executor._deliver = self.executor.outgoing.append
            if results:
                self.deliver(*results)

    def walk(self, steps: int) -> None:
        self.traversal.begin(0.0)
        self.conclude()
        self.flow()
        for _ in range(steps):
            self.step()
        for _ in range(40 * len(self.graph)):
            for node, process in list(self.executor.alive.items()):
                if self.graph.task(node).service and not process.told:
                    self.deliver(Ready(node, process.attempt, "port"))
            self.flow()
            for node, process in list(self.executor.alive.items()):
                if process.told or not self.graph.task(node).service:
                    self.executor.end(node, EndKind.EXIT, 0, 1.0)
            self.flow()
            self.now += 5.0
            self.traversal.wake(self.now)
            self.conclude()
            self.answer_one()
            self.flow()
        assert self.traversal.settled, f"it hangs: {[self.state.status_of(node).word for node in self.graph.nodes]}"
        assert not self.executor.alive


def walks(count: int) -> None:
    for seed in range(count):
        Walk(seed).walk(30)


def test_a_look_at_what_needs_one_costs_the_same_with_any_number_of_nodes_below_it() -> None:
    graph = dag(" ".join(f"db>n{number}" for number in range(5000)), db=SERVES)
    services = Services(graph, RunState(graph))
    assert services.is_needed(0)
    tracemalloc.start()
    try:
        assert services.is_needed(0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5000


def test_services_in_random_runs() -> None:
    walks(120)


def counts_as_ok_before_it_is_ready(patch: pytest.MonkeyPatch) -> None:
    original = Traversal._run

    def run(self: Traversal, message: Started) -> None:
        original(self, message)
        self._serve(Ready(message.node, message.attempt, ""))

    patch.setattr(Traversal, "_run", run)


def is_never_ended(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Services, "is_needed", lambda _self, _node: True)


def is_ended_while_grandchildren_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Services, "below", lambda self, node: list(self._graph.children(node)))


def is_needed_by_finally_nodes_that_wait_for_its_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Services, "below", lambda self, node: sorted(subtrees(self._graph, (node,)) - {node}))


def is_not_started_again_for_what_runs_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service_ends, "_DONE", frozenset())


@pytest.mark.parametrize(
    "bug",
    [
        counts_as_ok_before_it_is_ready,
        is_never_ended,
        is_ended_while_grandchildren_run,
        is_needed_by_finally_nodes_that_wait_for_its_end,
        is_not_started_again_for_what_runs_again,
    ],
)
def test_random_runs_find(bug: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(bug)
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        walks(120)
