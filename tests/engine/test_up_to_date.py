"""A node that is up to date: done without an attempt, unless a person asks for one."""

from __future__ import annotations

from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind, Ended, EndKind, Started
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.why import full_why, why
from dagtui.runs.wording import counts

SAID = "up to date: 1 input unchanged since run 4"


def up_to_date(scene: Scene, *labels: str) -> None:
    for label in labels:
        node = scene.graph.node(label)
        attempt = scene.state.attempt[node]
        scene.traversal.handle(Ended(node, attempt, EndKind.UP_TO_DATE, text=SAID, outputs={"n": label}), scene.now)
        scene._take()


def test_it_is_done_without_an_attempt_and_hands_on_its_values():
    scene = Scene(dag("a>b"), jobs=1)
    up_to_date(scene, "a")
    assert (scene["a"], scene.cause("a"), scene.attempt("a")) == (NodeStatus.COMPLETED, Cause.UP_TO_DATE, 0)
    assert (scene["b"], scene.submitted()) == (NodeStatus.READY, {"b"})
    assert scene.state.outputs[0] == {"n": "a"}
    assert why(scene.state, 0, 1.0) == SAID
    assert scene.traversal.capacity.free == 0
    scene.run("b")
    assert counts(scene.state) == "2 done (1 up to date)"


def test_what_was_cancelled_while_it_was_judged_is_cancelled():
    scene = Scene(dag("a"))
    scene.command(CommandKind.CANCEL, "a")
    assert scene["a"] is NodeStatus.CANCELLING
    up_to_date(scene, "a")
    assert (scene["a"], scene.attempt("a")) == (NodeStatus.CANCELLED, 0)


def test_what_a_person_lets_run_again_must_run():
    scene = Scene(dag("a>b>c d"))
    up_to_date(scene, "a", "b")
    scene.run("c")
    found = scene.command(CommandKind.RERUN, "a")
    assert (scene.names(found.again), found.released) == ("a b c", ())
    assert scene.names(frozenset(scene.traversal.must_run)) == "a b c"
    scene.start("a")
    assert scene.names(frozenset(scene.traversal.must_run)) == "b c"


def test_a_rerun_that_is_up_to_date_makes_nothing_stale():
    scene = Scene(dag("a>b>c"))
    scene.run("a", "b", "c")
    scene.command(CommandKind.RERUN_ONLY, "b")
    up_to_date(scene, "b")
    assert scene.state.stale_count == 0


def test_the_reason_of_an_attempt_is_kept_until_the_next_one():
    scene = Scene(dag("a"))
    scene.traversal.handle(Started(0, 1, "runs: in.csv changed"), 0.0)
    assert full_why(scene.state, 0, 0.0) == "attempt 1; runs: in.csv changed"
    scene.end("a")
    assert full_why(scene.state, 0, 0.0) == "succeeded; it had to run: in.csv changed"
    scene.command(CommandKind.RERUN, "a")
    scene.run("a")
    assert full_why(scene.state, 0, 0.0) == "succeeded"


def test_missing_outputs_are_a_failure_that_is_explained():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.traversal.handle(Ended(0, 1, EndKind.NO_OUTPUT, text="exit 0, but output x is missing"), 1.0)
    assert (scene["a"], scene.cause("a")) == (NodeStatus.FAILED, Cause.EXIT)
    assert why(scene.state, 0, 1.0) == "exit 0, but output x is missing"
