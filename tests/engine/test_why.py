"""Reasons: one line for every status, and the root causes of blocked nodes."""

from __future__ import annotations

from array import array

import pytest
from support.scene import Scene, dag

from dagtui.engine.capacity import slots_taken
from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import CommandKind, Ended, EndKind
from dagtui.engine.state import RunState
from dagtui.engine.status import NodeStatus
from dagtui.engine.why import ended_why, full_why, root_cause, root_causes, waits_for, why
from dagtui.graph.model import RetryPolicy

K = CommandKind


def reason(scene: Scene, label: str) -> str:
    return why(scene.state, scene.graph.node(label), scene.now)


def test_a_waiting_node_says_how_many_parents_it_waits_for():
    scene = Scene(dag("a>x b>x c>x"))
    scene.run("a")
    assert reason(scene, "x") == "1 / 3 parents"
    assert [scene.graph.labels[node] for node in waits_for(scene.state, scene.graph.node("x"))] == ["b", "c"]


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ("any_success", "0 / 1 parents, waits for the first that succeeds"),
        ("any_failed", "0 / 1 parents, waits for one that fails"),
        ("all_done", "0 / 1 parents"),
    ],
)
def test_a_waiting_node_says_what_it_waits_for(trigger: str, text: str):
    assert reason(Scene(dag("a>x", x={"trigger": trigger})), "x") == text


def test_a_ready_node_says_what_it_wants():
    scene = Scene(dag("a b"), jobs=1)
    assert sorted(reason(scene, label) for label in "ab") == ["next in line", "waits for a slot"]
    scene.command(K.PAUSE)
    assert reason(scene, "b") == "the run is paused"


@pytest.mark.parametrize(("value", "text"), [(0, "succeeded"), (7, "exit 7")])
def test_what_an_attempt_left_behind_is_said_until_it_runs_again(value: int, text: str):
    scene = Scene(dag("a>b"))
    for left, words in ((1, "ended 1 process"), (2000, "ended 2,000 processes")):
        scene.start("a")
        scene.traversal.handle(Ended(0, scene.state.attempt[0], EndKind.EXIT, value, seconds=1.0, left=left), 1.0)
        assert full_why(scene.state, 0, 1.0) == f"{text}; {words} that it left behind"
        assert full_why(scene.state, 1, 1.0) in {"waits for a slot", "next in line", "blocked by a (exit 7)"}
        scene.command(K.RERUN, "a")
        assert "left behind" not in full_why(scene.state, 0, 1.0)


@pytest.mark.parametrize(
    ("slots", "text"),
    [
        (2, "wants 2 slots, 0 free"),
        (4, "wants 4 slots, 0 free"),
        (9, "wants 9 slots of 4: it starts when nothing else runs"),
    ],
)
def test_a_wide_node_says_how_many_slots_it_wants_and_how_many_are_free(slots: int, text: str):
    wide = {"slots": 2}
    scene = Scene(dag("a b c", a=wide, b=wide, c={"slots": slots}), jobs=4)
    scene.start("a", "b")
    assert reason(scene, "c") == text
    assert slots_taken(scene.state) == 4
    scene.end("a")
    assert reason(scene, "c") == ("next in line" if slots == 2 else text.replace("0 free", "2 free"))


def test_a_running_node_says_its_attempt():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.tick(0)
    scene.start("a")
    assert reason(scene, "a") == "attempt 2"


def test_a_retrying_node_counts_down():
    scene = Scene(dag("a", a={"retry": RetryPolicy(1, delay=10.0)}))
    scene.run("a", value=7)
    scene.tick(4)
    assert reason(scene, "a") == "exit 7; attempt 2 in 6 s"


def test_a_blocked_node_names_its_root_cause():
    scene = Scene(dag("a>b>c"))
    scene.fail("a")
    assert reason(scene, "c") == "blocked by a (exit 1)"
    assert next(e.why for e in scene.events if isinstance(e, NodeEvent) and e.node == 2) == "blocked by b"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (K.CANCEL, "cancelled"),
        (K.CANCEL_SUBTREE, "cancelled with subtree x"),
        (K.CANCEL_ALL, "cancelled with the whole run"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_a_cancelled_node_says_by_which_command(kind: CommandKind, text: str, begun: bool):
    scene = Scene(dag("x"))
    if begun:
        scene.start("x")
    scene.command(kind, *([] if kind is K.CANCEL_ALL else ["x"]))
    assert reason(scene, "x") == "cancelled, is stopping"
    if begun:
        scene.end("x", 15, EndKind.SIGNAL)
    else:
        scene.withdrawn("x")
    assert reason(scene, "x") == text


def test_a_node_that_several_targets_cancelled_says_so():
    scene = Scene(dag("a>c b>c"))
    scene.command(K.CANCEL_SUBTREE, "a", "b")
    assert reason(scene, "c") == "cancelled with subtree a and 1 more"


@pytest.mark.parametrize(("kind", "text"), [(K.SKIP, "skipped by a person"), (K.MARK_DONE, "marked done by a person")])
def test_what_a_person_decided_says_so(kind: CommandKind, text: str):
    scene = Scene(dag("a>x"))
    scene.command(kind, "x")
    assert reason(scene, "x") == text


def test_a_skipped_node_says_why():
    scene = Scene(dag("a>x>y", x={"trigger": "any_failed"}))
    scene.run("a")
    assert (reason(scene, "x"), reason(scene, "y")) == ("nothing failed", "x was skipped")


def test_where_nothing_failed_no_parent_is_to_blame():
    scene = Scene(dag("a>x>y", x={"trigger": "any_failed"}, y={"trigger": "any_failed"}))
    scene.run("a")
    assert reason(scene, "y") == "nothing failed"


def test_a_stale_node_says_so():
    scene = Scene(dag("a>x"))
    scene.run("a", "x")
    scene.command(K.RERUN_ONLY, "a")
    scene.run("a")
    assert reason(scene, "x") == "succeeded, but an ancestor ran again later"


def test_a_cancelling_node_says_why():
    scene = Scene(dag("a", a={"timeout": 90.0}))
    scene.start("a")
    scene.tick(90)
    assert reason(scene, "a") == "timeout after 90 s"
    scene.command(K.RETRY, "a")
    assert reason(scene, "a") == "stops, then runs again"
    scene.command(K.CANCEL, "a")
    scene.command(K.CANCEL, "a")
    assert reason(scene, "a") == "cancelled twice, is being killed"


def test_every_event_of_a_node_has_a_reason():
    scene = Scene(dag("a>b>c d>e a>f", e={"trigger": "any_success"}, d={"trigger": "any_failed"}, f={"retries": 1}))
    scene.run("a")
    scene.fail("f")
    scene.tick(0)
    scene.fail("f", "b")
    scene.command(K.RERUN, "a")
    scene.run("a")
    assert all(event.why for event in scene.events if isinstance(event, NodeEvent))


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (Ended(0, 1, EndKind.EXIT, 0), "succeeded"),
        (Ended(0, 1, EndKind.EXIT, 127), "exit 127"),
        (Ended(0, 1, EndKind.SIGNAL, 9), "signal KILL (9)"),
        (Ended(0, 1, EndKind.SIGNAL, 40), "signal 40"),
        (Ended(0, 1, EndKind.LOST), "lost: the process that watched it has gone"),
        (Ended(0, 1, EndKind.LOST, text="the supervisor died"), "lost: the supervisor died"),
        (Ended(0, 1, EndKind.COULD_NOT_START, text="no such file"), "could not start: no such file"),
        (Ended(0, 1, EndKind.COULD_NOT_START), "could not start"),
    ],
)
def test_an_end_in_words(message: Ended, text: str):
    assert ended_why(message) == text


def test_root_causes_are_all_failed_and_cancelled_ancestors_nearest_first():
    scene = Scene(dag("a>m>x b>x c>x d>x e>x", d={"allow_failure": True}))
    scene.command(K.CANCEL, "b")
    scene.withdrawn("b")
    scene.fail("a", "d")
    scene.run("c", "e")
    graph = scene.graph
    assert [graph.labels[node] for node in root_causes(scene.state, [graph.node("x")])] == ["b", "a"]


def test_the_root_cause_follows_when_the_first_is_gone():
    scene = Scene(dag("a>x b>x"))
    scene.fail("a", "b")
    assert scene.graph.labels[root_cause(scene.state, 1)] == "a"
    scene.command(K.RETRY, "a")
    scene.run("a")
    assert scene["x"] is NodeStatus.FAILED_PARENT
    assert scene.blocker("x") == "b"
    assert reason(scene, "x") == "blocked by b (exit 1)"


def test_a_long_chain_finds_its_root_cause():
    names = [f"n{i}" for i in range(3000)]
    scene = Scene(dag(">".join(names)))
    scene.fail("n0")
    assert reason(scene, "n2999") == "blocked by n0 (exit 1)"


def test_a_record_of_another_graph_gives_no_endless_search():
    graph = dag("a>x")
    state = RunState(graph)
    state.replay([NodeEvent(0.0, 1, 0, NodeStatus.FAILED_PARENT), NodeEvent(0.0, 0, 0, NodeStatus.FAILED_PARENT)])
    assert why(state, 1, 0.0) == "blocked by x"
    state.replay([NodeEvent(0.0, node, 0, NodeStatus.FAILED_PARENT, blocker=1 - node) for node in (0, 1)])
    assert why(state, 1, 0.0).startswith("blocked by ")


def test_the_root_of_a_long_chain_is_looked_for_once():
    length = 3_000
    scene = Scene(dag(" ".join(f"n{node}>n{node + 1}" for node in range(length))))
    scene.fail("n0")
    steps = CountedReads("i", scene.state.blocker)
    scene.state.blocker = steps  # type: ignore[assignment]
    for node in range(length, length - 200, -1):
        assert root_cause(scene.state, node) == 0
        assert why(scene.state, node, scene.now) == "blocked by n0 (exit 1)"
    assert steps.count < 4 * length


class CountedReads(array):
    """Blockers that count how often they are read."""

    count = 0

    def __getitem__(self, node: int) -> int:
        self.count += 1
        return super().__getitem__(node)


def test_a_root_that_was_found_is_forgotten_when_the_way_changes():
    scene = Scene(dag("a>b b>c c>d x>b x>a"))
    scene.run("x")
    scene.fail("a")
    assert reason(scene, "d") == "blocked by a (exit 1)"
    scene.command(K.RETRY, "a")
    assert reason(scene, "d") == "0 / 1 parents"
    scene.run("a", value=3)
    assert reason(scene, "d") == "blocked by a (exit 3)"
    # A root gets a blocker of its own.
    scene.command(K.RERUN_ONLY, "x")
    scene.command(K.RETRY, "a")
    scene.run("x", value=4)
    assert reason(scene, "d") == "blocked by x (exit 4)"
