"""Previews list the exact nodes, change nothing, and a command does no more than its preview."""

from __future__ import annotations

import pytest
from engine.machine import STEERING, TARGETLESS, snapshot
from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind, EndKind
from dagtui.engine.status import NodeStatus
from dagtui.runs.wording import done

K = CommandKind


def busy() -> Scene:
    """Return nodes in all kinds of status: b failed, its child d is blocked, c is running with a waiting child e."""
    scene = Scene(dag("a>b>d a>c>e a>f>g", b={"grace": 1.0}))
    scene.run("a")
    scene.fail("b")
    scene.run("f")
    scene.start("c")
    return scene


def test_a_preview_of_any_command_changes_nothing():
    scene = busy()
    before = snapshot(scene.state), snapshot(scene.traversal)
    watch = scene.state.watch()
    watch.nodes.clear()
    for kind in K:
        for label in scene.graph.labels:
            scene.preview(kind, *([] if kind in {K.CANCEL_ALL, K.RETRY_FAILED} else [label]))
    assert (snapshot(scene.state), snapshot(scene.traversal)) == before
    assert not watch.nodes
    scene.state.unwatch(watch)


def test_a_preview_of_rerun_tells_what_runs_again_and_what_is_stopped():
    found = busy().preview(K.RERUN, "a")
    assert (found.again, found.stopped) == ((0, 1, 3, 5), (3,))
    assert found.kills_and_reruns == {0, 1, 3, 5}
    assert found.kept == ()


def test_a_preview_of_rerun_only_tells_what_is_kept():
    scene = busy()
    found = scene.preview(K.RERUN_ONLY, "a")
    assert scene.names(found.again) == "a"
    assert (scene.names(found.kept), found.makes_stale) == ("f", True)
    assert not scene.preview(K.CANCEL_SUBTREE, "a").makes_stale


def test_a_preview_of_retry_tells_what_is_released_and_kept():
    scene = Scene(dag("a>b>d a>n>m", n={"trigger": "all_done"}))
    scene.fail("a")
    scene.run("n", "m")
    found = scene.preview(K.RETRY, "a")
    assert [scene.names(nodes) for nodes in (found.again, found.released, found.kept)] == ["a n", "b d", "m"]


def test_a_preview_of_retry_all_failed_tells_what_is_kept_below_them():
    scene = Scene(dag("a>b>d a>n>m c", n={"trigger": "all_done"}))
    scene.fail("a")
    scene.run("n", "m", "c")
    found = scene.preview(K.RETRY_FAILED)
    assert [scene.names(nodes) for nodes in (found.again, found.released, found.kept)] == ["a n", "b d", "m"]


def test_a_preview_of_retry_of_a_blocked_node_names_its_root_cause():
    scene = Scene(dag("a>b>d"))
    scene.fail("a")
    found = scene.preview(K.RETRY, "d")
    assert [scene.names(nodes) for nodes in (found.again, found.released)] == ["a", "b d"]


def test_a_preview_of_cancel_subtree_tells_what_is_stopped_and_dropped():
    scene = busy()
    found = scene.preview(K.CANCEL_SUBTREE, "a")
    assert [scene.names(nodes) for nodes in (found.stopped, found.dropped)] == ["c g", "e"]
    assert scene.names(found.kept) == "a f"


def test_what_is_derived_from_a_command_is_part_of_its_preview():
    scene = Scene(dag("a>b>c"))
    found = scene.preview(K.SKIP, "b")
    assert [scene.names(nodes) for nodes in (found.dropped, found.released)] == ["b", ""]
    scene.fail("a")
    found = scene.preview(K.SKIP, "b")
    assert scene.names(found.released) == "c"


@pytest.mark.parametrize(
    ("kind", "begins", "blocked"),
    [(K.CANCEL_SUBTREE, "alert cleanup", ""), (K.CANCEL, "alert cleanup", "b c"), (K.CANCEL_ALL, "", "")],
)
@pytest.mark.parametrize("running", [True, False])
def test_a_preview_of_a_cancel_names_what_it_lets_run(kind: CommandKind, begins: str, blocked: str, running: bool):
    scene = Scene(
        dag("z>a>b>c a>alert>later a>cleanup", alert={"trigger": "any_failed"}, cleanup={"trigger": "all_done"})
    )
    scene.run("z")
    if running:
        scene.start("a")
    targets = [] if kind is K.CANCEL_ALL else ["a"]
    found = scene.preview(kind, *targets)
    assert (scene.names(found.begins), scene.names(found.blocked)) == (begins, blocked)
    waited = [label for label in scene.graph.labels if scene[label] is NodeStatus.WAITING]
    scene.command(kind, *targets, expected=found.kills_and_reruns)
    scene.end("a", -15) if running else scene.withdrawn("a")
    assert [label for label in waited if scene[label] is NodeStatus.READY] == begins.split()
    dropped = (found.dropped, found.blocked)
    assert {label for label in waited if scene[label].settled} == set(" ".join(map(scene.names, dropped)).split())


def test_a_preview_names_the_targets_that_it_leaves_out():
    scene = busy()
    found = scene.preview(K.RETRY, "a", "b")
    assert scene.names(found.again) == "b"
    assert found.left_out == ((0, "it already succeeded; rerun it instead"),)
    assert scene.command(K.RETRY, "a", "b").left_out == found.left_out
    assert scene.preview(K.RETRY, "b").left_out == ()
    assert scene.preview(K.RERUN, "a", "b").left_out == ()


def test_a_preview_of_a_decision_names_what_it_lets_run():
    scene = Scene(dag("a b>c>d"))
    scene.start("a")
    found = scene.preview(K.SKIP, "c")
    assert (scene.names(found.dropped), scene.names(found.begins)) == ("c", "d")


def test_a_command_does_what_its_preview_said():
    scene = busy()
    found = scene.preview(K.CANCEL_ALL)
    scene.command(K.CANCEL_ALL, expected=found.kills_and_reruns)
    assert set(scene.stops()) == {scene.graph.labels[node] for node in found.stopped}
    assert all(scene.state.status[node] == NodeStatus.CANCELLED for node in found.dropped)


def test_watches_see_a_command_once_it_is_carried_out():
    scene = busy()
    watch = scene.state.watch()
    watch.nodes.clear()
    watch.run = False
    scene.preview(K.CANCEL_SUBTREE, "a")
    scene.command(K.CANCEL_SUBTREE, "a", expected=frozenset())
    assert (watch.nodes, watch.run) == (set(), False)
    scene.command(K.CANCEL_SUBTREE, "a")
    assert (scene.names(sorted(watch.nodes)), watch.run) == ("c e g", True)


def test_a_command_whose_kills_have_changed_does_nothing_and_shows_the_new_preview():
    scene = busy()
    expected = scene.preview(K.CANCEL_ALL).kills_and_reruns
    scene.end("c")
    before = snapshot(scene.state)
    answer = scene.command(K.CANCEL_ALL, expected=expected)
    assert answer.changed
    assert scene.names(answer.stopped) == "e g"
    assert snapshot(scene.state) == before
    assert scene.effects == []


def test_a_command_whose_reruns_have_changed_does_nothing():
    scene = Scene(dag("a>b"))
    scene.run("a")
    expected = scene.preview(K.RERUN, "a").kills_and_reruns
    scene.run("b")
    assert scene.command(K.RERUN, "a", expected=expected).changed
    assert scene.submitted() == set()


def test_a_command_whose_other_nodes_have_changed_is_obeyed():
    scene = Scene(dag("a>c b"))
    scene.start("a", "b")
    scene.end("a", 1)
    expected = scene.preview(K.RETRY, "a").kills_and_reruns
    scene.end("b", 1)
    assert not scene.command(K.RETRY, "a", expected=expected).changed
    assert scene["a"] is NodeStatus.READY


def test_a_restart_that_is_under_way_changes_nothing():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.command(K.RERUN, "a")
    assert scene.command(K.RERUN, "a").nothing == "it starts again as soon as it has stopped"
    scene.end("a", 15, EndKind.SIGNAL)
    assert scene["a"] is NodeStatus.READY


@pytest.mark.parametrize(
    "kind", [kind for kind in K if kind not in {*STEERING, *TARGETLESS}], ids=lambda kind: kind.value
)
def test_a_command_without_targets_says_so(kind: CommandKind):
    assert Scene(dag("a")).command(kind).nothing == "it needs at least one node"


@pytest.mark.parametrize("kind", [K.RETRY, K.RERUN, K.RERUN_ONLY])
def test_a_preview_names_the_targets_that_their_parents_block(kind: CommandKind):
    scene = Scene(dag("a>b"))
    scene.command(K.CANCEL, "b")
    scene.fail("a")
    assert scene["b"] is NodeStatus.CANCELLED
    found = scene.preview(kind, "b")
    assert (found.nothing, scene.names(found.blocked), found.again, found.released) == (None, "b", (), ())
    assert done(scene.state, found) == f"{kind.value} b: its parents block it"
    scene.command(kind, "b")
    assert scene["b"] is NodeStatus.FAILED_PARENT
