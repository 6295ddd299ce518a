"""Gates: they ask once they are ready, take no slot, and are answered once."""

from __future__ import annotations

import json

import pytest
from engine.test_resumption import taken_up
from support.gates import CANNOT_BE_ASKED, NOON, answer
from support.scene import Scene, dag

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import CommandEvent
from dagtui.engine.messages import Answer, CommandKind
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.graph.gates import Gate

K = CommandKind
ASKING = {"action": Gate("Go on?")}
CHOOSING = {"action": Gate("Which?", ("a", "reject"))}


def test_it_takes_no_slot_and_what_is_below_waits():
    scene = Scene(dag("g>c x y", g=ASKING), jobs=1)
    assert (scene["g"], scene.cause("g")) == (NodeStatus.READY, Cause.ASKS)
    assert scene.run_all() == ["x", "y"]
    assert scene["c"] is NodeStatus.WAITING
    assert not scene.traversal.settled
    assert scene.state.verdict() is Verdict.RUNNING
    scene.answer("g", "approve")
    assert scene.run_all() == ["c"]
    assert scene.traversal.settled
    assert scene.state.outputs[scene.graph.node("g")] == {"answer": "approve"}
    assert scene.attempt("g") == 0


class Looks(bytearray):
    """A column that counts how often an element is looked at."""

    count = 0

    def __getitem__(self, place: int) -> int:
        self.count += 1
        return super().__getitem__(place)


def test_gates_that_ask_are_found_without_a_look_at_each_queued_node():
    scene = Scene(dag("g " + " ".join(f"n{number}" for number in range(500)), g=ASKING), jobs=1)
    state = scene.state
    state.status, state.cause = Looks(state.status), Looks(state.cause)
    assert list(state.asking()) == [scene.graph.node("g")]
    assert state.status.count + state.cause.count <= 2


def test_it_asks_and_is_answered_while_the_run_is_paused():
    scene = Scene(dag("p>g>c", g=ASKING))
    scene.start("p")
    scene.command(K.PAUSE)
    scene.end("p")
    assert scene.cause("g") is Cause.ASKS
    assert why(scene.state, scene.graph.node("g"), 0.0) == "asks: Go on?"
    assert scene.answer("g", "approve").nothing is None
    assert scene["c"] is NodeStatus.READY


def test_a_rejection_fails_unless_it_is_one_of_the_choices():
    scene = Scene(dag("g>c h>d", g=ASKING, h=CHOOSING))
    scene.answer("g", "reject")
    scene.answer("h", "reject")
    assert (scene["g"], scene["c"]) == (NodeStatus.FAILED, NodeStatus.FAILED_PARENT)
    assert (scene["h"], scene["d"]) == (NodeStatus.COMPLETED, NodeStatus.READY)


def test_a_stale_gate_was_answered_when_it_was():
    scene = Scene(dag("p>g", g=ASKING))
    scene.run("p")
    scene.tick(1)
    scene.answer("g", "approve")
    answered_at = scene.state.ended[scene.graph.node("g")]
    scene.tick(9)
    scene.command(K.RERUN_ONLY, "p")
    scene.run("p")
    assert scene.state.stale[scene.graph.node("g")]
    assert scene.state.ended[scene.graph.node("g")] == answered_at


def test_a_rejection_is_a_first_failure():
    scene = Scene(dag("g x", keep_going=False, g=ASKING, x={"slots": 9}), jobs=1)
    scene.answer("g", "reject")
    assert scene.withdraws() == ["x"]


def test_of_two_rejections_at_once_neither_cancels_the_other():
    scene = Scene(dag("g h x", keep_going=False, g=ASKING, h=ASKING, x=ASKING))
    scene.traversal.handle(answer([0, 1], "reject"), 1.0)
    assert [scene[label] for label in "ghx"] == [NodeStatus.FAILED, NodeStatus.FAILED, NodeStatus.CANCELLED]


@pytest.mark.parametrize(
    ("label", "choice", "reason"),
    [
        ("g", "maybe", "not a choice: maybe; the choices are approve, reject"),
        ("x", "approve", "it asks nothing now"),
        ("w", "approve", "it asks nothing now"),
    ],
)
def test_what_can_not_be_answered_says_why(label: str, choice: str, reason: str):
    scene = Scene(dag("g x>w", g=ASKING, w=ASKING))
    assert scene.answer(label, choice).nothing == reason


def test_the_second_answer_is_told_who_gave_the_first():
    scene = Scene(dag("g", g=ASKING))
    scene.answer("g", "approve")
    told = scene.answer("g", "reject").nothing
    assert told is not None
    assert told.startswith("it is answered already: approve, by anna at ")
    assert scene["g"] is NodeStatus.COMPLETED


def test_retry_asks_again_and_what_used_the_answer_runs_again():
    scene = Scene(dag("g>c>d g>e", g=ASKING, e={"trigger": "all_done"}))
    scene.answer("g", "approve")
    scene.run_all()
    found = scene.command(K.RETRY, "g")
    assert scene.names(found.released) == "g"
    assert scene.names(found.again) == "e"
    assert (scene["c"], scene["e"]) == (NodeStatus.COMPLETED, NodeStatus.WAITING)
    assert scene.state.stale[scene.graph.node("c")], "it is older than the question"
    scene.answer("g", "approve")
    assert scene.run_all() == ["e"]


def test_a_parent_that_runs_again_takes_the_question_back():
    scene = Scene(dag("p>g", g=ASKING))
    scene.run("p")
    scene.command(K.RERUN_ONLY, "p")
    assert (scene["g"], list(scene.state.asking())) == (NodeStatus.WAITING, [])
    assert not scene.state.asked
    scene.run("p")
    assert scene.cause("g") is Cause.ASKS


def test_a_question_without_a_value_fails_and_is_asked_by_retry():
    scene = Scene(dag("g>c", g={"action": Gate(CANNOT_BE_ASKED)}))
    assert (scene["g"], scene.cause("g")) == (NodeStatus.FAILED, Cause.COULD_NOT_START)
    assert why(scene.state, 0, 0.0) == "could not ask: no value"
    assert scene["c"] is NodeStatus.FAILED_PARENT
    assert scene.command(K.RETRY, "g").nothing is None


@pytest.mark.parametrize("kind", [K.SKIP, K.MARK_DONE, K.CANCEL, K.CANCEL_SUBTREE, K.CANCEL_ALL])
def test_other_commands_end_a_question(kind: CommandKind):
    scene = Scene(dag("g>c", g=ASKING))
    scene.command(kind, *(() if kind is K.CANCEL_ALL else ("g",)))
    assert scene["g"].settled
    assert scene.answer("g", "approve").nothing == "it asks nothing now"


def test_resume_keeps_answers_and_asks_what_was_not_answered():
    scene = Scene(dag("a>x b c", a=ASKING, b=ASKING, c=ASKING))
    scene.answer("a", "approve")
    scene.answer("c", "reject")
    run = taken_up(scene)
    run.continue_run()
    causes = [run.state.cause_of(node) for node in run.graph.nodes if run.graph.gate(node)]
    assert causes == [Cause.ANSWERED, Cause.ASKS, Cause.ASKS]
    assert run.state.outputs[0] == {"answer": "approve"}
    assert run.state.asked[0].answer == Answer("approve", "anna", NOON)
    again = taken_up(scene, again={0: "changed"})
    again.continue_run()
    assert again.state.cause_of(0) is Cause.ASKS


def test_without_someone_who_asks_it_runs_like_other_nodes():
    run = Traversal(dag("g>c", g=ASKING), 1)
    run.begin(0.0)
    assert run.submitted.keys() == {0}


def test_the_journal_has_who_answered_what():
    graph = dag("g", g=ASKING)
    event = CommandEvent(1.0, 1, K.ANSWER, (0,), answer=Answer("é", "anna", NOON))
    record = json.loads(f"{{{fields(event, graph)}}}")
    assert record["answer"] == {"choice": "é", "user": "anna", "time": NOON}
    assert parse(record, graph) == event


def test_several_gates_are_answered_at_once_or_none():
    scene = Scene(dag("g h i", g=ASKING, h=ASKING, i=CHOOSING))
    found = scene.traversal.handle(answer([0, 1, 2], "approve"), 1.0)
    assert found is not None
    assert found.nothing == "not a choice: approve; the choices are a, reject"
    found = scene.traversal.handle(answer([0, 1], "approve"), 1.0)
    assert found is not None
    assert found.nothing is None
    assert (scene["g"], scene["h"], scene["i"]) == (NodeStatus.COMPLETED, NodeStatus.COMPLETED, NodeStatus.READY)
