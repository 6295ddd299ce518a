"""Scenes with executors on other machines, whose process may die and be followed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.invariants import same_state
from support.scene import Scene, dag

from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import CommandKind, EndKind, Queued
from dagtui.engine.protocol import Handed
from dagtui.engine.remote_results import REASON_EVERY
from dagtui.engine.resumption import restore
from dagtui.engine.state import RunState
from dagtui.engine.status import ALIVE, UNBEGUN, Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import full_why
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Trigger

if TYPE_CHECKING:
    from dagtui.engine.messages import Result
    from dagtui.graph.model import Graph

SLURM = ExecutorKind.SLURM
FAR = {"executor": "cluster"}


def with_executors(graph: Graph, jobs: int | None = 500, kind: ExecutorKind = SLURM) -> Graph:
    names = {task.executor for task in graph.tasks} - {"local"}
    graph.executors = {name: ExecutorSettings(name, kind, jobs) for name in sorted(names)}
    return graph


def far(ways: str, jobs: int | None = 500, kind: ExecutorKind = SLURM, **tasks: dict[str, object]) -> Scene:
    """Return a scene in which every node that has no other fields is on the cluster."""
    labels = {label for way in ways.split() for label in way.split(">")}
    fields = {label: {**FAR, **tasks.get(label, {})} for label in labels}
    return Scene(with_executors(dag(ways, **fields), jobs, kind), jobs=1)


def tell(scene: Scene, result: Result) -> None:
    scene.traversal.handle(result, scene.now)
    scene._take()


def queue(scene: Scene, label: str, why: str = "job 7: Resources") -> None:
    node = scene.graph.node(label)
    tell(scene, Queued(node, scene.state.attempt[node], why))


def words(scene: Scene, label: str) -> str:
    return full_why(scene.state, scene.graph.node(label), scene.now)


def events_of(scene: Scene, label: str) -> list[NodeEvent]:
    return [e for e in scene.events if isinstance(e, NodeEvent) and e.node == scene.graph.node(label)]


def resumed(
    scene: Scene, away: float = 0.0, again: dict[int, str] | None = None, *more: str
) -> tuple[Scene, list[Handed]]:
    """Let the process of a scene die, and go on with its events."""
    other = Scene.__new__(Scene)
    other.graph, other.now, other.begun = scene.graph, scene.now + 1.0, []
    other.traversal = Traversal(scene.graph, 1)
    other.state = other.traversal.state
    other.state.replay(scene.events)
    other.events, other.effects = list(scene.events), []
    other.traversal.now = scene.now
    keep_going = frozenset((*scene.graph.executors, *more))
    restore(other.traversal, other.now, again or {}, {}, jobs=1, boot="", keep_going=keep_going, away=away)
    other._take()
    handed = other.traversal.handed()
    other.traversal.begin(other.now)
    other._take()
    mirror = RunState(scene.graph, 1)
    mirror.replay(other.events)
    same_state(mirror, other.state)
    return other, handed


def another_reason_is_recorded_later() -> None:
    scene = far("a")
    for why in ("Priority", "Resources"):
        queue(scene, "a", why)
    scene.tick(REASON_EVERY)
    assert words(scene, "a").startswith("queued on cluster: Resources")


def attempts_end_from_outside() -> None:
    scene = far("a", a={"retries": 1})
    for status in (NodeStatus.RETRYING, NodeStatus.FAILED):
        scene.start("a")
        scene.end("a", kind=EndKind.OUTSIDE)
        assert (scene["a"], scene.cause("a")) == (status, Cause.OUTSIDE)
        scene.tick(1)


def in_flight() -> dict[NodeStatus, Scene]:
    """Return scenes in which `x` has an attempt in flight, one for each status that it may have then."""
    condition = "needs.a.status == 'failed' or needs.a.outputs.rows < 5"
    scenes = {
        NodeStatus.FAILED: far("a>x", a={"allow_failure": True}, x={"condition": condition}),
        NodeStatus.SKIPPED: far("a>x", x={"trigger": Trigger.ANY_FAILED}),
    }
    for scene in scenes.values():
        scene.fail("a")
    scenes[NodeStatus.FAILED].command(CommandKind.PAUSE)
    scenes[NodeStatus.FAILED].command(CommandKind.SKIP, "a")
    scenes[NodeStatus.SKIPPED].command(CommandKind.RETRY, "a")
    scenes[NodeStatus.SKIPPED].run("a")
    for status in (*UNBEGUN, *ALIVE, NodeStatus.FAILED_PARENT):
        scene = scenes[status] = far("a>x")
        scene.run("a")
        if status in {NodeStatus.WAITING, NodeStatus.FAILED_PARENT}:
            scene.command(CommandKind.RERUN_ONLY, "a")
        if status is NodeStatus.FAILED_PARENT:
            scene.fail("a")
        if status in ALIVE:
            scene.start("x")
        if status is NodeStatus.CANCELLING:
            scene.command(CommandKind.CANCEL_ALL)
    return scenes


def what_changed_is_stopped_and_runs_again() -> None:
    for status, scene in in_flight().items():
        assert scene["x"] is status
        other, handed = resumed(scene, again={1: "changed since it ran: command"})
        assert Handed(1, 1, 5.0) in handed
        assert (other["x"], other.cause("x")) == (NodeStatus.CANCELLING, Cause.RESTART)
        other.withdrawn("x")
        other.run_all()
        assert not other.state.executor_of


def nodes_run_on_other_machines() -> None:
    """Make all changes that only such nodes make."""
    another_reason_is_recorded_later()
    attempts_end_from_outside()
    what_changed_is_stopped_and_runs_again()
