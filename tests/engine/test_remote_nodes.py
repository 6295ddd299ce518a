"""Nodes on other machines: pools of slots, queues with reasons, late news, ends from outside, and taking up."""

from __future__ import annotations

import pytest
from support.remote_scene import FAR, events_of, far, queue, resumed, tell, with_executors, words
from support.scene import Scene, dag

from dagtui.engine.capacity import executor_slots, slots_taken
from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import (
    Command,
    CommandKind,
    Doubted,
    Ended,
    EndKind,
    Heard,
    SetSlots,
    Silent,
    Start,
    Started,
)
from dagtui.engine.protocol import Handed
from dagtui.engine.remote_results import MOST_REASONS, REASON_EVERY, SAID_AT_ONCE, SAID_EVERY
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.executors import ExecutorKind
from dagtui.graph.model import RetryPolicy

K, S = CommandKind, NodeStatus
SLURM, SSH = ExecutorKind.SLURM, ExecutorKind.SSH

# Slots


def test_nodes_elsewhere_take_no_slots_here_and_no_more_there_than_there_are():
    scene = Scene(with_executors(dag("a b c d e", a=FAR, b=FAR, c=FAR), jobs=2), jobs=1)
    assert scene.starts() == ["a", "b", "d"]
    assert Start(0, 1, 1) in scene.effects
    assert executor_slots(scene.state)["cluster"] == (2, 2, 2)
    scene.start("a", "d")
    assert (executor_slots(scene.state)["cluster"], slots_taken(scene.state)) == ((2, 2, 1), 1)
    assert words(scene, "c") == "no free slot on cluster (2 of 2 taken)"
    scene.end("a")
    assert scene.starts() == ["c"]


def test_an_executor_without_a_number_takes_all():
    assert far(" ".join(f"n{number}" for number in range(700)), jobs=None).starts()[699:] == ["n699"]


def test_the_critical_path_comes_first_there():
    assert far("a b>c>d e>f", jobs=2).starts() == ["b", "e"]


def test_what_is_short_here_is_submitted_ahead_whatever_waits_there():
    names = [f"n{number}" for number in range(40)], [f"far{number}" for number in range(40)]
    scene = Scene(with_executors(dag(" ".join((*names[0], *names[1])), **dict.fromkeys(names[1], FAR))), jobs=1)
    for number in range(20):
        scene.start(f"n{number}")
        scene.end(f"n{number}", seconds=0.001)
    assert len(scene.submitted()) > 41


@pytest.mark.parametrize(("kind", "starts"), [(SSH, ["wide"]), (SLURM, ["wide", "a", "b"])])
def test_only_ssh_counts_slots_of_a_node(kind: ExecutorKind, starts: list[str]):
    assert far("wide a b", 4, kind, wide={"slots": 4}).starts() == starts


def test_a_node_that_wants_more_than_there_is_runs_alone():
    scene = far("a wide b", 2, SSH, wide={"slots": 8})
    assert scene.starts() == ["a", "b"]
    scene.run("a")
    assert not scene.starts()
    scene.run("b")
    assert scene.starts() == ["wide"]
    scene.run("wide")
    assert scene.state.verdict().value == "completed"


def test_the_slots_of_an_executor_are_set_by_its_name():
    scene = far("a b c", jobs=1)
    command = Command(K.SET_JOBS, jobs=2, executor="cluster")
    assert scene.traversal.preview(command).nothing is None
    found = scene.traversal.handle(command, scene.now)
    scene._take()
    assert found is not None
    assert found.nothing is None
    assert scene.starts() == ["b"]
    assert not any(isinstance(effect, SetSlots) for effect in scene.effects)
    assert (scene.state.jobs, executor_slots(scene.state)["cluster"].of) == (1, 2)
    refusals = [Command(K.SET_JOBS, jobs=n, executor=name) for n, name in ((2, "cluster"), (0, "cluster"), (3, "klus"))]
    assert [scene.traversal.preview(command).nothing for command in refusals] == [
        "there are 2 slots on cluster already",
        "at least one slot is required; pause the run to stop starting nodes",
        "no task runs on klus; the executors are local, cluster",
    ]


# Queued


def test_a_queued_node_says_why_and_how_long():
    scene = far("a")
    scene.now = 5.0
    assert words(scene, "a") == "submitted to cluster, 5 s"
    queue(scene, "a", "job 4711_3: Resources")
    scene.now = 750.0
    assert scene["a"] is S.READY
    assert scene.cause("a") is Cause.QUEUED
    assert words(scene, "a") == "queued on cluster: job 4711_3: Resources, 12 m 30 s"
    scene.start("a")
    assert scene["a"] is S.RUNNING
    assert executor_slots(scene.state)["cluster"] == (1, 500, 0)


def test_a_reason_that_flips_is_recorded_ever_more_rarely_and_the_last_one_is_not_lost():
    scene = far("a")
    for second in range(3600):
        scene.now = float(second)
        queue(scene, "a", ("Priority", "Resources")[second % 2])
        scene.tick(0)
    reasons = [event for event in events_of(scene, "a") if event.cause is Cause.QUEUED]
    assert 5 < len(reasons) < 15
    queue(scene, "a", "ReqNodeNotAvail")
    queue(scene, "a", "ReqNodeNotAvail")
    scene.tick(600)
    assert "ReqNodeNotAvail" in words(scene, "a")


def test_reasons_that_are_due_at_once_are_recorded_in_parts():
    names = [f"n{number}" for number in range(2 * SAID_AT_ONCE + 1)]
    scene = far(" ".join(names), jobs=None)
    for why in ("Priority", "Resources"):
        for name in names:
            queue(scene, name, why)
    said = []
    for seconds in (REASON_EVERY, SAID_EVERY, SAID_EVERY):
        scene.tick(seconds)
        said.append(sum("Resources" in words(scene, name) for name in names))
    assert said == [SAID_AT_ONCE, 2 * SAID_AT_ONCE, len(names)]


def test_a_reason_that_goes_and_comes_sets_one_alarm():
    scene = far("a")
    for number in range(99):
        queue(scene, "a", ("Priority", "Resources")[number % 2])
    assert scene.traversal.next_alarm() == REASON_EVERY
    scene.tick(REASON_EVERY)
    assert scene.traversal.next_alarm() is None


def test_the_same_reason_is_one_event():
    scene = far("a b")
    for _ in range(5):
        queue(scene, "a", "Priority")
        queue(scene, "b", "")
        scene.tick(REASON_EVERY + 1)
    assert sum(event.cause is Cause.QUEUED for event in events_of(scene, "a") + events_of(scene, "b")) == 2


def test_a_cancelled_node_that_is_queued_is_asked_to_stop_and_its_number_is_not_used_again():
    scene = far("a>b")
    queue(scene, "a")
    assert scene.names(scene.preview(K.CANCEL, "a").stopped) == "a"
    scene.command(K.CANCEL, "a")
    assert scene["a"] is S.CANCELLING
    assert scene.stops() == {"a": 5.0}
    scene.withdrawn("a")
    assert scene["a"] is S.CANCELLED
    scene.command(K.RETRY, "a")
    assert [effect for effect in scene.effects if isinstance(effect, Start)] == [Start(0, 2, 1)]


def test_what_was_withdrawn_is_no_try():
    scene = far("a", a={"retries": 1})
    queue(scene, "a")
    scene.command(K.HOLD, "a")
    assert scene.withdraws() == ["a"]
    scene.withdrawn("a")
    assert scene["a"] is S.READY
    assert executor_slots(scene.state)["cluster"].taken == 0
    scene.command(K.RELEASE, "a")
    scene.start("a")
    scene.end("a", 1)
    assert scene["a"] is S.RETRYING
    scene.tick(1)
    scene.run("a", value=1)
    assert (scene["a"], scene.attempt("a")) == (S.FAILED, 3)


def test_a_person_decides_of_a_queued_node_only_after_a_cancel():
    scene = far("a")
    for kind in (K.SKIP, K.MARK_DONE):
        assert scene.preview(kind, "a").nothing == "it is queued on cluster; cancel it first"


def test_a_pause_submits_nothing_more_and_what_was_submitted_may_begin():
    scene = Scene(with_executors(dag("far more here", far=FAR, more=FAR), jobs=1), jobs=1)
    scene.command(K.PAUSE)
    assert scene.withdraws() == ["here"]
    scene.start("far")
    scene.end("far")
    assert scene["far"] is S.COMPLETED
    assert not scene.starts()
    assert words(scene, "more") == "the run is paused"


def test_a_queued_node_whose_parent_runs_again_is_withdrawn():
    scene = far("a>b")
    scene.run("a")
    queue(scene, "b")
    scene.command(K.RERUN_ONLY, "a")
    assert scene.withdraws() == ["b"]
    queue(scene, "b")  # it was on its way
    assert scene["b"] is S.WAITING
    scene.withdrawn("b")
    scene.run("a")
    assert Start(1, 2, 1) in scene.effects


# Begins and ends


def test_news_of_a_begin_may_be_late():
    scene = far("a")
    scene.now = 100.0
    tell(scene, Started(0, 1, where="n2, job 7", ago=60.0))
    assert scene.state.started[0] == 40.0
    assert words(scene, "a") == "attempt 1 on n2, job 7"
    assert events_of(scene, "a")[-1][-3:] == ("cluster", "n2, job 7", 60.0)
    tell(scene, Ended(0, 1, EndKind.EXIT, seconds=55.0))
    assert scene.state.where == {0: "n2, job 7"}
    assert not scene.state.executor_of


def test_the_timeout_here_is_only_a_backstop():
    scene = far("a", a={"timeout": 30.0})
    scene.start("a")
    scene.tick(94.0)
    assert scene["a"] is S.RUNNING
    scene.tick(2.0)
    assert scene["a"] is S.CANCELLING
    tell(scene, Ended(0, 1, EndKind.TIMEOUT, seconds=29.99))
    assert (scene["a"], scene.cause("a")) == (S.FAILED, Cause.TIMEOUT)


@pytest.mark.parametrize(
    ("kind", "cause", "why"),
    [
        (EndKind.TIMEOUT, Cause.TIMEOUT, "timeout after 30 s"),
        (EndKind.OUTSIDE, Cause.OUTSIDE, "ended from outside: preempted"),
        (EndKind.LOST, Cause.LOST, "lost: preempted"),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_what_is_not_the_attempts_own_end_is_a_failure(kind: EndKind, cause: Cause, why: str, begun: bool):
    scene = far("a", a={"timeout": 30.0})
    if begun:
        scene.start("a")
    tell(scene, Ended(0, 1, kind, text="preempted"))
    assert (scene["a"], scene.cause("a"), words(scene, "a")) == (S.FAILED, cause, why)
    if not begun and kind is not EndKind.TIMEOUT:
        assert not any(event.status is S.RUNNING for event in events_of(scene, "a"))
    assert executor_slots(scene.state)["cluster"].taken == 0


def test_an_end_from_outside_after_a_persons_cancel_is_a_cancel():
    scene = far("a")
    scene.start("a")
    scene.command(K.CANCEL, "a")
    scene.end("a", kind=EndKind.OUTSIDE)
    assert scene["a"] is S.CANCELLED


@pytest.mark.parametrize("local", [True, False])
def test_what_is_lost_and_what_ends_from_outside_have_budgets_of_their_own(local: bool):
    policy = RetryPolicy(retries=1, delay=0.0, lost=2, outside=1, exit_codes=(7,))
    scene = far("a", a={"retry": policy} | ({"executor": "local"} if local else {}))
    ends = [(EndKind.LOST, 0), (EndKind.EXIT, 7), (EndKind.OUTSIDE, 0), (EndKind.LOST, 0)]
    for kind, value in ends:
        scene.start("a")
        scene.end("a", value, kind)
        assert scene["a"] is S.RETRYING, kind
        scene.tick(1)
    scene.start("a")
    scene.end("a", 0, EndKind.OUTSIDE)
    assert scene["a"] is S.FAILED
    scene.command(K.RETRY, "a")
    scene.start("a")
    scene.end("a", 0, EndKind.OUTSIDE)
    assert scene["a"] is S.RETRYING


def test_a_stop_that_does_not_come_true_is_said_and_leaving_does_not_wait_for_it():
    scene = far("a b")
    scene.start("a")
    scene.command(K.CANCEL_ALL)
    scene.tick(64.0)
    assert not scene.traversal.stuck
    scene.tick(2.0)
    notes = [event.text for event in scene.events if isinstance(event, NoteEvent)]
    assert notes == ["cluster has not ended it 60 s after it should be gone; the stop is noted"] * 2
    assert scene.traversal.stuck
    scene.withdrawn("b")
    scene.end("a", 0, EndKind.SIGNAL)
    assert scene.statuses() == "a cancelled, b cancelled"


def test_an_attempt_in_doubt_says_why_and_until_when_and_keeps_its_begin():
    scene = far("a", a={"retry": RetryPolicy(1, lost=1)})
    scene.start("a")
    began = scene.state.started[0]
    scene.now += 20.0
    tell(scene, Doubted(0, 1, "its worker w0 left the cluster", 35.0))
    scene.now += 5.0
    assert words(scene, "a") == "attempt 1 on cluster; its worker w0 left the cluster; counts as lost in 30 s"
    assert scene["a"] is S.RUNNING
    assert scene.state.started[0] == began
    scene.end("a", kind=EndKind.LOST)
    assert scene["a"] is S.RETRYING
    assert not scene.state.doubts
    tell(scene, Doubted(0, 1, "its worker w0 left the cluster", 35.0))
    assert scene["a"] is S.RETRYING


def test_silence_is_noted_once_for_each_reason():
    scene = far("a")
    scene.start("a")
    for _ in range(3):
        tell(scene, Silent("cluster", 1_700_000_000.0, "timed out"))
    assert words(scene, "a") == "attempt 1 on cluster; cluster does not answer: timed out"
    tell(scene, Silent("cluster", 1_700_000_000.0, "its key has changed"))
    for number in range(2 * MOST_REASONS):
        tell(scene, Silent("cluster", 1_700_000_000.0, f"port {number}"))
    assert scene.state.silent["cluster"].since == 1_700_000_000.0
    assert "port" in words(scene, "a")
    tell(scene, Heard("cluster"))
    tell(scene, Heard("cluster"))
    assert not scene.state.silent
    notes = [event.text for event in scene.events if isinstance(event, NoteEvent)]
    assert notes[:2] == ["cluster does not answer: timed out", "cluster does not answer: its key has changed"]
    assert (len(notes), notes[-1]) == (MOST_REASONS + 1, "cluster answers again")


# Taking up


def test_a_resume_keeps_status_and_number_and_goes_on_counting():
    scene = far("run wait here>after", here={"executor": "local"}, after={"executor": "local"})
    scene.start("run", "here")
    queue(scene, "wait")
    scene.now = 50.0
    for _ in range(2):  # the second crash comes before any answer
        scene, handed = resumed(scene, away=1000.0)
        assert handed == [Handed(0, 1), Handed(1, 1)]
        assert scene.statuses() == "run running, wait ready, here ready, after waiting"
        assert executor_slots(scene.state)["cluster"] == (2, 500, 1)
    assert scene.now - scene.state.started[0] == 2052.0
    assert words(scene, "wait") == "queued on cluster: job 7: Resources, 34 m 12 s"
    tell(scene, Started(0, 1, where="n2", ago=2052.0))
    tell(scene, Started(0, 1, where="n2", ago=2052.5))
    assert [event.where for event in events_of(scene, "run")][-1] == "n2"
    before = len(events_of(scene, "run"))
    tell(scene, Started(0, 1, ago=8.0))
    assert len(events_of(scene, "run")) == before, "what does not say where it runs is no news of it"
    tell(scene, Ended(0, 1, EndKind.EXIT, seconds=2052.0))
    tell(scene, Started(1, 1, where="n3"))
    assert scene.statuses() == "run completed, wait running, here ready, after waiting"


def test_a_resume_keeps_the_job_that_an_executor_does_not_know_any_more():
    scene = far("run")
    scene.start("run")
    tell(scene, Started(0, 1, where="n2, job 7", ago=0.0))
    scene, _ = resumed(scene, away=100.0)
    tell(scene, Started(0, 1, where="n2", ago=50.0))
    assert scene.state.where[0] == "n2, job 7"
    assert scene.now - scene.state.started[0] == 50.0


def test_what_was_being_stopped_is_stopped_still():
    scene = far("a b")
    scene.start("a", "b")
    scene.command(K.CANCEL, "a")
    scene.command(K.CANCEL_ALL)
    scene, handed = resumed(scene)
    assert handed == [Handed(0, 1, 5.0), Handed(1, 1, 5.0)]
    assert (scene.cause("a"), scene.cause("b")) == (Cause.CANCEL, Cause.RESTART)
    scene.start("a")  # it runs there: this is no reason to let it finish
    assert scene["a"] is S.CANCELLING
    scene.end("a", 0, EndKind.SIGNAL)
    scene.withdrawn("b")
    assert scene["a"] is S.CANCELLED
    assert Start(1, 2, 1) in scene.effects


def test_what_is_defined_otherwise_is_stopped_and_runs_again():
    scene = far("a b>c")
    scene.start("a")
    queue(scene, "b")
    scene, handed = resumed(scene, again={0: "changed since it ran: command", 1: "changed since it ran: command"})
    assert handed == [Handed(0, 1, 5.0), Handed(1, 1, 5.0)]
    assert not scene.starts()
    scene.end("a", 15, EndKind.SIGNAL)
    assert Start(0, 2, 1) in scene.effects
    scene.withdrawn("b")
    assert Start(1, 2, 1) in scene.effects


def test_what_is_on_an_executor_that_is_gone_is_lost():
    scene = far("a b")
    scene.start("a")
    scene.graph = with_executors(dag("a b", a={"executor": "other"}, b={"executor": "other"}))
    scene, handed = resumed(scene)
    assert not handed
    lost = [event for event in events_of(scene, "a") if event.cause is Cause.LOST]
    assert len(lost) == 1
    assert scene.starts() == ["a", "b"]


def test_a_withdrawal_is_repeated():
    scene = far("a>b")
    scene.run("a")
    queue(scene, "b")
    scene.command(K.RERUN_ONLY, "a")
    scene, handed = resumed(scene)
    assert handed == [Handed(0, 2), Handed(1, 1)]
    assert scene.withdraws() == ["b"]


def test_what_its_executor_does_not_know_any_more_is_lost():
    scene = far("a b")
    scene.start("a", "b")
    scene.command(K.CANCEL, "b")
    scene.withdrawn("a", "b")
    assert scene.statuses() == "a failed, b cancelled"
    assert words(scene, "a") == "lost: its executor does not know it any more"


def test_what_is_on_an_executor_that_the_file_no_longer_names_is_stopped_and_runs_on_another():
    scene = far("a b")
    scene.start("a")
    scene.graph = with_executors(dag("a b", a={"executor": "other"}))
    scene, handed = resumed(scene, 0.0, None, "cluster")
    assert handed == [Handed(0, 1, 5.0), Handed(1, 1, 5.0)]
    assert executor_slots(scene.state)["cluster"] == (2, None, 1)
    scene.end("a", 15, EndKind.SIGNAL)
    scene.withdrawn("b")
    assert Start(0, 2, 1) in scene.effects or scene["a"] is S.READY
    scene.run("a", "b")
    assert "cluster" not in executor_slots(scene.state)


def test_growing_resources_do_not_grow_by_what_never_began():
    scene = far("a", a={"retries": 1})
    for _ in range(3):
        scene.command(K.HOLD, "a")
        scene.withdrawn("a")
        scene.command(K.RELEASE, "a")
    assert (scene.attempt("a"), scene.state.tries(0)) == (4, 1)
