"""The table of statuses and their rules."""

from __future__ import annotations

import pytest
from support.adopted_traversal import adopted_traversal
from support.scene import Scene, dag

from dagtui.engine.events import NodeEvent, NoteEvent
from dagtui.engine.messages import CommandKind, Ended, EndKind, Result, SetSlots, Start, Started, Withdrawn
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.traversal import UNKILLABLE_AFTER, Traversal
from dagtui.graph.model import RetryPolicy
from dagtui.graph.run_settings import RunSettings
from dagtui.text.look import ASCII, UNICODE

CANCEL, RETRY = CommandKind.CANCEL, CommandKind.RETRY


@pytest.mark.parametrize(
    ("name", "glyph", "ascii_glyph", "settled"),
    [
        ("WAITING", "·", ".", False),
        ("READY", "○", "o", False),
        ("RUNNING", "▶", ">", False),
        ("RETRYING", "↻", "~", False),
        ("CANCELLING", "◌", "c", False),
        ("COMPLETED", "✓", "+", True),
        ("FAILED", "✗", "x", True),
        ("FAILED_PARENT", "⊘", "!", True),
        ("CANCELLED", "■", "#", True),
        ("SKIPPED", "↷", "-", True),
    ],
)
def test_a_status_looks_and_counts_as(name: str, glyph: str, ascii_glyph: str, settled: bool):
    status = NodeStatus[name]
    assert (UNICODE.statuses[status], ASCII.statuses[status], status.settled) == (glyph, ascii_glyph, settled)


def test_there_are_ten_statuses():
    assert len(NodeStatus) == 10


# Statuses after attempts


def test_an_attempt_begins_and_succeeds():
    scene = Scene(dag("a>b"))
    assert scene["a"] is NodeStatus.READY
    scene.start("a")
    assert scene["a"] is NodeStatus.RUNNING
    assert scene["b"] is NodeStatus.WAITING
    scene.end("a")
    assert (scene["a"], scene.cause("a")) == (NodeStatus.COMPLETED, Cause.RAN)
    assert scene.starts() == ["b"]


@pytest.mark.parametrize(
    ("kind", "value", "cause", "why"),
    [
        (EndKind.EXIT, 3, Cause.EXIT, "exit 3"),
        (EndKind.SIGNAL, 11, Cause.SIGNAL, "signal SEGV (11)"),
        (EndKind.LOST, 0, Cause.LOST, "lost"),
        (EndKind.COULD_NOT_START, 0, Cause.COULD_NOT_START, "could not start"),
    ],
)
def test_an_attempt_fails_by(kind: EndKind, value: int, cause: Cause, why: str):
    scene = Scene(dag("a"))
    if kind is not EndKind.COULD_NOT_START:
        scene.start("a")
    scene.end("a", value, kind)
    assert (scene["a"], scene.cause("a")) == (NodeStatus.FAILED, cause)
    assert scene.events[-1].why.startswith(why)
    assert scene.state.value[0] == value


def test_an_attempt_that_could_not_start_has_no_older_attempts_times():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.tick(5)
    scene.fail("a")
    scene.tick(7)
    scene.end("a", kind=EndKind.COULD_NOT_START, seconds=0.0)
    assert scene.state.value[0] == 0
    assert (scene.state.started[0], scene.state.ended[0]) == (12, 12)


def test_an_attempt_that_runs_has_its_own_beginning_and_no_end():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.tick(5)
    scene.start("a")
    scene.tick(4)
    scene.end("a", 1, seconds=3.5)
    assert (scene.state.started[0], scene.state.ended[0]) == (5.5, 9), "the executor's measurement counts"
    scene.tick(7)
    scene.start("a")
    assert (scene.state.started[0], scene.state.ended[0]) == (16, 0)


def test_an_attempt_of_unknown_duration_ends_when_its_end_is_reported():
    scene = Scene(dag("a"))
    scene.tick(5)
    scene.start("a")
    scene.tick(4)
    scene.end("a", kind=EndKind.LOST, seconds=0.0)
    assert (scene.state.started[0], scene.state.ended[0]) == (5, 9)


def test_an_end_whose_beginning_was_never_heard_of_counts():
    scene = Scene(dag("a"))
    scene.end("a")
    assert scene["a"] is NodeStatus.COMPLETED


def test_retrying_holds_no_slot():
    policy = RetryPolicy(1, delay=60.0)
    scene = Scene(dag("a b", a={"retry": policy}), jobs=1)
    scene.fail("a")
    assert scene["a"] is NodeStatus.RETRYING
    assert scene.starts() == ["b"]


def test_retries_are_followed_by_failed():
    scene = Scene(dag("a", a={"retries": 2}))
    for attempt in (1, 2, 3):
        assert scene.attempt("a") == attempt
        scene.fail("a")
        scene.tick(0)
    assert (scene["a"], scene.attempt("a")) == (NodeStatus.FAILED, 3)


def test_a_back_off_grows_to_its_longest():
    policy = RetryPolicy(4, delay=2.0, backoff=3.0, max_delay=10.0)
    scene = Scene(dag("a", a={"retry": policy}))
    waited = []
    for _ in range(4):
        scene.fail("a")
        waited.append(scene.state.due[0] - scene.now)
        scene.tick(waited[-1] - 0.001)
        assert scene["a"] is NodeStatus.RETRYING
        scene.tick(0.001)
        assert scene.starts() == ["a"]
    assert waited == [2.0, 6.0, 10.0, 10.0]


@pytest.mark.parametrize(("delay", "longest"), [(1.0, 5.0), (0.0, 0.0)])
def test_a_back_off_beyond_all_numbers_is_its_longest(delay: float, longest: float):
    policy = RetryPolicy(2000, delay=delay, backoff=10.0, max_delay=5.0)
    scene = Scene(dag("a", a={"retry": policy}))
    for _ in range(400):
        scene.fail("a")
        scene.tick(longest)
    assert scene["a"] is NodeStatus.READY


def test_jitter_moves_a_back_off_within_its_share():
    policy = RetryPolicy(1, delay=100.0, jitter=0.2)
    names = [f"n{i}" for i in range(40)]
    scene = Scene(dag(" ".join(names), **{name: {"retry": policy} for name in names}), jobs=40)
    scene.fail(*names)
    waits = set(scene.state.due.values())
    assert len(waits) > 30
    assert 80 <= min(waits) < 90
    assert 110 < max(waits) <= 120


@pytest.mark.parametrize(("value", "again"), [(7, True), (28, True), (1, False)])
def test_only_listed_exit_codes_are_retried(value: int, again: bool):
    policy = RetryPolicy(1, exit_codes=(7, 28))
    scene = Scene(dag("a", a={"retry": policy}))
    scene.run("a", value=value)
    assert scene["a"] is (NodeStatus.RETRYING if again else NodeStatus.FAILED)


@pytest.mark.parametrize(
    ("kind", "value", "listed", "again"),
    [
        (EndKind.SIGNAL, 9, (137,), True),
        (EndKind.EXIT, 137, (137,), True),
        (EndKind.SIGNAL, 9, (9,), False),
        (EndKind.SIGNAL, 9, ("timeout", "lost"), False),
        (EndKind.LOST, 0, (1, "lost"), True),
        (EndKind.LOST, 0, (1, "timeout"), False),
        (EndKind.COULD_NOT_START, 0, (1, "timeout", "lost"), False),
        (EndKind.COULD_NOT_START, 0, (), True),
        (EndKind.LOST, 0, (), True),
    ],
)
def test_ends_without_an_exit_status_are_retried_as_listed(
    kind: EndKind, value: int, listed: tuple[int | str, ...], again: bool
):
    scene = Scene(dag("a", a={"retry": RetryPolicy(1, exit_codes=listed)}))
    scene.start("a")
    scene.end("a", value, kind, seconds=0.0)
    assert scene["a"] is (NodeStatus.RETRYING if again else NodeStatus.FAILED)


def test_a_start_that_can_never_succeed_is_retried_only_on_request():
    scene = Scene(dag("a", a={"retries": 3}))
    node = scene.graph.node("a")
    for attempt in (1, 2):
        scene.traversal.handle(Ended(node, attempt, EndKind.COULD_NOT_START, text="too long", lasting=True), scene.now)
        assert (scene["a"], scene.attempt("a")) == (NodeStatus.FAILED, attempt)
        scene.command(CommandKind.RETRY, "a")
    scene.fail("a")
    assert scene["a"] is NodeStatus.RETRYING


@pytest.mark.parametrize(("listed", "again"), [((143,), False), (("timeout",), True), (("lost",), False), ((), True)])
def test_a_timeout_is_retried_as_listed_after_any_end_of_the_attempt(listed: tuple[int | str, ...], again: bool):
    scene = Scene(dag("a", a={"timeout": 10.0, "retry": RetryPolicy(1, exit_codes=listed)}))
    scene.start("a")
    scene.tick(10)
    scene.end("a", 15, EndKind.SIGNAL, seconds=10.0)
    assert scene["a"] is (NodeStatus.RETRYING if again else NodeStatus.FAILED)


def test_after_its_back_off_a_node_waits_again_for_parents_that_were_reset():
    scene = Scene(dag("p>c", c={"retry": RetryPolicy(1, delay=5.0)}))
    scene.run("p")
    scene.fail("c")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.tick(5)
    assert scene["c"] is NodeStatus.WAITING
    scene.run("p")
    assert scene.starts() == ["c"]


# Late and duplicate results (rule 2)


@pytest.mark.parametrize("status", [NodeStatus.COMPLETED, NodeStatus.FAILED])
def test_a_result_that_was_queued_before_a_cancel_wins(status: NodeStatus):
    scene = Scene(dag("a"))
    scene.bring("a", status)
    assert scene.command(CANCEL, "a").nothing == f"it has finished already: {status.word}"
    assert scene["a"] is status


@pytest.mark.parametrize("value", [0, 1])
def test_a_duplicate_result_is_dropped(value: int):
    scene = Scene(dag("a"))
    scene.run("a")
    events = len(scene.events)
    scene.end("a", value)
    assert len(scene.events) == events
    assert scene.effects == []


def test_a_late_result_of_an_earlier_attempt_is_dropped():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.tick(0)
    scene.start("a")
    events = len(scene.events)
    for late in (Ended(0, 1, EndKind.EXIT, 0), Started(0, 1), Ended(0, 3, EndKind.EXIT, 0)):
        scene.traversal.handle(late, scene.now)
        assert scene.traversal.take() == ([], [])
    assert len(scene.events) == events
    assert scene["a"] is NodeStatus.RUNNING


@pytest.mark.parametrize(
    "late",
    [Started(0, 1), Withdrawn(0, 1), Ended(0, 1, EndKind.EXIT, 0), Ended(0, 1, EndKind.COULD_NOT_START), Started(0, 3)],
    ids=lambda late: f"{type(late).__name__} {late.attempt}",
)
def test_a_late_result_means_nothing_to_an_attempt_in_line(late: Result):
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.tick(0)
    assert (scene.cause("a"), scene.attempt("a")) == (Cause.IN_LINE, 2)
    scene.traversal.handle(late, scene.now)
    assert scene.traversal.take() == ([], [])
    scene.run("a")
    assert scene["a"] is NodeStatus.COMPLETED


# Parking (rule 3)


def test_a_retry_wakes_a_settled_run():
    scene = Scene(dag("a>b"))
    scene.fail("a")
    assert scene.traversal.settled
    scene.command(RETRY, "a")
    assert not scene.traversal.settled
    assert scene.run_all() == ["a", "b"]
    assert scene.state.verdict() is Verdict.COMPLETED


def test_nothing_is_settled_while_an_attempt_that_was_asked_back_may_begin():
    scene = Scene(dag("p>c"))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.fail("p")
    assert (scene["c"], scene.submitted()) == (NodeStatus.FAILED_PARENT, {"c"})
    assert not scene.traversal.settled
    scene.withdrawn("c")
    assert scene.traversal.settled


# Verdicts (rule 4)


def outcome(ways: str, *failing: str, cancelled: tuple[str, ...] = (), **tasks: dict[str, object]) -> Scene:
    scene = Scene(dag(ways, **tasks), jobs=9)
    if cancelled:
        scene.command(CANCEL, *cancelled)
        scene.withdrawn(*cancelled)
    while scene.submitted():
        label = sorted(scene.submitted())[0]
        scene.run(label, value=int(label in failing))
    return scene


def test_the_verdict_is_running_until_everything_is_settled():
    scene = Scene(dag("a>b"))
    scene.run("a")
    assert scene.state.verdict() is Verdict.RUNNING


def test_the_verdict_of_successes_is_completed():
    assert outcome("a>b").state.verdict() is Verdict.COMPLETED


def test_the_verdict_with_a_failure_is_failed():
    assert outcome("a b", "a").state.verdict() is Verdict.FAILED


def test_the_verdict_with_an_allowed_failure_is_completed():
    assert outcome("a>b", "a", a={"allow_failure": True}).state.verdict() is Verdict.COMPLETED


def test_the_verdict_is_failed_while_a_node_is_cancelled_by_an_earlier_time_limit():
    graph = dag("a b")
    graph.settings = RunSettings(timeout=10.0)
    scene = Scene(graph)
    scene.start("b")
    for _ in range(2):
        scene.start("a")
        scene.tick(10.0)
        for label in scene.stops():
            scene.end(label, 15, EndKind.SIGNAL)
        scene.command(RETRY, "a")
    scene.run("a")
    assert (scene["b"], scene.state.verdict()) == (NodeStatus.CANCELLED, Verdict.FAILED)
    scene.command(RETRY, "b")
    scene.run("b")
    assert scene.state.verdict() is Verdict.COMPLETED


def test_the_verdict_with_skipped_nodes_is_completed():
    assert outcome("a>b", b={"trigger": "any_failed"}).state.verdict() is Verdict.COMPLETED


def test_the_verdict_with_a_cancelled_node_is_cancelled():
    assert outcome("a b", cancelled=("a",)).state.verdict() is Verdict.CANCELLED


def test_the_verdict_with_a_cancelled_and_a_failed_node_is_failed():
    assert outcome("a b", "b", cancelled=("a",)).state.verdict() is Verdict.FAILED


def test_the_verdict_with_a_failed_parent_is_failed():
    assert outcome("a>b", cancelled=("a",)).state.verdict() is Verdict.FAILED


def test_the_verdict_after_cancel_all_is_cancelled_even_with_failures():
    scene = Scene(dag("a b>c"))
    scene.fail("a")
    scene.command(CommandKind.CANCEL_ALL)
    scene.withdrawn("b")
    assert scene.state.verdict() is Verdict.CANCELLED


def test_a_retry_after_cancel_all_gives_a_new_verdict():
    scene = Scene(dag("a"))
    scene.command(CommandKind.CANCEL_ALL)
    scene.withdrawn("a")
    scene.command(RETRY, "a")
    scene.run("a")
    assert scene.state.verdict() is Verdict.COMPLETED


# Work conservation (rule 5)


def test_no_more_nodes_are_submitted_than_there_are_slots():
    scene = Scene(dag("a b c d"), jobs=2)
    assert len(scene.submitted()) == 2
    scene.run(*sorted(scene.submitted()))
    assert len(scene.submitted()) == 2


def test_a_node_takes_the_slots_that_it_wants():
    scene = Scene(dag("a b c", a={"slots": 2}), jobs=3)
    assert len(scene.submitted()) == 2
    assert "a" in scene.submitted()


def test_a_node_that_fits_is_not_held_up_by_one_that_does_not():
    scene = Scene(dag("a>x>y b>z c", b={"slots": 2}), jobs=2)
    assert scene.starts() == ["a", "c"]


def test_a_node_that_wants_more_than_there_is_runs_alone():
    scene = Scene(dag("a b c", b={"slots": 9}), jobs=2)
    assert scene.submitted() == {"a", "c"}
    scene.run("a")
    assert scene.submitted() == {"c"}
    scene.run("c")
    assert scene.submitted() == {"b"}
    scene.run("b")
    assert scene.state.verdict() is Verdict.COMPLETED


def test_short_attempts_are_submitted_ahead_of_their_slots():
    names = [f"n{i:03}" for i in range(200)]
    scene = Scene(dag(" ".join(names)), jobs=2)
    for name in names[:60]:
        scene.start(name)
        scene.end(name, seconds=0.001)
    assert 2 < len(scene.submitted()) <= 2 + 64


def test_without_a_queue_of_the_executor_nothing_is_submitted_ahead():
    graph = dag(" ".join(f"n{i}" for i in range(50)))
    traversal = Traversal(graph, 2, lookahead=0)
    traversal.begin(0.0)
    for node in range(30):
        traversal.handle(Started(node, 1), 0.0)
        traversal.handle(Ended(node, 1, EndKind.EXIT, 0), 0.0)
        assert len(traversal.submitted) <= 2


def test_the_executor_gets_the_slots_before_anything_else():
    scene = Scene(dag("a"), jobs=3)
    assert scene.effects == [SetSlots(3), Start(0, 1, 1)]


# Cancelling nodes (rule 6)


def cancelling(**task: object) -> Scene:
    scene = Scene(dag("a>b", a=dict(task)))
    scene.start("a")
    scene.command(CANCEL, "a")
    return scene


@pytest.mark.parametrize(("kind", "value"), [(EndKind.EXIT, 0), (EndKind.EXIT, 1), (EndKind.SIGNAL, 15)])
def test_a_cancelled_attempt_is_cancelled_after_any_exit(kind: EndKind, value: int):
    scene = cancelling(retries=3)
    scene.end("a", value, kind)
    assert scene["a"] is NodeStatus.CANCELLED
    assert scene["b"] is NodeStatus.FAILED_PARENT
    assert scene.events[-2].why == "cancelled"


@pytest.mark.parametrize(("kind", "value"), [(EndKind.EXIT, 0), (EndKind.SIGNAL, 15), (EndKind.LOST, 0)])
def test_a_timeout_fails_the_attempt_after_any_exit(kind: EndKind, value: int):
    scene = Scene(dag("a", a={"timeout": 10.0, "grace": 2.0}))
    scene.start("a")
    scene.tick(9.9)
    assert scene["a"] is NodeStatus.RUNNING
    scene.tick(0.1)
    assert (scene["a"], scene.cause("a")) == (NodeStatus.CANCELLING, Cause.TIMEOUT)
    assert scene.stops() == {"a": 2.0}
    scene.end("a", value, kind)
    assert (scene["a"], scene.cause("a")) == (NodeStatus.FAILED, Cause.TIMEOUT)
    assert scene.events[-1].why == "timeout after 10 s"


@pytest.mark.parametrize(
    ("kind", "value", "status", "cause"),
    [
        (EndKind.EXIT, 0, NodeStatus.COMPLETED, Cause.RAN),
        (EndKind.EXIT, 3, NodeStatus.FAILED, Cause.EXIT),
        (EndKind.SIGNAL, 9, NodeStatus.FAILED, Cause.SIGNAL),
    ],
)
def test_what_ended_in_time_by_its_own_clock_did_not_time_out(
    kind: EndKind, value: int, status: NodeStatus, cause: Cause
):
    scene = Scene(dag("a>b", a={"timeout": 10.0}))
    scene.start("a")
    scene.tick(30)
    scene.end("a", value, kind, seconds=9.9)
    assert (scene["a"], scene.cause("a")) == (status, cause)
    assert scene.starts() == (["b"] if status is NodeStatus.COMPLETED else [])


def test_a_timeout_is_retried_as_any_failure():
    scene = Scene(dag("a", a={"timeout": 10.0, "retries": 1}))
    scene.start("a")
    scene.tick(10)
    scene.end("a", 15, EndKind.SIGNAL)
    scene.tick(0)
    assert scene.starts() == ["a"]
    scene.start("a")
    scene.tick(9.9)
    assert scene["a"] is NodeStatus.RUNNING, "each attempt has its own time"


def test_a_persons_cancel_beats_the_timeout():
    scene = Scene(dag("a", a={"timeout": 10.0, "retries": 3}))
    scene.start("a")
    scene.tick(10)
    scene.command(CANCEL, "a")
    scene.end("a")
    assert scene["a"] is NodeStatus.CANCELLED


def test_a_timeout_does_not_change_what_a_person_wanted():
    scene = Scene(dag("a", a={"timeout": 10.0}))
    scene.start("a")
    scene.tick(9)
    scene.command(CANCEL, "a")
    scene.tick(5)
    assert scene.cause("a") is Cause.CANCEL
    scene.end("a")
    assert scene["a"] is NodeStatus.CANCELLED


@pytest.mark.parametrize(
    ("commands", "wanted"),
    [
        ((CANCEL, RETRY), NodeStatus.READY),
        ((CANCEL, RETRY, CANCEL), NodeStatus.CANCELLED),
        ((CommandKind.RERUN, CANCEL), NodeStatus.CANCELLED),
        ((CANCEL, CommandKind.RERUN), NodeStatus.READY),
        ((CommandKind.CANCEL_ALL, CommandKind.RERUN_ONLY), NodeStatus.READY),
    ],
)
def test_the_last_persons_intent_wins(commands: tuple[CommandKind, ...], wanted: NodeStatus):
    scene = Scene(dag("a"))
    scene.start("a")
    for kind in commands:
        scene.command(kind, *([] if kind is CommandKind.CANCEL_ALL else ["a"]))
        assert scene["a"] is NodeStatus.CANCELLING
    scene.end("a", 15, EndKind.SIGNAL)
    assert scene["a"] is wanted


def test_what_can_not_be_killed_is_said_once():
    scene = Scene(dag("a", a={"grace": 3.0}))
    scene.start("a")
    scene.command(CANCEL, "a")
    scene.tick(3 + UNKILLABLE_AFTER - 0.1)
    assert not any(isinstance(event, NoteEvent) for event in scene.events)
    assert not scene.traversal.stuck
    scene.tick(0.1)
    scene.tick(100)
    notes = [event.text for event in scene.events if isinstance(event, NoteEvent)]
    assert len(notes) == 1
    assert "can't be killed" in notes[0]
    assert scene.traversal.stuck
    scene.end("a", 9, EndKind.SIGNAL)
    assert scene["a"] is NodeStatus.CANCELLED
    assert not scene.traversal.unkillable


@pytest.mark.parametrize("beside", [NodeStatus.RUNNING, NodeStatus.RETRYING, NodeStatus.CANCELLING, NodeStatus.READY])
def test_a_run_is_not_stuck_while_anything_else_can_happen(beside: NodeStatus):
    scene = Scene(dag("a b", b={"retry": RetryPolicy(1, delay=1000.0, exit_codes=(75,))}))
    scene.start("a")
    scene.command(CANCEL, "a")
    scene.tick(5 + UNKILLABLE_AFTER)
    assert scene.traversal.unkillable
    scene.bring("b", beside)
    assert not scene.traversal.stuck
    scene.end("a", 9, EndKind.SIGNAL)
    assert not scene.traversal.stuck


def test_what_has_not_begun_is_not_unkillable():
    scene = Scene(dag("a"))
    scene.command(CANCEL, "a")
    scene.tick(1000)
    assert not any(isinstance(event, NoteEvent) for event in scene.events)
    assert not scene.traversal.stuck


def test_a_new_attempt_is_not_unkillable_because_of_an_older_one():
    scene = Scene(dag("a", a={"grace": 3.0}))
    scene.command(CANCEL, "a")
    scene.withdrawn("a")
    scene.command(RETRY, "a")
    scene.start("a")
    scene.tick(3 + UNKILLABLE_AFTER - 1)
    scene.command(CANCEL, "a")
    scene.tick(2)
    assert scene.traversal.unkillable == set()


# keep_going = false (rule 7)


def fail_fast(ways: str, jobs: int = 2, **tasks: dict[str, object]) -> Scene:
    return Scene(dag(ways, keep_going=False, **tasks), jobs)


def test_the_first_failure_keeps_the_rest_from_beginning():
    scene = fail_fast("a b c>d")
    scene.start("a", "c")
    scene.end("a", 1)
    assert scene.statuses() == "a failed, b cancelled, c running, d cancelled"
    assert scene.marks("b") == scene.marks("d") == (1,)
    assert "because a failed" in next(e.why for e in scene.events if getattr(e, "node", None) == 1 and e.marks)


def test_what_runs_at_the_first_failure_finishes():
    scene = fail_fast("a b")
    scene.start("a", "b")
    scene.end("a", 1)
    assert scene.stops() == {}
    scene.end("b")
    assert scene["b"] is NodeStatus.COMPLETED


def test_what_runs_at_the_first_failure_is_not_retried():
    scene = fail_fast("a b", b={"retries": 5})
    scene.start("a", "b")
    scene.end("a", 1)
    scene.end("b", 1)
    assert scene["b"] is NodeStatus.FAILED


def test_what_waits_for_a_retry_at_the_first_failure_has_failed():
    scene = fail_fast("a b", b={"retry": RetryPolicy(5, delay=60.0)})
    scene.start("a", "b")
    scene.end("b", 4)
    scene.end("a", 1)
    assert (scene["b"], scene.cause("b")) == (NodeStatus.FAILED, Cause.EXIT)
    settled = [event for event in scene.events if isinstance(event, NodeEvent) and event.node == 1][-1]
    assert (settled.status, settled.why, settled.value) == (NodeStatus.FAILED, "exit 4", 4)
    assert scene.traversal.settled


def test_what_times_out_at_the_first_failure_is_not_retried():
    scene = fail_fast("a b", b={"timeout": 10.0, "retries": 3})
    scene.start("a", "b")
    scene.tick(10)
    scene.end("a", 1)
    scene.end("b", 15, EndKind.SIGNAL)
    assert (scene["b"], scene.cause("b")) == (NodeStatus.FAILED, Cause.TIMEOUT)


def test_submitted_attempts_are_withdrawn_at_the_first_failure():
    scene = fail_fast("a b")
    scene.start("a")
    scene.end("a", 1)
    assert scene.withdraws() == ["b"]
    assert scene.stops() == {}
    scene.withdrawn("b")
    assert scene["b"] is NodeStatus.CANCELLED
    assert scene.attempt("b") == 0


def test_what_began_as_the_first_failure_was_heard_of_finishes():
    scene = fail_fast("a b", b={"retries": 3})
    scene.start("a")
    scene.end("a", 1)
    scene.start("b")
    assert scene["b"] is NodeStatus.RUNNING
    assert scene.marks("b") == ()
    assert scene.stops() == {}
    scene.end("b", 1)
    assert scene["b"] is NodeStatus.FAILED


def test_what_began_after_the_cause_was_retried_is_stopped_and_starts_again():
    scene = fail_fast("a b")
    scene.start("a")
    scene.end("a", 1)
    scene.command(RETRY, "a")
    assert (scene["b"], scene.cause("b"), scene.stops()) == (NodeStatus.CANCELLING, Cause.RESTART, {})
    scene.start("b")
    assert scene.stops() == {"b": 5.0}
    scene.end("b", 15, EndKind.SIGNAL)
    assert scene.starts() == ["b"]


def test_all_done_and_any_failed_nodes_still_run_after_the_first_failure():
    scene = fail_fast("a>c a>d b>e", c={"trigger": "all_done"}, d={"trigger": "any_failed"}, e={"trigger": "all_done"})
    scene.start("a")
    scene.end("a", 1)
    assert set(scene.starts()) <= {"c", "d"}
    scene.withdrawn("b")
    ran = scene.run_all()
    assert set(ran) == {"c", "d", "e"}


def test_what_the_failure_itself_holds_back_is_failed_parent():
    scene = fail_fast("a>b")
    scene.fail("a")
    assert scene["b"] is NodeStatus.FAILED_PARENT


def test_a_failure_that_is_allowed_stops_nothing():
    scene = fail_fast("a>b", a={"allow_failure": True})
    scene.fail("a")
    assert scene.starts() == ["b"]


def test_a_failure_that_is_retried_stops_nothing():
    scene = fail_fast("a b", jobs=1, a={"retries": 1})
    scene.fail("a")
    assert scene["b"] is NodeStatus.READY


def test_retrying_the_cause_lifts_the_runs_own_marks_everywhere():
    scene = fail_fast("a b>c d", jobs=1)
    scene.start(next(iter(scene.submitted())))
    first = scene.graph.labels[next(iter(scene.traversal.capacity.held))]
    scene.end(first, 1)
    scene.command(RETRY, first)
    assert scene.state.marks == {}
    assert sorted(scene.run_all()) == ["a", "b", "c", "d"]


def test_retrying_the_cause_gives_what_still_runs_its_retries_back():
    scene = fail_fast("a b c", jobs=3, b={"retries": 1})
    scene.start("a", "b")
    scene.end("a", 1)
    scene.command(RETRY, "a")
    scene.end("b", 1)
    assert scene["b"] is NodeStatus.RETRYING


def test_when_the_retried_cause_fails_again_the_run_stops_again():
    scene = fail_fast("a b", jobs=1)
    scene.fail("a")
    scene.command(RETRY, "a")
    scene.fail("a")
    assert scene["b"] is NodeStatus.CANCELLED


def test_a_node_that_is_to_start_again_is_kept_from_it_at_the_first_failure():
    scene = fail_fast("a b")
    scene.start("a", "b")
    scene.command(CommandKind.RERUN, "b")
    scene.end("a", 1)
    scene.end("b", 15, EndKind.SIGNAL)
    assert scene["b"] is NodeStatus.CANCELLED


def test_the_run_stops_itself_once():
    scene = fail_fast("a b c")
    scene.start("a", "b")
    scene.end("a", 1)
    scene.end("b", 1)
    scene.command(RETRY, "c")
    assert scene["c"] is NodeStatus.READY
    assert scene.state.command_number == 2


# Submitted attempts that have not begun


def test_what_is_withdrawn_gives_its_number_back():
    scene = Scene(dag("p>c"))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    assert (scene["c"], scene.withdraws()) == (NodeStatus.WAITING, ["c"])
    scene.withdrawn("c")
    assert scene.attempt("c") == 0
    scene.run("p")
    assert scene.starts() == ["c"]
    assert scene.attempt("c") == 1


def test_what_begins_although_its_parents_were_reset_is_stopped_and_runs_after_them():
    scene = Scene(dag("p>c"))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.start("c")
    assert (scene["c"], scene.cause("c")) == (NodeStatus.CANCELLING, Cause.WITHDRAWN)
    assert scene.stops() == {"c": 5.0}
    scene.end("c", 15, EndKind.SIGNAL)
    assert scene["c"] is NodeStatus.WAITING
    scene.run("p")
    scene.run("c")
    assert (scene["c"], scene.attempt("c")) == (NodeStatus.COMPLETED, 2)


def test_what_was_to_be_withdrawn_and_could_not_start_does_not_use_its_number_again():
    scene = Scene(dag("p>c", c={"retries": 1}))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.end("c", kind=EndKind.COULD_NOT_START)
    assert (scene["c"], scene.attempt("c")) == (NodeStatus.WAITING, 1)
    scene.run("p")
    scene.fail("c")
    assert scene.attempt("c") == 2
    assert scene["c"] is NodeStatus.RETRYING, "it does not use up retries"


def test_a_cancelled_node_in_line_that_begins_all_the_same_stays_cancelled():
    scene = Scene(dag("p>c"))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.command(CANCEL, "c")
    assert scene.stops() == {"c": 5.0}
    scene.start("c")
    scene.end("c")
    assert scene["c"] is NodeStatus.CANCELLED
    scene.run("p")
    assert scene.submitted() == set()


def test_a_budget_of_retries_counts_neither_withdrawn_nor_earlier_attempts():
    scene = Scene(dag("p>c", c={"retries": 1}))
    scene.run("p")
    scene.fail("c")
    scene.tick(0)
    scene.command(CommandKind.RERUN, "p")
    scene.withdrawn("c")
    scene.run("p")
    scene.fail("c")
    assert scene["c"] is NodeStatus.FAILED


def test_an_attempt_that_begins_although_its_node_was_reset_is_the_first_of_the_new_budget():
    scene = Scene(dag("p>c", c={"retries": 1}))
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    scene.fail("p")
    assert (scene["c"], scene.submitted()) == (NodeStatus.FAILED_PARENT, {"c"})
    scene.command(CommandKind.RERUN, "p")
    scene.run("p")
    scene.fail("c")
    assert (scene["c"], scene.attempt("c")) == (NodeStatus.RETRYING, 1)
    scene.tick(0)
    scene.fail("c")
    assert (scene["c"], scene.attempt("c")) == (NodeStatus.FAILED, 2)


# Stale nodes


def test_a_completed_node_is_stale_when_an_ancestor_runs_again():
    scene = Scene(dag("a>b>c>d"))
    scene.run("a", "b", "c")
    scene.command(CommandKind.RERUN_ONLY, "a")
    assert not any(scene.state.stale)
    scene.start("a")
    assert [bool(flag) for flag in scene.state.stale] == [False, True, True, False]


def test_a_stale_node_that_runs_again_is_fresh():
    scene = Scene(dag("a>b"))
    scene.run("a", "b")
    scene.command(CommandKind.RERUN_ONLY, "a")
    scene.run("a")
    scene.command(CommandKind.RERUN_ONLY, "b")
    scene.run("b")
    assert not any(scene.state.stale)


def test_what_ran_while_an_ancestor_began_again_is_stale_once_it_completes():
    scene = Scene(dag("a>b"))
    scene.run("a")
    scene.start("b")
    scene.command(CommandKind.RERUN_ONLY, "a")
    scene.run("a")
    assert not scene.state.stale[1]
    scene.end("b")
    assert scene.state.stale[1]


def test_what_completed_between_two_beginnings_above_it_is_stale_after_the_second():
    scene = Scene(dag("p>x q>x r>x", x={"trigger": "any_success", "retries": 1}))
    scene.run("p", "r")
    scene.start("q")
    scene.fail("x")
    scene.command(CommandKind.RERUN_ONLY, "p", "q")
    scene.start("p")
    scene.tick(0)
    scene.run("x")
    assert not scene.state.stale[scene.graph.node("x")]
    scene.end("q", 15, EndKind.SIGNAL)
    scene.start("q")
    assert scene.state.stale[scene.graph.node("x")]


def test_a_first_run_makes_nothing_stale():
    scene = Scene(dag("a>c b>c", c={"trigger": "any_success"}), jobs=1)
    scene.run("a")
    scene.run("c") if "c" in scene.submitted() else scene.run("b", "c")
    scene.run_all()
    assert not any(scene.state.stale)


# Continuing from a journal


def test_a_recorded_run_is_adopted_with_what_was_in_flight():
    graph = dag(
        "a b c d>e f",
        keep_going=True,
        a={"timeout": 10.0},
        b={"retry": RetryPolicy(1, delay=20.0)},
        c={"slots": 2},
    )
    scene = Scene(graph, jobs=5)
    scene.start("a", "b", "c")
    scene.end("b", 1)
    adopted = adopted_traversal(graph, 5, scene.events, 3.0)
    assert adopted.submitted == scene.traversal.submitted
    assert adopted.next_alarm() == 10.0
    for at, status in ((10.0, NodeStatus.CANCELLING), (20.0, NodeStatus.CANCELLING)):
        adopted.wake(at)
        assert adopted.state.status[0] == status
    assert adopted.state.status[1] == NodeStatus.READY
