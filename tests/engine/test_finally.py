"""Finally nodes: they begin when every other node is settled, after a cancel too, and run again (rule 12)."""

from __future__ import annotations

import pytest
from engine.test_resumption import Resumed
from support.scene import Scene, dag

from dagtui.engine.finally_nodes import run_values
from dagtui.engine.messages import CommandKind
from dagtui.engine.resumption import restore
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.targets import Targets, with_finally
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.graph.gates import Gate

K = CommandKind
LAST = {"is_finally": True}


def test_they_begin_when_all_others_have_ended_however_they_did():
    scene = Scene(dag("a>b c f>g", f=LAST, g=LAST))
    assert why(scene.state, scene.graph.node("f"), 0.0) == "runs when all others have ended: 3 to go"
    scene.fail("a")
    assert (scene["b"], scene["f"]) == (NodeStatus.FAILED_PARENT, NodeStatus.WAITING)
    scene.run("c")
    assert scene.submitted() == {"f"}
    assert run_values(scene.state, {"number": 3}) == {"verdict": "failed", "failed": ("a",), "number": 3}
    scene.run("f", "g")
    assert scene.traversal.settled
    assert scene.state.verdict() is Verdict.FAILED


def test_they_begin_at_once_where_there_is_nothing_else():
    assert Scene(dag("f", f=LAST)).submitted() == {"f"}


def test_a_failure_of_one_is_a_failure_of_the_run():
    scene = Scene(dag("a f", f=LAST))
    scene.run("a")
    scene.fail("f")
    assert scene.state.verdict() is Verdict.FAILED


def test_they_run_again_when_a_retry_has_woken_another_node():
    scene = Scene(dag("a f>g", f=LAST, g=LAST))
    scene.fail("a")
    scene.run("f", "g")
    found = scene.preview(K.RETRY, "a")
    assert scene.names(found.again) == "a f g"
    scene.command(K.RETRY, "a", expected=found.kills_and_reruns)
    assert (scene["f"], scene["g"]) == (NodeStatus.WAITING, NodeStatus.WAITING)
    scene.run("a", "f", "g")
    assert (scene.attempt("f"), scene.state.verdict()) == (2, Verdict.COMPLETED)


def test_one_that_runs_finishes_before_it_waits_again():
    scene = Scene(dag("a f", f=LAST))
    scene.fail("a")
    scene.start("f")
    scene.command(K.RETRY, "a")
    assert scene["f"] is NodeStatus.RUNNING
    scene.end("f")
    assert scene["f"] is NodeStatus.WAITING
    scene.run("a", "f")
    assert scene.attempt("f") == 2


def test_a_failure_of_one_that_runs_again_stops_nothing():
    scene = Scene(dag("a f", keep_going=False, f=LAST), jobs=1)
    scene.run("a")
    scene.start("f")
    scene.command(K.RERUN, "a")
    scene.end("f", 1)
    assert (scene["f"], scene.submitted()) == (NodeStatus.WAITING, {"a"})
    scene.run("a", "f")
    assert scene.state.verdict() is Verdict.COMPLETED


def test_a_failure_of_one_leaves_the_first_failure_of_another_task_to_stop_the_run():
    scene = Scene(dag("a b f", keep_going=False, f=LAST), jobs=1)
    scene.run_all()
    scene.command(K.RERUN, "f")
    scene.fail("f")
    scene.command(K.RERUN, "a", "b")
    first = scene.submitted().pop()
    scene.fail(first)
    assert scene["b" if first == "a" else "a"] is NodeStatus.CANCELLED


def test_those_that_join_a_settled_run_begin_though_what_joins_with_them_is_skipped_at_once():
    scene = Scene(dag("a>f>g b>g", b={"trigger": "any_failed"}, f=LAST, g=LAST), targets=("a",))
    scene.run("a")
    scene.command(K.RETRY, "g")
    assert (scene["b"], scene.submitted()) == (NodeStatus.SKIPPED, {"f"})


def test_a_retry_of_a_blocked_one_runs_what_blocks_it_again_though_others_join():
    scene = Scene(dag("a>f c", f=LAST), targets=("a", "f"))
    scene.fail("a")
    assert scene["f"] is NodeStatus.FAILED_PARENT
    scene.command(K.RETRY, "c", "f")
    assert scene.submitted() == {"a", "c"}


@pytest.mark.parametrize("condition", ["run.verdict == 'failed'", "run.verdict != 'completed'", "'x' == 'y'"])
@pytest.mark.parametrize("joins", [["b"], []])
def test_a_retry_of_a_skipped_one_runs_it_though_others_join(condition: str, joins: list[str]):
    scene = Scene(dag("a f b", f=LAST | {"condition": condition}), targets=("a", "f"))
    scene.run("a")
    assert (scene["f"], scene.cause("f")) == (NodeStatus.SKIPPED, Cause.CONDITION)
    scene.command(K.RETRY, *joins, "f")
    scene.run(*joins)
    assert scene.submitted() == {"f"}


@pytest.mark.parametrize("joins", [["b"], []])
def test_a_retry_of_what_blocks_one_asks_no_condition_though_others_join(joins: list[str]):
    scene = Scene(dag("a f>g b", f=LAST | {"condition": "env.NOT_SET > 3"}, g=LAST), targets=("a", "g"))
    scene.run("a")
    assert (scene.cause("f"), scene["g"]) == (Cause.CONDITION, NodeStatus.FAILED_PARENT)
    scene.command(K.RETRY, *joins, "g")
    scene.run(*joins)
    assert scene.submitted() == {"f"}


@pytest.mark.parametrize("is_finally", [True, False])
@pytest.mark.parametrize("condition", ["env.NOT_SET > 3", "'x' == 'y'"])
def test_a_retry_of_one_that_its_condition_kept_back_retries_nothing_above_it(condition: str, is_finally: bool):
    scene = Scene(dag("a>f", f={"is_finally": is_finally, "condition": condition}))
    scene.fail("a")
    assert scene.cause("f") is Cause.CONDITION
    found = scene.preview(K.RETRY, "f")
    assert [scene.names(nodes) for nodes in (found.again, found.released, found.blocked)] == ["", "", "f"]
    scene.command(K.RETRY, "f")
    assert (scene["a"], scene["f"], scene.blocker("f")) == (NodeStatus.FAILED, NodeStatus.FAILED_PARENT, "a")
    scene.command(K.RETRY, "f")
    scene.run("a", "f")


def test_one_waits_for_what_a_command_releases_as_it_ends_the_rest():
    asks = {"action": Gate("Go on?")}
    scene = Scene(dag("c>f a>b", c=asks, a={"trigger": "any_failed"}, f=LAST))
    assert (scene["a"], scene["b"]) == (NodeStatus.SKIPPED, NodeStatus.SKIPPED)
    scene.command(K.MARK_DONE, "c", "a")
    assert (scene["f"], scene.submitted()) == (NodeStatus.WAITING, {"b"})


def test_what_a_person_said_of_one_stays():
    scene = Scene(dag("a f", f=LAST))
    scene.command(K.SKIP, "f")
    scene.fail("a")
    scene.command(K.RETRY, "a")
    scene.run("a")
    assert (scene["f"], scene.traversal.settled) == (NodeStatus.SKIPPED, True)


def test_a_retry_of_one_runs_it_alone():
    scene = Scene(dag("a f", f=LAST))
    scene.run("a")
    scene.fail("f")
    scene.command(K.RETRY, "f")
    assert scene.submitted() == {"f"}


@pytest.mark.parametrize("cancels", [1, 2])
def test_a_second_cancel_of_the_run_cancels_them_too(cancels: int):
    scene = Scene(dag("a b>c f", f=LAST), jobs=1)
    scene.start("a" if "a" in scene.submitted() else "b")
    for _ in range(cancels):
        scene.command(K.CANCEL_ALL)
    scene.end(scene.begun[0], 1)
    scene.run_all()
    assert scene["f"] is (NodeStatus.COMPLETED if cancels == 1 else NodeStatus.CANCELLED)
    assert scene.state.verdict() is Verdict.CANCELLED
    scene.command(K.RETRY, scene.begun[0])
    assert scene["f"] is NodeStatus.WAITING


def test_a_cancel_of_the_run_cancels_them_when_only_they_are_left():
    scene = Scene(dag("a f", f=LAST))
    scene.run("a")
    scene.start("f")
    scene.command(K.CANCEL_ALL)
    assert scene["f"] is NodeStatus.CANCELLING


def test_a_cancel_of_a_paused_run_ends_the_pause_so_that_they_run():
    scene = Scene(dag("a>b f g", f=LAST, g=LAST))
    scene.start("a")
    scene.command(K.PAUSE)
    assert scene.names(scene.preview(K.CANCEL_ALL).begins) == "f g"
    assert scene.state.paused
    scene.command(K.CANCEL_ALL)
    assert scene.slots() == [4]
    scene.end("a", 1)
    assert (scene.state.paused, scene.submitted()) == (False, {"f", "g"})
    replayed = RunState(scene.graph, 4)
    replayed.replay(scene.events)
    assert not replayed.paused
    scene.command(K.PAUSE)
    scene.command(K.CANCEL_ALL)
    assert scene.state.paused


def test_a_cancel_of_a_paused_run_after_which_none_runs_leaves_it_paused():
    scene = Scene(dag("a f", f=LAST))
    scene.command(K.SKIP, "f")
    scene.command(K.PAUSE)
    scene.command(K.CANCEL_ALL)
    assert scene.state.paused


def test_the_first_failure_leaves_them_to_run():
    scene = Scene(dag("a>b c>f", keep_going=False, f=LAST), jobs=1)
    scene.fail("a" if "a" in scene.submitted() else "c")
    scene.run_all()
    assert NodeStatus.CANCELLED in {scene["b"], scene["c"], scene["a"]}
    assert scene["f"].settled


def test_a_cancel_of_a_subtree_stops_at_them():
    scene = Scene(dag("a>b>f", f={**LAST, "trigger": "none_failed"}))
    scene.command(K.CANCEL_SUBTREE, "a")
    assert not scene.marks("f")


def test_they_may_need_others_and_have_conditions():
    ends = {"f": {"trigger": "any_failed"}, "g": {"condition": "run.verdict == 'failed'"}}
    tasks = {**ends, "h": {"condition": "'b' in run.failed"}}
    scene = Scene(dag("a b>f g h", **{label: LAST | fields for label, fields in tasks.items()}))
    scene.fail("b")
    assert scene["f"] is NodeStatus.WAITING
    scene.run("a")
    assert scene.submitted() == {"f", "g", "h"}
    scene.run("f", "g", "h")
    scene.command(K.RETRY, "b")
    scene.run("b")
    assert [scene.cause(label) for label in "fgh"] == [Cause.NOTHING_FAILED, Cause.CONDITION, Cause.CONDITION]
    assert (
        why(scene.state, scene.graph.node("g"), 0.0)
        == "run.verdict == 'failed' is false (run.verdict is \"completed\")"
    )


def test_they_run_for_named_nodes_if_what_they_need_does():
    graph = dag("a b>g f h", f=LAST, g=LAST, h={**LAST, "default": False})
    a, f = graph.node("a"), graph.node("f")
    targets = with_finally(graph, Targets((a,), ("a",)))
    assert targets.nodes == (a, f)
    scene = Scene(graph, targets=("a", "f"))
    scene.run("a", "f")
    assert scene.traversal.settled


def test_a_resumed_run_runs_them_again_if_anything_else_runs():
    scene = Scene(dag("a b f g", f=LAST, g=LAST))
    scene.fail("a")
    scene.run("b", "f", "g")
    run = Resumed(scene.graph, scene.events)
    run.continue_run()
    run.let_end()
    graph = run.graph
    assert [run.state.attempt[graph.node(label)] for label in "abfg"] == [2, 1, 2, 2]
    again = Resumed(graph, run.records)
    again.continue_run()
    again.let_end()
    assert not again.begun


def test_a_resume_resets_them_at_once_and_uses_no_number_again():
    """What runs again is counted, and said, before the run goes on."""
    scene = Scene(dag("a b f g h", f=LAST, g=LAST | {"allow_failure": True}, h=LAST))
    scene.command(K.MARK_DONE, "h")
    scene.fail("a")
    scene.run("b", "f")
    scene.fail("g")
    node = scene.graph.node
    run = Resumed(scene.graph, scene.events, used={node("f"): 4})
    waiting = NodeStatus.WAITING
    assert [run.state.status_of(node(label)) for label in "afg"] == [waiting, waiting, waiting]
    assert {run.state.status_of(node(label)) for label in "bh"} == {NodeStatus.COMPLETED}
    run.continue_run()
    run.let_end()
    assert set(run.begun) == {(node("a"), 2), (node("f"), 5), (node("g"), 2)}


def test_a_resume_for_more_nodes_runs_them_again():
    scene = Scene(dag("a b f", f=LAST), targets=("a", "f"))
    scene.run("a", "f")
    b, f = scene.graph.node("b"), scene.graph.node("f")
    run = Traversal(scene.graph)
    run.state.replay(scene.events)
    restore(run, 9.0, {}, {}, jobs=1, boot="", targets=Targets((b,), ("b",)))
    assert run.state.status_of(f) is NodeStatus.WAITING


def test_a_resume_in_which_only_they_run_leaves_those_that_are_done():
    scene = Scene(dag("a f g", f=LAST, g=LAST))
    scene.run("a", "f")
    scene.fail("g")
    run = Resumed(scene.graph, scene.events)
    run.continue_run()
    run.let_end()
    assert run.begun == [(scene.graph.node("g"), 2)]


def test_an_event_costs_the_same_with_many_others():
    """Each end looks at no other node, however many finally nodes wait."""
    last = {f"f{number}": LAST for number in range(50)}
    scene = Scene(dag(" ".join([*(f"n{number}" for number in range(200)), *last]), **last), jobs=1)
    nodes = scene.traversal.finally_nodes
    assert nodes is not None
    looked_at: list[int] = []
    nodes._ran = lambda node: bool(looked_at.append(node))  # type: ignore[method-assign]
    for number in range(199):
        scene.run(next(iter(scene.submitted())))
        assert not looked_at, number
    scene.run(next(iter(scene.submitted())))
    assert len(scene.state.graph.nodes) - scene.state.unsettled == 200
