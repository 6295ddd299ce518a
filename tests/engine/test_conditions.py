"""Conditions in a run: when they are decided, what they skip and fail, and what a retry does (rule 8)."""

from __future__ import annotations

import pytest
from engine.test_resumption import Resumed
from support.scene import Scene, dag

from dagtui.engine.conditions import Conditions
from dagtui.engine.messages import CommandKind, Ended, EndKind, Started
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, Task

K = CommandKind
SKIPPED, FAILED = (NodeStatus.SKIPPED, Cause.CONDITION), (NodeStatus.FAILED, Cause.CONDITION)


def when(condition: str, **fields: object) -> dict[str, object]:
    return {"condition": condition, **fields}


def now(scene: Scene, label: str) -> tuple[NodeStatus, Cause]:
    return scene[label], scene.cause(label)


def reason(scene: Scene, label: str) -> str:
    return why(scene.state, scene.graph.node(label), scene.now)


def hand_on(scene: Scene, label: str, **outputs: str) -> None:
    """Let an attempt succeed and hand on values."""
    node = scene.graph.node(label)
    attempt = scene.state.attempt[node]
    scene.traversal.handle(Started(node, attempt), scene.now)
    scene.traversal.handle(Ended(node, attempt, EndKind.EXIT, outputs=outputs), scene.now)
    scene._take()


def test_what_reads_nothing_of_the_run_is_decided_when_it_begins():
    scene = Scene(dag("a>b>c a>n", b=when("'' == 'x'"), n=when("true")))
    assert now(scene, "b") == SKIPPED
    assert now(scene, "c") == (NodeStatus.SKIPPED, Cause.PROPAGATED)
    assert scene["n"] is NodeStatus.WAITING
    assert reason(scene, "b") == "'' == 'x' is false"
    scene.fail("a")
    assert now(scene, "b") == SKIPPED


def test_a_status_is_compared_once_the_trigger_lets_the_node_run():
    scene = Scene(dag("a>n b>n", n=when("needs.a.status == 'failed'", trigger="all_done")))
    scene.fail("a")
    assert scene["n"] is NodeStatus.WAITING
    scene.run("b")
    assert scene.submitted() == {"n"}


def test_an_output_decides_and_the_reason_says_what_it_was():
    scene = Scene(dag("a>n>m", n=when("needs.a.outputs.rows > 100")))
    hand_on(scene, "a", rows="12")
    assert now(scene, "n") == SKIPPED
    assert reason(scene, "n") == 'needs.a.outputs.rows > 100 is false (needs.a.outputs.rows is "12")'
    assert scene["m"] is NodeStatus.SKIPPED
    scene.command(K.RERUN_ONLY, "a")
    assert scene["n"] is NodeStatus.WAITING
    hand_on(scene, "a", rows="120")
    assert scene.submitted() == {"n"}


def test_a_condition_waits_for_the_parents_that_it_reads():
    scene = Scene(dag("a>n b>n", n=when("needs.b.status == 'completed'", trigger="any_success")))
    scene.run("a")
    assert scene["n"] is NodeStatus.WAITING
    scene.fail("b")
    assert now(scene, "n") == SKIPPED


def test_a_condition_without_an_answer_fails_the_node_and_is_not_retried():
    scene = Scene(dag("a>n>m", n=when("needs.a.outputs.rows > 3", retries=3)))
    scene.run("a")
    assert now(scene, "n") == FAILED
    assert scene["m"] is NodeStatus.FAILED_PARENT
    assert reason(scene, "n").startswith("could not start: needs.a.outputs.rows > 3: needs.a.outputs.rows is not set")
    assert reason(scene, "m").startswith("blocked by n (could not start")


def test_a_condition_without_an_answer_is_a_first_failure():
    scene = Scene(dag("a>n b c", keep_going=False, n=when("needs.a.outputs.rows > 3")), jobs=1)
    scene.run("a")
    assert (now(scene, "n"), scene["c"]) == (FAILED, NodeStatus.CANCELLED)
    scene.command(K.RETRY, "n")
    assert (scene["n"], scene["c"]) == (NodeStatus.READY, NodeStatus.READY)


@pytest.mark.parametrize("condition", ["'' == 'x'", "env.NOT_SET > 3"])
def test_a_retry_runs_a_node_whatever_its_condition_says(condition: str):
    scene = Scene(dag("a>n>m", n=when(condition)))
    assert scene.cause("n") is Cause.CONDITION
    assert "retry it to run it anyway" in str(scene.preview(K.RERUN_ONLY, "n").nothing)
    scene.command(K.RETRY, "n")
    assert scene["n"] is NodeStatus.WAITING, "its parent has not ended"
    scene.run("a", "n")
    assert (scene["n"], scene.submitted()) == (NodeStatus.COMPLETED, {"m"})
    scene.command(K.RERUN, "a")
    assert scene["n"] is NodeStatus.WAITING
    scene.fail("a")
    assert scene["n"] is NodeStatus.FAILED_PARENT


def test_a_retry_of_what_failed_asks_the_condition_again():
    scene = Scene(dag("a>n", a={"allow_failure": True}, n=when("needs.a.status == 'failed'")))
    scene.fail("a", "n")
    scene.command(K.RERUN_ONLY, "a")
    scene.run("a")
    scene.command(K.RETRY, "n")
    assert now(scene, "n") == SKIPPED


def test_what_a_person_says_of_a_parent_is_read_too():
    scene = Scene(dag("a>n", a={"allow_failure": True}, n=when("needs.a.status == 'skipped'")))
    scene.fail("a")
    assert now(scene, "n") == SKIPPED
    scene.command(K.SKIP, "a")
    assert scene.submitted() == {"n"}


def test_a_node_that_read_how_a_parent_ended_runs_again_with_it():
    scene = Scene(dag("a>n>m", a={"allow_failure": True}, n=when("needs.a.status == 'failed'")))
    scene.fail("a")
    scene.run("n", "m")
    found = scene.preview(K.RETRY, "a")
    assert scene.names(found.again) == "a n"
    scene.command(K.RETRY, "a", expected=found.kills_and_reruns)
    scene.run("a")
    assert now(scene, "n") == SKIPPED


def test_variables_are_those_of_the_task_and_of_the_start_of_the_run():
    condition = "env.HERE == 'x-1' and env.THERE == 'y' and matrix.seed == 1"
    tasks = [Task("a", env={"HERE": "x-{{ matrix.seed }}"}, condition=condition)]
    graph = Graph(["a1", "a2"], [], tasks=tasks, task_of=[0, 0], cells=[(("seed", 1),), (("seed", 2),)])
    environment = {"THERE": "y"}
    traversal = Traversal(graph)
    traversal.conditions = Conditions(graph, environment)
    traversal.begin(0.0)
    assert [traversal.state.status_of(node) for node in (0, 1)] == [NodeStatus.READY, NodeStatus.SKIPPED]
    assert why(traversal.state, 1, 0.0) == "env.HERE == 'x-1' is false (env.HERE is \"x-2\")"


def test_secrets_are_redacted_in_reasons():
    graph = dag("a", a=when("env.TOKEN == 'hunter2' or env.TOKEN == 'swordfish'"))
    traversal = Traversal(graph)
    traversal.conditions = Conditions(graph, {"TOKEN": "sesame"})
    traversal.mask = lambda text: text.replace("hunter2", "***").replace("sesame", "***")
    traversal.begin(0.0)
    assert "hunter2" not in traversal.state.why[0]
    assert "sesame" not in str(traversal.take()[0])


def test_a_resumed_run_asks_again_but_not_what_was_retried():
    scene = Scene(dag("a>n b", n=when("'' == 'x'"), b=when("'' == 'x'")))
    scene.command(K.RETRY, "n")
    scene.fail("a")
    run = Resumed(scene.graph, scene.events)
    assert run.state.bypassed == {scene.graph.node("n")}
    run.continue_run()
    run.let_end()
    assert [run.state.status_of(node).word for node in range(3)] == ["done", "done", "skipped"]


def test_a_gate_that_runs_because_a_condition_without_an_answer_cancelled_its_parent_asks_at_once():
    gate = {"trigger": "any_failed", "action": Gate("Go on?")}
    scene = Scene(dag("a>g n", keep_going=False, n=when("env.NOT_SET > 3"), g=gate))
    assert (now(scene, "n"), scene["a"]) == (FAILED, NodeStatus.CANCELLED)
    assert now(scene, "g") == (NodeStatus.READY, Cause.ASKS)


def test_an_attempt_that_began_before_its_condition_failed_the_node_is_stopped_and_the_node_failed_again():
    graph = dag("p>a>n", a={"trigger": "any_failed"}, n=when("needs.a.outputs.rows < 5", trigger="all_done"))
    scene = Scene(graph)
    scene.fail("p")
    hand_on(scene, "a", rows="1")
    scene.command(K.MARK_DONE, "p")
    scene.command(K.RERUN_ONLY, "a")
    assert (scene["a"], now(scene, "n"), scene.withdraws()) == (NodeStatus.SKIPPED, FAILED, ["n"])
    scene.start("n")
    assert (now(scene, "n"), scene.stops()) == ((NodeStatus.CANCELLING, Cause.WITHDRAWN), {"n": 5.0})
    scene.end("n", 15, EndKind.SIGNAL)
    assert (now(scene, "n"), scene.submitted()) == (FAILED, set())
    assert scene.traversal.settled
