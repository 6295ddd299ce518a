"""Followers run again when their parents do, and completed nodes below them become stale (rule 9)."""

from __future__ import annotations

import pytest
from engine.test_resumption import Resumed
from support.scene import Scene, dag

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.rules.triggers import find_followers, find_readers
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand

K = CommandKind
ALLOWED = {"allow_failure": True}


def scene_of(ways: str, *failing: str, **tasks: dict[str, object]) -> Scene:
    """Return a scene in which everything ran and some nodes failed."""
    scene = Scene(dag(ways, **tasks))
    while scene.submitted():
        label = min(scene.submitted())
        scene.run(label, value=int(label in failing))
    return scene


def stale(scene: Scene | Resumed) -> str:
    return " ".join(label for node, label in enumerate(scene.graph.labels) if scene.state.stale[node])


FOLLOWERS = {
    "all_done": ({}, {"trigger": "all_done"}),
    "any_failed": ({}, {"trigger": "any_failed"}),
    "any_success, of which another parent succeeded": ({}, {"trigger": "any_success"}),
    "below a failure that is allowed": (ALLOWED, {}),
    "asks for a status": (ALLOWED, {"action": ShellCommand("echo {{ needs.a.status }}")}),
}


@pytest.mark.parametrize("kind", [K.RETRY, K.RERUN_ONLY, K.RERUN])
@pytest.mark.parametrize("name", FOLLOWERS)
def test_what_ran_because_of_a_failure_runs_again_with_it(name: str, kind: CommandKind) -> None:
    above, follower = FOLLOWERS[name]
    scene = scene_of("a>n>m b>n", "a", a=above, n=follower)
    assert (scene["n"], scene["m"]) == (NodeStatus.COMPLETED, NodeStatus.COMPLETED)
    found = scene.preview(kind, "a")
    assert scene.names(found.again) == ("a n m" if kind is K.RERUN else "a n")
    scene.command(kind, "a", expected=found.kills_and_reruns)
    scene.fail("a")
    scene.run_all()
    assert scene.attempt("n") == 2
    assert stale(scene) == ("" if kind is K.RERUN else "m")


def test_retry_all_failed_runs_again_what_ran_because_of_them() -> None:
    scene = scene_of("a>n>m", "a", n={"trigger": "all_done"})
    assert scene.names(scene.preview(K.RETRY_FAILED).again) == "a n"


def test_what_ran_because_something_failed_is_skipped_when_nothing_did() -> None:
    scene = scene_of("a>alert>ticket", "a", alert={"trigger": "any_failed"})
    scene.command(K.RETRY, "a")
    scene.run_all()
    assert (scene["alert"], scene.cause("alert")) == (NodeStatus.SKIPPED, Cause.NOTHING_FAILED)
    assert stale(scene) == "ticket"


def test_what_ran_although_a_node_was_blocked_runs_again_when_that_is_released() -> None:
    scene = scene_of("a>b>n", "a", n={"trigger": "all_done"})
    assert scene["b"] is NodeStatus.FAILED_PARENT
    found = scene.preview(K.RETRY, "a")
    assert [scene.names(nodes) for nodes in (found.again, found.released)] == ["a n", "b"]


@pytest.mark.parametrize("decide", [K.CANCEL, K.SKIP])
def test_what_ran_although_a_person_had_a_parent_not_run_runs_again_when_it_does(decide: CommandKind) -> None:
    scene = Scene(dag("z>a>n", n={"trigger": "all_done"}))
    scene.command(decide, "a")
    scene.run("z", "n")
    assert scene.names(scene.preview(K.RETRY, "a").again) == "n"


def test_what_a_failure_that_stops_the_run_cancelled_makes_its_followers_run_again() -> None:
    scene = Scene(dag("a>c>d b>n", keep_going=False, n={"trigger": "all_done"}), jobs=1)
    scene.fail("a")
    scene.run_all()
    assert (scene["b"], scene["n"]) == (NodeStatus.CANCELLED, NodeStatus.COMPLETED)
    assert scene.names(scene.preview(K.RETRY, "a").again) == "a n"


def test_a_failure_that_is_allowed_runs_again_with_what_it_followed() -> None:
    scene = scene_of("a>alert>next", "a", "alert", alert={"trigger": "any_failed", "allow_failure": True})
    assert scene["alert"] is NodeStatus.FAILED
    assert scene.names(scene.preview(K.RETRY, "a").again) == "a alert next"


def test_a_parent_that_completed_leaves_what_followed_it_stale() -> None:
    scene = scene_of("a>n>m", n={"trigger": "all_done"})
    scene.command(K.RERUN_ONLY, "a")
    scene.run_all()
    assert (scene.attempt("n"), stale(scene)) == (1, "n m")


def test_a_parent_that_is_expected_to_be_skipped_again_changes_nothing() -> None:
    for failing in (), ("a",):
        scene = scene_of(
            "a>alert>n", *failing, a=ALLOWED, alert={"trigger": "any_failed"}, n={"trigger": "none_failed"}
        )
        assert scene["alert"] is NodeStatus.SKIPPED
        assert scene.names(scene.preview(K.RERUN_ONLY, "a").again) == "a"


def test_what_a_person_marked_did_not_run_and_stays() -> None:
    scene = Scene(dag("a>n", n={"trigger": "all_done"}))
    scene.command(K.MARK_DONE, "n")
    scene.fail("a")
    assert scene.names(scene.preview(K.RETRY, "a").again) == "a"


def test_a_command_whose_followers_have_changed_is_shown_again() -> None:
    scene = Scene(dag("a>n", n={"trigger": "all_done"}))
    scene.fail("a")
    expected = scene.preview(K.RETRY, "a").kills_and_reruns
    scene.run("n")
    assert scene.command(K.RETRY, "a", expected=expected).changed


@pytest.mark.parametrize(
    "fields",
    [
        {"action": ShellCommand("echo '{{needs.a.status}}'")},
        {"action": ArgumentList(("echo", "{{ needs.a.status }}"))},
        {"action": PythonCall("m:f", {"how": ["{{ needs.a.status }}"]})},
        {"env": {"HOW": "{{ needs.a.status }}"}},
        {"cwd": "{{ needs.a.status }}"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_task_that_asks_for_a_status_is_a_follower(fields: dict[str, object]) -> None:
    assert find_followers(dag("a>n", n=fields)) == b"\0\1"


def test_a_graph_without_followers_costs_nothing() -> None:
    assert find_followers(dag("a>b", b={"action": ShellCommand("echo needs. {{{{ needs.a.status }}")})) == b""


# When a run is resumed


def taken_up(scene: Scene) -> Resumed:
    run = Resumed(scene.graph, scene.events)
    run.continue_run()
    return run


@pytest.mark.parametrize("name", sorted(FOLLOWERS.keys() - {"below a failure that is allowed", "asks for a status"}))
def test_a_resumed_run_runs_again_what_ran_because_of_a_failure(name: str) -> None:
    _, follower = FOLLOWERS[name]
    run = taken_up(scene_of("a>n>m b>n", "a", n=follower))
    run.let_end()
    n = run.graph.node("n")
    assert (run.state.attempt[n], stale(run)) == ((1, "m") if name == "any_failed" else (2, "m"))
    assert run.state.cause_of(n) is (Cause.NOTHING_FAILED if name == "any_failed" else Cause.RAN)


def test_a_resumed_run_leaves_allowed_failures_and_their_children() -> None:
    run = taken_up(scene_of("a>n b", "a", "b", a=ALLOWED))
    run.let_end()
    assert sorted(run.begun) == [(run.graph.node("b"), 2)]
    assert run.state.status_of(0) is NodeStatus.FAILED


def test_an_allowed_failure_that_was_in_flight_runs_again() -> None:
    scene = Scene(dag("a>n", a=ALLOWED))
    scene.start("a")
    run = taken_up(scene)
    run.let_end()
    assert run.begun == [(0, 2), (1, 1)]


def test_a_partly_restored_run_forgets_no_follower() -> None:
    """`far` follows an allowed failure, which follows a failure. Resets must be recorded from the last to the first."""
    scene = scene_of("a>alert>far", "a", "alert", alert={"trigger": "any_failed", "allow_failure": True})
    whole = Resumed(scene.graph, scene.events)
    for length in range(len(scene.events), whole.seam):
        part = Resumed(scene.graph, whole.records[:length])
        assert part.state.status == whole.state.status


# Nodes that a person cancelled


def test_what_a_person_cancelled_stays_cancelled() -> None:
    scene = Scene(dag("a>b c>d e"), jobs=9)
    scene.command(K.CANCEL, "a")
    scene.withdrawn("a")
    scene.command(K.CANCEL_SUBTREE, "c")
    scene.command(K.CANCEL_ALL)
    run = taken_up(scene)
    run.let_end()
    assert [run.state.status_of(node).word for node in range(5)] == [
        *["cancelled", "blocked", "cancelled", "cancelled", "done"]
    ]
    assert run.state.marks == {0: (1,), 2: (2,), 3: (2,)}


def test_what_was_being_stopped_is_cancelled_and_its_number_used_up() -> None:
    scene = Scene(dag("a"))
    scene.start("a")
    scene.command(K.CANCEL, "a")
    run = taken_up(scene)
    assert (run.state.status_of(0), run.state.attempt[0]) == (NodeStatus.CANCELLED, 1)
    run.traversal.handle(Command(K.RETRY, (0,)), run.now)
    run.conclude()
    run.let_end()
    assert run.begun == [(0, 2)]


READER = {"action": ShellCommand("echo {{ needs.a.outputs.n or 'none' }}")}


@pytest.mark.parametrize("kind", [K.RETRY, K.RETRY_FAILED])
def test_what_used_a_default_for_a_failed_ancestor_runs_again_with_it(kind: CommandKind) -> None:
    scene = scene_of("a>b>c>d b>e", "a", b={"trigger": "all_done"}, c=READER)
    found = scene.preview(kind, *([] if kind is K.RETRY_FAILED else ["a"]))
    assert scene.names(found.again) == "a b c"
    scene.command(kind, *([] if kind is K.RETRY_FAILED else ["a"]))
    scene.run_all()
    assert stale(scene) == "d e"


def test_what_used_a_value_becomes_stale_when_only_its_source_runs_again() -> None:
    scene = scene_of("a>b>c", c=READER)
    assert scene.names(scene.preview(K.RERUN_ONLY, "a").again) == "a"
    scene.command(K.RERUN_ONLY, "a")
    scene.run_all()
    assert stale(scene) == "b c"


def test_what_used_a_value_of_an_ancestor_is_found_once() -> None:
    graph = dag("a>b>c a>d", c=READER, d=READER)
    assert find_readers(graph) == {0: [2]}
    assert find_readers(dag("a>b", b={"action": ShellCommand("echo {{ needs.a.status }}")})) == {}
