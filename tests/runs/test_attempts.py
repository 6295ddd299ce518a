from __future__ import annotations

from support.scene import Scene, dag

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import CommandKind, EndKind, Usage
from dagtui.engine.renumbering import Renumbering
from dagtui.engine.status import Cause, NodeStatus
from dagtui.runs.attempts import AttemptResults


def results(scene: Scene, label: str) -> str:
    """`1 failed exit 1, 2 completed succeeded`."""
    found = AttemptResults(len(scene.graph))
    found.learn(scene.events)
    shown = [f"{one.attempt} {one.status.name.lower()} {one.why}" for one in found.of(scene.graph.node(label))]
    return ", ".join(shown)


def test_every_attempt_is_known():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.tick(1.0)
    scene.fail("a")
    assert results(scene, "a") == "1 failed exit 1, 2 failed exit 1"


def test_a_first_success_is_known_also_after_a_rerun():
    scene = Scene(dag("a"))
    scene.run("a")
    scene.command(CommandKind.RERUN, "a")
    assert results(scene, "a") == "1 completed succeeded"
    scene.fail("a")
    assert results(scene, "a") == "1 completed succeeded, 2 failed exit 1"


def test_a_cancelled_attempt_is_known_and_one_that_never_began_is_not():
    scene = Scene(dag("a>b"))
    scene.start("a")
    scene.command(CommandKind.CANCEL_SUBTREE, "a")
    scene.end("a", 15, EndKind.SIGNAL)
    assert results(scene, "a").startswith("1 cancelled")
    assert results(scene, "b") == ""


def test_a_restart_ends_the_attempt_before():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.command(CommandKind.RERUN, "a")
    scene.end("a", 15, EndKind.SIGNAL)
    assert results(scene, "a") == "1 cancelled stopped to run again"
    scene.run("a")
    assert results(scene, "a") == "1 cancelled stopped to run again, 2 completed succeeded"


def test_what_could_not_start_is_known():
    scene = Scene(dag("a"))
    scene.end("a", kind=EndKind.COULD_NOT_START, seconds=0.0)
    assert results(scene, "a") == "1 failed could not start"


def test_times_are_those_of_the_events():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.now = 12.0
    scene.end("a", seconds=2.5)
    found = AttemptResults(1)
    found.learn(scene.events)
    assert found.result(0, 1) == (1, NodeStatus.COMPLETED, "succeeded", 2.5, 12.0, None)
    assert found.result(0, 2) is None


def test_attempts_in_flight_have_no_result():
    scene = Scene(dag("a"))
    scene.start("a")
    assert results(scene, "a") == ""


def test_notes_are_kept_for_the_last_attempt_and_only_a_few():
    found = AttemptResults(2)
    found.learn([NoteEvent(0.0, "of the run"), NoteEvent(0.0, "first", 0, 1), NoteEvent(0.0, "other", 1, 3)])
    found.learn([NoteEvent(0.0, f"note {number}", 0, 2) for number in range(100)])
    assert found.remarks(0, 1) == []
    assert found.remarks(0, 2) == [f"note {number}" for number in range(95, 100)]
    assert found.remarks(1, 3) == ["other"]


def test_what_attempts_used_is_known():
    events = [
        *(NodeEvent(1.0, node, 1, NodeStatus.RUNNING) for node in range(3)),
        NodeEvent(2.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, seconds=1.0, usage=Usage(0.5, 1 << 30, 512, 0)),
        NodeEvent(2.0, 1, 1, NodeStatus.RETRYING, Cause.EXIT, seconds=1.0, usage=Usage(0.25, 0, 0, 0)),
        NodeEvent(2.0, 2, 1, NodeStatus.COMPLETED, Cause.RAN, seconds=1.0),
    ]
    found = AttemptResults(3)
    found.learn(events)
    assert [one.usage for node in range(3) for one in found.of(node)] == [
        Usage(0.5, 1 << 30, 512, 0),
        Usage(0.25, 0, 0, 0),
        None,
    ]
    old, new = dag("a b c"), dag("new a c")
    found.renumber(Renumbering(old, new))
    assert [[one.usage for one in found.of(node)] for node in range(3)] == [[], [Usage(0.5, 1 << 30, 512, 0)], [None]]
