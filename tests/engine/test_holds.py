"""Held nodes begin no attempt until a person releases them (rule 14 in `rules`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from engine.invariants import same_state
from support.gates import CANNOT_BE_ASKED
from support.scene import Scene, dag

from dagtui.engine import reloading
from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import MOST_NAMED, CommandEvent, NodeEvent, NoteEvent
from dagtui.engine.messages import NO_ATTEMPT, Command, CommandKind, SetSlots
from dagtui.engine.renumbering import Renumbering
from dagtui.engine.resumption import restore
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import HELD, why
from dagtui.graph.gates import Gate
from dagtui.graph.model import Graph, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.events import Event

K = CommandKind


def held(scene: Scene) -> str:
    return scene.names(frozenset(scene.state.held))


def replayed(scene: Scene, graph: Graph | None = None) -> RunState:
    """The state that the journal's text gives."""
    graph = scene.graph if graph is None else graph
    state = RunState(graph, 4)
    texts = ["{" + fields(event, scene.graph) + "}" for event in scene.events]
    state.replay(event for text in texts if (event := parse(json.loads(text), graph)) is not None)
    return state


def test_a_held_node_waits_for_its_release_and_only_what_follows_it_waits_with_it():
    scene = Scene(dag("a>b>c a>d"))
    assert scene.command(K.HOLD, "b").held == (1,)
    scene.run("a")
    assert scene.statuses() == "a completed, b ready, c waiting, d ready"
    assert scene.run_all() == ["d"]
    assert not scene.traversal.settled
    assert why(scene.state, 1, 0.0) == HELD
    found = scene.command(K.RELEASE, "b")
    assert (found.released, found.held, scene.starts()) == ((1,), (), ["b"])
    assert scene.run_all() == ["b", "c"]
    assert scene.traversal.settled


def test_a_retry_does_not_promise_that_a_held_node_starts():
    scene = Scene(dag("a>b"))
    scene.command(K.HOLD, "a", "b")
    assert scene.preview(K.RETRY, "a").nothing == "it has not run yet, it is held; release it"
    assert scene.preview(K.RETRY, "b").nothing == "it has not run yet, it waits for its parents"


def test_a_held_node_leaves_its_slot_to_others():
    scene = Scene(dag("a>b c"), jobs=1)
    scene.command(K.HOLD, "a")
    scene.withdrawn("a")
    assert scene.run_all() == ["c"]
    scene.command(K.RELEASE, "a")
    assert scene.run_all() == ["a", "b"]


def test_a_submitted_attempt_is_withdrawn_and_its_number_used_again():
    scene = Scene(dag("a"))
    scene.command(K.HOLD, "a")
    assert scene.withdraws() == ["a"]
    scene.withdrawn("a")
    assert (scene["a"], scene.submitted(), scene.attempt("a")) == (NodeStatus.READY, set(), 0)
    scene.command(K.RELEASE, "a")
    scene.run("a")
    assert scene.attempt("a") == 1


def test_a_release_before_the_attempt_is_withdrawn_submits_it_again():
    scene = Scene(dag("a"))
    scene.command(K.HOLD, "a")
    scene.command(K.RELEASE, "a")
    scene.withdrawn("a")
    assert scene.starts() == ["a"]


def test_an_attempt_that_could_not_be_withdrawn_runs_which_is_said():
    scene = Scene(dag("a>b", a={"retries": 1}))
    scene.command(K.HOLD, "a", "b")
    scene.start("a")
    assert (scene["a"], held(scene)) == (NodeStatus.RUNNING, "b")
    assert [e.text for e in scene.events if isinstance(e, NoteEvent)] == ["it had begun before it could be held"]
    same_state(replayed(scene), scene.state)


def test_a_node_that_waits_for_its_next_attempt_is_held_before_it():
    scene = Scene(dag("a", a={"retry": RetryPolicy(retries=1, delay=5.0)}))
    scene.fail("a")
    assert scene["a"] is NodeStatus.RETRYING
    scene.command(K.HOLD, "a")
    scene.tick(10.0)
    assert (scene["a"], scene.submitted()) == (NodeStatus.READY, set())
    scene.command(K.RELEASE, "a")
    assert scene.submitted() == {"a"}


def test_a_node_that_is_to_restart_is_held_before_it():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.command(K.RERUN_ONLY, "a")
    scene.command(K.HOLD, "a")
    scene.end("a", 143)
    assert (scene["a"], scene.submitted(), held(scene)) == (NodeStatus.READY, set(), "a")


def test_what_is_blocked_stays_held_and_a_retry_says_so():
    scene = Scene(dag("a>b>c"))
    scene.command(K.HOLD, "c")
    scene.fail("a")
    assert scene["c"] is NodeStatus.FAILED_PARENT
    assert why(scene.state, 2, 0.0) == f"blocked by a (exit 1); {HELD}"
    for kind in (K.RETRY, K.RERUN, K.RERUN_ONLY):
        assert scene.preview(kind, "a").held == (2,)
    assert scene.preview(K.RETRY_FAILED).held == (2,)
    scene.command(K.RETRY, "a")
    assert scene.run_all() == ["a", "b"]
    assert scene.preview(K.CANCEL, "c").held == ()


def test_a_release_says_what_stays_held_below():
    scene = Scene(dag("a>b>c d"))
    scene.command(K.HOLD, "a", "c", "d")
    found = scene.preview(K.RELEASE, "a")
    assert (found.released, found.held) == ((0,), (2,))
    assert held(scene) == "a c d"


def test_what_can_not_be_held_is_left_out():
    scene = Scene(dag("a b c"))
    scene.start("a")
    found = scene.command(K.HOLD, "a", "b")
    assert found.held == (1,)
    assert found.left_out == ((0, "it is running already; hold what comes after it, or cancel it"),)
    assert scene.command(K.HOLD, "b", "a").nothing == "it is held already"
    assert scene.command(K.RELEASE, "c").nothing == "it is not held"
    assert scene.command(K.HOLD).nothing == "it needs at least one node"
    assert Scene(dag("a b"), targets=("a",)).command(K.HOLD, "b").nothing == "not part of this run: retry adds it"


@pytest.mark.parametrize("kind", [K.CANCEL, K.CANCEL_SUBTREE, K.CANCEL_ALL, K.SKIP, K.MARK_DONE])
def test_what_a_person_says_of_a_node_ends_its_hold(kind: CommandKind):
    scene = Scene(dag("p>a"))
    scene.command(K.HOLD, "a")
    scene.command(kind, *([] if kind is K.CANCEL_ALL else ["a"]))
    assert held(scene) == ""
    same_state(replayed(scene), scene.state)


def test_a_cancel_of_the_run_lets_held_finally_nodes_run():
    scene = Scene(dag("a last", last={"is_finally": True}))
    scene.command(K.HOLD, "last")
    scene.command(K.CANCEL_ALL)
    scene.withdrawn("a")
    assert scene.run_all() == ["last"]
    assert scene.traversal.settled


def test_the_first_failure_leaves_holds():
    scene = Scene(dag("a>b c", keep_going=False))
    scene.command(K.HOLD, "c")
    scene.withdrawn("c")
    scene.fail("a")
    assert (scene["c"], held(scene)) == (NodeStatus.CANCELLED, "c")
    scene.command(K.RETRY, "a")
    assert scene.run_all() == ["a", "b"]
    assert (scene["c"], held(scene)) == (NodeStatus.READY, "c")


def test_a_pause_and_a_hold_are_two_things():
    scene = Scene(dag("a"))
    scene.command(K.PAUSE)
    scene.command(K.HOLD, "a")
    scene.withdrawn("a")
    assert why(scene.state, 0, 0.0) == f"the run is paused; {HELD}"
    scene.command(K.RESUME)
    assert scene.submitted() == set()
    scene.command(K.PAUSE)
    scene.command(K.RELEASE, "a")
    assert scene.submitted() == set()
    scene.command(K.RESUME)
    assert SetSlots(4) in scene.effects
    assert scene.submitted() == {"a"}


def test_a_held_gate_asks_once_it_is_released():
    scene = Scene(dag("a>gate", gate={"action": Gate("Go on?")}))
    scene.command(K.HOLD, "gate")
    scene.run("a")
    assert (scene["gate"], scene.cause("gate")) == (NodeStatus.READY, Cause.NONE)
    scene.command(K.RELEASE, "gate")
    assert scene.cause("gate") is Cause.ASKS
    assert scene.command(K.HOLD, "gate").nothing == "it asks already; leave it unanswered, or cancel it"


def test_a_held_gate_that_can_not_be_asked_fails_when_it_is_released():
    scene = Scene(dag("gate", gate={"action": Gate(CANNOT_BE_ASKED)}))
    assert scene["gate"] is NodeStatus.FAILED
    scene = Scene(dag("a>gate", gate={"action": Gate(CANNOT_BE_ASKED)}))
    scene.command(K.HOLD, "gate")
    scene.run("a")
    scene.command(K.RELEASE, "gate")
    assert (scene["gate"], held(scene)) == (NodeStatus.FAILED, "")


def test_many_nodes_are_named_in_several_events():
    number = MOST_NAMED * 2 + 1
    traversal = Traversal(Graph.from_edges([f"n{node}" for node in range(number)], []), 1)
    traversal.begin(0.0)
    traversal.take()
    found = traversal.handle(Command(K.HOLD, tuple(range(number))), 0.0)
    events, _ = traversal.take()
    commands = [event for event in events if isinstance(event, CommandEvent)]
    assert [len(event.nodes) for event in commands] == [MOST_NAMED, MOST_NAMED, 1]
    assert [event.number for event in commands] == [1, 2, 3]
    assert found is not None
    assert len(found.held) == len(traversal.state.held) == number


def test_what_was_held_is_held_when_the_run_is_resumed():
    scene = Scene(dag("a>b>c"))
    scene.command(K.HOLD, "b", "c")
    scene.run("a")
    traversal = Traversal(scene.graph, 4, state=replayed(scene))
    restore(traversal, 10.0, {}, {}, jobs=4, boot="")
    traversal.begin(10.0)
    assert traversal.state.held == {1, 2}
    assert traversal.state.status_of(1) is NodeStatus.READY
    assert not traversal.submitted
    traversal.handle(Command(K.RELEASE, (1,)), 11.0)
    assert set(traversal.submitted) == {1}


@pytest.mark.parametrize("since", [None, K.RETRY, K.RELEASE])
def test_a_resume_holds_again_what_a_cancel_of_the_run_released(since: CommandKind | None):
    scene = Scene(dag("a>b>c"))
    scene.command(K.HOLD, "b", "c")
    scene.run("a")
    scene.command(K.CANCEL, "c")
    scene.command(K.CANCEL_ALL)
    assert (scene["b"], held(scene)) == (NodeStatus.CANCELLED, "")
    if since is K.RETRY:
        scene.command(K.RETRY, "b")
        scene.fail("b")
    elif since is K.RELEASE:
        assert scene.command(K.RELEASE, "b").nothing == "it is not held"
    traversal = Traversal(scene.graph, 4, state=replayed(scene))
    restore(traversal, 10.0, {}, {}, jobs=4, boot="")
    traversal.begin(10.0)
    assert traversal.state.held == (set() if since is K.RETRY else {1})
    assert bool(traversal.submitted) is (since is K.RETRY)


def reloaded(scene: Scene, graph: Graph, *added: str, removed: tuple[str, ...] = ()) -> Scene:
    """Take up another graph. The scene goes on with it."""
    renumbering = Renumbering(scene.graph, graph)
    traversal = reloading.carried_traversal(scene.traversal, graph, None, renumbering)
    changes = reloading.Changes({}, {graph.node(label): NO_ATTEMPT for label in added}, removed, ())
    reloading.reload(traversal, changes, scene.now, "reloaded", 0, None)
    scene.events = list(_renumbered(scene, graph))
    scene.graph, scene.traversal, scene.state = graph, traversal, traversal.state
    scene._take()
    return scene


def _renumbered(scene: Scene, graph: Graph) -> Iterator[Event]:
    texts = ["{" + fields(event, scene.graph) + "}" for event in scene.events]
    return (event for text in texts if (event := parse(json.loads(text), graph)) is not None)


def test_a_reload_carries_holds_over_by_name():
    scene = Scene(dag("a>b>c"))
    scene.start("a")
    scene.command(K.HOLD, "b", "c")
    reloaded(scene, dag("new a>new a>c c>b"), "new")
    assert held(scene) == "c b"
    same_state(replayed(scene), scene.state)


def test_what_was_removed_and_comes_back_is_not_held():
    scene = Scene(dag("a>b"))
    scene.start("a")
    scene.command(K.HOLD, "b")
    reloaded(scene, dag("a"), removed=("b",))
    reloaded(scene, dag("a>b"), "b")
    assert held(scene) == ""
    assert replayed(scene).held == set()


def test_the_reason_of_a_held_node_is_on_record():
    scene = Scene(dag("a>b"))
    scene.command(K.HOLD, "b")
    scene.run("a")
    assert [e.why for e in scene.events if isinstance(e, NodeEvent) and e.node == 1] == [HELD]
