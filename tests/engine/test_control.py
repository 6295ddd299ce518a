"""The table of commands: each row for every status of its target."""

from __future__ import annotations

import pytest
from engine.machine import TARGETLESS
from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind, EndKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import RetryPolicy

W, RDY, RUN, RTY, CNG = (
    NodeStatus.WAITING,
    NodeStatus.READY,
    NodeStatus.RUNNING,
    NodeStatus.RETRYING,
    NodeStatus.CANCELLING,
)
OK, BAD, FP, CND, SKP = (
    NodeStatus.COMPLETED,
    NodeStatus.FAILED,
    NodeStatus.FAILED_PARENT,
    NodeStatus.CANCELLED,
    NodeStatus.SKIPPED,
)
K = CommandKind
POLICY = RetryPolicy(1, delay=60.0, exit_codes=(75,))


def in_status(status: NodeStatus, **task: object) -> Scene:
    """Return a graph `p > x > c` in which x has a status. Exit 75 is retried after a minute."""
    scene = Scene(dag("p>x>c", x={"retry": POLICY, **task}))
    scene.bring("x", status)
    assert scene["x"] is status
    return scene


def row(kind: CommandKind, cases: dict[NodeStatus, NodeStatus | str]) -> list[object]:
    assert set(cases) == set(NodeStatus), "a row says something about every status"
    return [
        pytest.param(kind, status, wanted, id=f"{kind.value} {status.name}".replace(" ", "-"))
        for status, wanted in cases.items()
    ]


SETTLED_ALREADY = "it has finished already"


@pytest.mark.parametrize(
    ("kind", "status", "wanted"),
    [
        *row(
            K.RETRY,
            {
                W: "waits for its parents",
                RDY: "starts as soon as it can",
                RUN: "it is running",
                RTY: RDY,
                CNG: CNG,
                OK: "it already succeeded",
                BAD: RDY,
                FP: W,
                CND: RDY,
                SKP: W,
            },
        ),
        *row(
            K.RERUN,
            {
                W: "it has not run yet, and nothing below it has",
                RDY: "it has not run yet, and nothing below it has",
                RUN: CNG,
                RTY: RDY,
                CNG: CNG,
                OK: RDY,
                BAD: RDY,
                FP: "it is blocked; retry it",
                CND: RDY,
                SKP: W,
            },
        ),
        *row(
            K.RERUN_ONLY,
            {
                W: "it has not run yet",
                RDY: "it has not run yet",
                RUN: CNG,
                RTY: RDY,
                CNG: CNG,
                OK: RDY,
                BAD: RDY,
                FP: "it is blocked; retry it",
                CND: RDY,
                SKP: W,
            },
        ),
        *row(
            K.RETRY_FAILED,
            dict.fromkeys(NodeStatus, "nothing has failed") | {BAD: RDY, FP: W},
        ),
        *row(
            K.CANCEL,
            {
                W: CND,
                RDY: CNG,
                RUN: CNG,
                RTY: CND,
                CNG: CNG,
                OK: SETTLED_ALREADY,
                BAD: SETTLED_ALREADY,
                FP: SETTLED_ALREADY,
                CND: SETTLED_ALREADY,
                SKP: SETTLED_ALREADY,
            },
        ),
        *row(
            K.CANCEL_SUBTREE,
            {
                W: CND,
                RDY: CNG,
                RUN: CNG,
                RTY: CND,
                CNG: CNG,
                OK: OK,
                BAD: "everything in its subtree has finished already",
                FP: "everything in its subtree has finished already",
                CND: "everything in its subtree has finished already",
                SKP: SKP,
            },
        ),
        *row(
            K.CANCEL_ALL,
            {
                W: CND,
                RDY: CNG,
                RUN: CNG,
                RTY: CND,
                CNG: CNG,
                OK: OK,
                BAD: "everything has finished already",
                FP: "everything has finished already",
                CND: "everything has finished already",
                SKP: SKP,
            },
        ),
        *row(
            K.SKIP,
            {
                W: SKP,
                RDY: "it is about to start",
                RUN: "it is running",
                RTY: SKP,
                CNG: "it is cancelling",
                OK: "it succeeded",
                BAD: SKP,
                FP: SKP,
                CND: SKP,
                SKP: "it is skipped already",
            },
        ),
        *row(
            K.MARK_DONE,
            {
                W: OK,
                RDY: "it is about to start",
                RUN: "it is running",
                RTY: OK,
                CNG: "it is cancelling",
                OK: "it is done already",
                BAD: OK,
                FP: OK,
                CND: OK,
                SKP: OK,
            },
        ),
    ],
)
def test_a_command_brings_its_target_to(kind: CommandKind, status: NodeStatus, wanted: NodeStatus | str):
    scene = in_status(status)
    before = scene.statuses()
    answer = scene.command(kind, *([] if kind in TARGETLESS else ["x"]))
    if isinstance(wanted, str):
        assert answer.nothing is not None
        assert wanted in answer.nothing
        assert scene.statuses() == before
        assert scene.effects == []
        return
    assert answer.nothing is None
    assert scene["x"] is wanted


def test_a_node_that_is_ready_and_not_in_line_can_be_skipped():
    scene = Scene(dag("a b"), jobs=1)
    waiting = ({"a", "b"} - scene.submitted()).pop()
    scene.command(K.SKIP, waiting)
    assert scene[waiting] is SKP


# Retry


def test_retry_makes_the_next_attempt():
    scene = in_status(BAD)
    scene.command(K.RETRY, "x")
    assert scene.attempt("x") == 2
    assert scene.starts() == ["x"]


def test_retry_gives_a_fresh_budget():
    scene = Scene(dag("x", x={"retries": 1}))
    for _ in range(2):
        scene.fail("x")
        scene.tick(0)
    assert scene["x"] is BAD
    scene.command(K.RETRY, "x")
    scene.fail("x")
    assert scene["x"] is RTY
    scene.tick(0)
    scene.fail("x")
    assert (scene["x"], scene.attempt("x")) == (BAD, 4)


def test_retry_propagates_to_blocked_nodes_at_once():
    scene = Scene(dag("x>c>d e"))
    scene.fail("x")
    scene.command(K.RETRY, "x")
    assert (scene["c"], scene["d"]) == (W, W)


def test_retry_never_runs_a_success_again():
    scene = Scene(dag("x>c>d x>e", c={"trigger": "all_done"}))
    scene.fail("x")
    scene.run("c", "d")
    scene.command(K.RETRY, "x")
    assert scene.run_all() == ["x", "c", "e"], "c ran because of how x ended"
    assert (scene["d"], scene.attempt("c"), scene.attempt("d")) == (OK, 2, 1)


def test_retry_never_starts_around_an_unmet_parent():
    scene = Scene(dag("a>x b>x"))
    scene.command(K.CANCEL, "x")
    scene.run("a")
    scene.fail("b")
    scene.command(K.RETRY, "x")
    assert scene["x"] is FP
    assert scene.submitted() == set()


def test_retry_of_a_cancelled_node_waits_for_its_parents():
    scene = Scene(dag("a>x"))
    scene.command(K.CANCEL, "x")
    scene.command(K.RETRY, "x")
    assert scene["x"] is W


def test_retry_lifts_the_marks_of_the_commands_that_marked_the_node_up_and_down():
    scene = Scene(dag("a>b>x>d a>s"))
    scene.command(K.CANCEL_SUBTREE, "a")
    scene.withdrawn("a")
    scene.command(K.RETRY, "x")
    assert scene.statuses() == "a ready, b waiting, x waiting, d waiting, s cancelled"
    assert scene.marks("s") == (1,)


def test_retry_leaves_other_commands_marks():
    scene = Scene(dag("a>x>d b>d"))
    scene.start("b")
    scene.command(K.CANCEL_SUBTREE, "x")
    scene.command(K.CANCEL, "b")
    scene.end("b", 15, EndKind.SIGNAL)
    scene.command(K.RETRY, "d")
    assert scene.state.marks == {scene.graph.node("b"): (2,)}
    assert scene["d"] is FP


def test_retry_leaves_the_marks_that_several_commands_gave_and_one_did_not_give_the_target():
    scene = Scene(dag("x>d b>d"))
    scene.start("b")
    scene.command(K.CANCEL_SUBTREE, "b")  # 1: b and d
    scene.command(K.RETRY, "d")  # 2: lifts it from d, and from b
    scene.command(K.CANCEL_SUBTREE, "x", "b")  # 3
    assert scene.marks("d") == (3,)


def test_retry_of_two_marked_nodes_lifts_the_marks_below_both():
    scene = Scene(dag("a>b a>c"))
    scene.command(K.CANCEL_SUBTREE, "a")
    scene.withdrawn("a")
    scene.command(K.RETRY, "b", "a")
    assert scene.state.marks == {}


def test_retry_of_a_blocked_node_retries_its_root_causes():
    scene = Scene(dag("a>m>x b>x c>x d>x"))
    scene.command(K.CANCEL, "b")
    scene.withdrawn("b")
    scene.run("d")
    scene.fail("a", "c")
    answer = scene.command(K.RETRY, "x")
    assert scene.names(answer.again + answer.released) == "a m x b c"
    assert scene.run_all()[-2:] == ["m", "x"]
    assert scene.attempt("d") == 1


@pytest.mark.parametrize("cause", ["cancelled", "failed"])
def test_retry_of_a_blocked_node_retries_what_would_block_its_cause(cause: str):
    scene = Scene(dag("a>p>x"))
    if cause == "failed":
        scene.run("a")
        scene.fail("p")
        scene.command(K.RERUN_ONLY, "a")
    else:
        scene.command(K.CANCEL, "p")
    scene.fail("a")
    assert (scene["a"], scene["p"], scene["x"]) == (BAD, BAD if cause == "failed" else CND, FP)
    assert scene.names(scene.preview(K.RETRY, "x").again) == ("a p" if cause == "failed" else "a")
    scene.command(K.RETRY, "x")
    assert {scene[name] for name in "apx"}.isdisjoint({FP, BAD, CND})
    assert scene.run_all()[-1] == "x"


def test_retry_of_a_node_that_is_being_cancelled_starts_it_once_it_is_reaped():
    scene = in_status(CNG)
    scene.command(K.RETRY, "x")
    assert (scene.cause("x"), scene.marks("x"), scene.starts()) == (Cause.RESTART, (), [])
    assert scene.command(K.RETRY, "x").nothing == "it starts again as soon as it has stopped"
    scene.end("x", 15, EndKind.SIGNAL)
    assert scene.starts() == ["x"]
    assert scene.attempt("x") == 2


def test_retry_of_a_node_whose_parents_were_skipped_says_why_not():
    scene = Scene(dag("p>x>y", x={"trigger": "any_failed"}))
    scene.run("p")
    assert (scene["x"], scene["y"]) == (SKP, SKP)
    assert scene.command(K.RETRY, "x").nothing == "nothing it runs for has failed"
    assert scene.command(K.RETRY, "y").nothing == "its parents would skip it again"


def test_retry_of_a_node_that_was_marked_done_runs_it():
    scene = Scene(dag("x>c"))
    scene.fail("x")
    scene.command(K.MARK_DONE, "x")
    scene.withdrawn("c")
    scene.command(K.RETRY, "x")
    assert scene.starts() == ["x"]


def test_retry_all_failed_retries_in_one_step_what_was_not_allowed_to_fail():
    scene = Scene(dag("a b c>d", b={"allow_failure": True}))
    scene.fail("a", "b", "c")
    scene.command(K.RETRY_FAILED)
    assert sorted(scene.starts()) == ["a", "c"]
    assert scene["b"] is BAD
    assert scene.state.command_number == 1


def test_retry_all_failed_without_failures_says_so():
    assert Scene(dag("a")).command(K.RETRY_FAILED).nothing == "nothing has failed"


# Rerun


def test_rerun_runs_the_node_and_all_below_again_and_leaves_the_rest():
    scene = Scene(dag("a>x>c>d a>e"))
    scene.run_all()
    answer = scene.command(K.RERUN, "x")
    assert scene.names(answer.again) == "x c d"
    assert scene.run_all() == ["x", "c", "d"]
    assert [scene.attempt(label) for label in "aexcd"] == [1, 1, 2, 2, 2]


def test_rerun_stops_what_runs_first():
    scene = Scene(dag("x>c"))
    scene.run("x")
    scene.start("c")
    answer = scene.command(K.RERUN, "x")
    assert scene.names(answer.stopped) == "c"
    assert (scene["c"], scene.cause("c")) == (CNG, Cause.RESTART)
    assert scene.stops() == {"c": 5.0}
    scene.run("x")
    assert scene.submitted() == set()
    scene.end("c", 0)
    assert scene["c"] is RDY


def test_rerun_of_this_node_only_leaves_the_subtree_stale():
    scene = Scene(dag("x>c>d"))
    scene.run_all()
    scene.command(K.RERUN_ONLY, "x")
    assert scene.run_all() == ["x"]
    assert [bool(flag) for flag in scene.state.stale] == [False, True, True]


def test_rerun_below_an_unmet_parent_is_blocked():
    scene = Scene(dag("p>x"))
    scene.run("p", "x")
    scene.command(K.RERUN_ONLY, "p")
    scene.fail("p")
    answer = scene.command(K.RERUN_ONLY, "x")
    assert scene["x"] is FP
    assert scene.names(answer.dropped) == "x"


@pytest.mark.parametrize("kind", [K.RERUN, K.RERUN_ONLY])
def test_rerun_of_what_would_be_skipped_again_says_why_not(kind: CommandKind):
    scene = Scene(dag("p>x>y", x={"trigger": "any_failed"}))
    scene.run("p")
    assert scene.command(kind, "x").nothing == "nothing it runs for has failed"
    assert scene.command(kind, "y").nothing == "its parents would skip it again"


# Cancel


@pytest.mark.parametrize("grace", [5.0, 0.5])
def test_cancel_terminates_and_kills_after_the_grace(grace: float):
    scene = Scene(dag("x", x={"grace": grace}))
    scene.start("x")
    scene.command(K.CANCEL, "x")
    assert scene.stops() == {"x": grace}


@pytest.mark.parametrize("second", [K.CANCEL, K.CANCEL_SUBTREE, K.CANCEL_ALL])
def test_a_second_cancel_kills_at_once(second: CommandKind):
    scene = in_status(CNG)
    scene.command(second, *([] if second is K.CANCEL_ALL else ["x"]))
    assert scene.stops() == {"x": 0.0}


def test_cancel_derives_the_children():
    scene = Scene(dag("x>c>d x>e", e={"trigger": "all_done"}))
    scene.start("x")
    scene.command(K.CANCEL, "x")
    assert (scene["c"], scene["e"]) == (W, W)
    scene.end("x", 15, EndKind.SIGNAL)
    assert scene.statuses() == "x cancelled, c failed parent, d failed parent, e ready"
    assert scene.state.marks.keys() == {scene.graph.node("x")}


def test_a_node_that_is_named_twice_is_cancelled_once():
    scene = Scene(dag("a"))
    scene.start("a")
    scene.command(K.CANCEL, "a", "a")
    assert scene.stops() == {"a": 5.0}
    assert scene.marks("a") == (1,)


def test_one_cancel_of_overlapping_subtrees_is_one_cancel():
    scene = Scene(dag("a>c b>c", c={"trigger": "any_success"}))
    scene.run("a")
    scene.start("c")
    scene.command(K.CANCEL_SUBTREE, "a", "b")
    assert scene.stops()["c"] == 5.0
    assert scene.marks("c") == (1,)


def test_cancel_subtree_marks_unsettled_nodes_that_have_other_parents_too():
    scene = Scene(dag("a>b>c>d e>c e>f"))
    scene.start("e")
    scene.command(K.CANCEL_SUBTREE, "a")
    assert scene.statuses() == "a cancelling, b cancelled, c cancelled, d cancelled, e running, f waiting"
    assert {scene.marks(label) for label in "abcd"} == {(1,)}
    scene.end("e")
    assert scene.starts() == ["f"]


@pytest.mark.parametrize("trigger", ["all_done", "any_failed"])
def test_cancel_subtree_stops_at_nodes_that_run_anyway_and_derives_what_follows_them(trigger: str):
    scene = Scene(dag("x>y>n>o", n={"trigger": trigger}))
    scene.command(K.CANCEL_SUBTREE, "x")
    assert (scene["y"], scene["n"], scene["o"]) == (CND, RDY, W)
    scene.withdrawn("x")
    assert scene.run_all() == ["n", "o"]


def test_cancel_subtree_of_a_settled_node_whose_open_children_run_anyway_says_so():
    scene = Scene(dag("x>n>o", n={"trigger": "all_done"}))
    scene.fail("x")
    answer = scene.command(K.CANCEL_SUBTREE, "x")
    assert answer.nothing == "what is unsettled in its subtree runs regardless of what is above; cancel that instead"
    assert scene.command(K.CANCEL_SUBTREE, "n").nothing is None


def test_cancel_subtree_marks_its_top_with_any_trigger():
    scene = Scene(dag("p>n>o", n={"trigger": "all_done"}))
    scene.command(K.CANCEL_SUBTREE, "n")
    assert (scene["n"], scene["o"]) == (CND, CND)


def test_cancel_subtree_leaves_completed_and_failed_nodes():
    scene = Scene(dag("x>a x>b>d x>c"))
    scene.run("x", "a")
    scene.fail("b")
    scene.command(K.CANCEL_SUBTREE, "x")
    scene.withdrawn("c")
    assert scene.statuses() == "x completed, a completed, b failed, d failed parent, c cancelled"


def test_each_cancel_has_its_own_number():
    scene = Scene(dag("a>c b>c"))
    scene.start("a", "b")
    scene.command(K.CANCEL_SUBTREE, "a")
    scene.command(K.CANCEL_SUBTREE, "b")
    assert (scene.marks("a"), scene.marks("b"), scene.marks("c")) == ((1,), (2,), (1,))


def test_cancel_all_is_one_step():
    scene = Scene(dag("a>n b c>d", n={"trigger": "all_done"}), jobs=2)
    scene.start("a")
    answer = scene.command(K.CANCEL_ALL)
    assert answer.nothing is None
    scene.withdrawn(*scene.submitted())
    scene.end("a", 15, EndKind.SIGNAL)
    assert set(scene.state.marks) == set(range(5))
    assert scene.traversal.settled
    assert scene.state.command_number == 1


def test_cancelling_a_submitted_node_withdraws_it():
    scene = in_status(RDY)
    scene.command(K.CANCEL, "x")
    scene.withdrawn("x")
    assert (scene["x"], scene.attempt("x")) == (CND, 0)


# Skip and mark done


@pytest.mark.parametrize("kind", [K.SKIP, K.MARK_DONE])
def test_children_of_skipped_and_marked_nodes_run(kind: CommandKind):
    scene = Scene(dag("p>x>c"))
    scene.fail("p")
    assert scene["c"] is FP
    scene.command(kind, "x")
    assert scene.starts() == ["c"]


@pytest.mark.parametrize("kind", [K.SKIP, K.MARK_DONE])
def test_what_a_person_decided_stays_when_its_parents_change(kind: CommandKind):
    scene = Scene(dag("p>x"))
    scene.command(kind, "x")
    status = scene["x"]
    scene.fail("p")
    assert scene["x"] is status
    scene.command(K.RETRY, "p")
    assert scene["x"] is status


def test_deciding_a_cancelled_node_takes_its_mark():
    scene = in_status(CND)
    scene.command(K.SKIP, "x")
    assert scene.state.marks == {}
    assert scene.starts() == ["c"]


# Pause, resume, jobs


def test_pause_starts_nothing_and_lets_run_what_runs():
    scene = Scene(dag("a>c b>d"), jobs=2)
    scene.start("a")
    scene.command(K.PAUSE)
    assert scene.slots() == [0]
    assert scene.withdraws() == ["b"]
    scene.withdrawn("b")
    scene.end("a")
    assert scene.submitted() == set()
    assert (scene["b"], scene["c"]) == (RDY, RDY)
    assert scene.command(K.PAUSE).nothing == "the run is paused already"


def test_resume_starts_what_is_ready():
    scene = Scene(dag("a b"), jobs=2)
    scene.command(K.PAUSE)
    scene.withdrawn("a", "b")
    scene.command(K.RESUME)
    assert scene.slots() == [2]
    assert sorted(scene.starts()) == ["a", "b"]
    assert scene.command(K.RESUME).nothing == "the run is not paused"


def test_resume_before_what_was_in_line_came_back_loses_nothing():
    scene = Scene(dag("a"))
    scene.command(K.PAUSE)
    scene.command(K.RESUME)
    scene.withdrawn("a")
    assert scene.starts() == ["a"]


def test_a_back_off_that_ends_in_a_pause_starts_nothing():
    scene = Scene(dag("a", a={"retries": 1}))
    scene.fail("a")
    scene.command(K.PAUSE)
    scene.tick(0)
    assert (scene["a"], scene.submitted()) == (RDY, set())


def test_more_jobs_start_more_at_once():
    scene = Scene(dag("a b c"), jobs=1)
    scene.command(K.SET_JOBS, jobs=3)
    assert scene.slots() == [3]
    assert len(scene.starts()) == 2


def test_fewer_jobs_kill_nothing():
    scene = Scene(dag("a b c"), jobs=3)
    scene.start("a", "b")
    scene.command(K.SET_JOBS, jobs=1)
    assert scene.stops() == {}
    assert (scene["a"], scene["b"], scene.slots()) == (RUN, RUN, [1])


@pytest.mark.parametrize(
    ("jobs", "reason"), [(4, "there are 4 slots already"), (0, "at least one slot is required"), (-1, "at least one")]
)
def test_jobs_that_change_nothing_say_why(jobs: int, reason: str):
    answer = Scene(dag("a"), jobs=4).command(K.SET_JOBS, jobs=jobs)
    assert answer.nothing is not None
    assert reason in answer.nothing
