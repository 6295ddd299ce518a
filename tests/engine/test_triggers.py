"""The table of triggers, for every combination of up to five parents."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest
from engine.oracle import CAUSE_OF, RUN_ANYWAY, STATUS_OF, decide
from support.scene import Scene, dag

from dagtui.engine.messages import CommandKind
from dagtui.engine.rules.triggers import TABLE
from dagtui.engine.status import PARENT_OUTCOMES, Cause, NodeStatus, ParentOutcome
from dagtui.engine.walks import INDEPENDENT
from dagtui.graph.model import Trigger

COMBINATIONS = [
    combination
    for count in range(6)
    for combination in combinations_with_replacement(("ok", "bad", "skip", "open"), count)
]


@pytest.mark.parametrize("trigger", list(Trigger), ids=lambda trigger: trigger.value)
def test_tallies_decide_as_the_table_says(trigger: Trigger):
    for parents in COMBINATIONS:
        tallies = [parents.count(kind) for kind in ("ok", "bad", "skip")]
        wanted = decide(trigger, list(parents))
        assert TABLE[trigger](len(parents), *tallies) == (STATUS_OF[wanted], CAUSE_OF.get(wanted, Cause.NONE)), parents


def test_every_trigger_has_a_row():
    assert set(TABLE) == set(Trigger)


def test_marks_stop_at_all_done_and_any_failed():
    assert INDEPENDENT == RUN_ANYWAY


@pytest.mark.parametrize(
    ("status", "cause", "allow_failure", "wanted"),
    [
        (NodeStatus.WAITING, Cause.NONE, False, ParentOutcome.UNSETTLED),
        (NodeStatus.READY, Cause.IN_LINE, False, ParentOutcome.UNSETTLED),
        (NodeStatus.RUNNING, Cause.NONE, False, ParentOutcome.UNSETTLED),
        (NodeStatus.RETRYING, Cause.EXIT, True, ParentOutcome.UNSETTLED),
        (NodeStatus.CANCELLING, Cause.CANCEL, True, ParentOutcome.UNSETTLED),
        (NodeStatus.COMPLETED, Cause.RAN, False, ParentOutcome.OK),
        (NodeStatus.COMPLETED, Cause.MARKED, False, ParentOutcome.OK),
        (NodeStatus.FAILED, Cause.EXIT, False, ParentOutcome.BAD),
        (NodeStatus.FAILED, Cause.TIMEOUT, True, ParentOutcome.OK),
        (NodeStatus.FAILED_PARENT, Cause.NONE, False, ParentOutcome.BAD),
        (NodeStatus.FAILED_PARENT, Cause.NONE, True, ParentOutcome.BAD),
        (NodeStatus.CANCELLED, Cause.CANCEL, False, ParentOutcome.BAD),
        (NodeStatus.CANCELLED, Cause.CANCEL, True, ParentOutcome.BAD),
        (NodeStatus.SKIPPED, Cause.PERSON, False, ParentOutcome.OK),
        (NodeStatus.SKIPPED, Cause.PROPAGATED, False, ParentOutcome.SKIP),
        (NodeStatus.SKIPPED, Cause.CONDITION, False, ParentOutcome.SKIP),
        (NodeStatus.SKIPPED, Cause.NOTHING_FAILED, False, ParentOutcome.SKIP),
    ],
)
def test_a_parent_counts_as(status: NodeStatus, cause: Cause, allow_failure: bool, wanted: ParentOutcome):
    assert ParentOutcome(PARENT_OUTCOMES[allow_failure][status][cause]) is wanted


# The same in a whole traversal: a child's status after each of its parents has settled.

OK, BAD, SKIP = "completes", "fails", "is skipped"


def settle_parents(trigger: str, outcomes: list[str]) -> list[tuple[NodeStatus, Cause]]:
    """Return the child's status and cause at first and after each parent.

    Skipped parents are any_failed nodes below `z`.
    """
    ways = " ".join(f"z>p{i}>c" if outcome is SKIP else f"p{i}>c" for i, outcome in enumerate(outcomes))
    tasks: dict[str, dict[str, object]] = {
        f"p{i}": {"trigger": "any_failed"} for i, outcome in enumerate(outcomes) if outcome is SKIP
    }
    scene = Scene(dag(ways, c={"trigger": trigger}, **tasks), jobs=9)
    seen = [(scene["c"], scene.cause("c"))]
    for i, outcome in enumerate(outcomes):
        if outcome is SKIP and scene[f"p{i}"] is not NodeStatus.SKIPPED:
            scene.run("z")
        elif outcome is not SKIP:
            scene.run(f"p{i}", value=0 if outcome is OK else 1)
        seen.append((scene["c"], scene.cause("c")))
    return seen


WAITING = (NodeStatus.WAITING, Cause.NONE)
STARTS = (NodeStatus.READY, Cause.IN_LINE)
HELD = (NodeStatus.FAILED_PARENT, Cause.NONE)
SKIPPED = (NodeStatus.SKIPPED, Cause.PROPAGATED)
NOTHING_FAILED = (NodeStatus.SKIPPED, Cause.NOTHING_FAILED)


@pytest.mark.parametrize(
    ("trigger", "outcomes", "wanted"),
    [
        ("all_success", [OK, OK], [WAITING, WAITING, STARTS]),
        ("all_success", [BAD, OK], [WAITING, HELD, HELD]),
        ("all_success", [OK, BAD], [WAITING, WAITING, HELD]),
        ("all_success", [SKIP, OK], [WAITING, WAITING, SKIPPED]),
        ("all_success", [SKIP, BAD], [WAITING, WAITING, HELD]),
        ("none_failed", [OK, SKIP], [WAITING, WAITING, STARTS]),
        ("none_failed", [SKIP, SKIP], [WAITING, STARTS, STARTS]),
        ("none_failed", [BAD, OK], [WAITING, HELD, HELD]),
        ("none_failed_min_one_success", [SKIP, OK], [WAITING, WAITING, STARTS]),
        ("none_failed_min_one_success", [SKIP, SKIP], [WAITING, SKIPPED, SKIPPED]),
        ("none_failed_min_one_success", [OK, BAD], [WAITING, WAITING, HELD]),
        ("any_success", [OK, OK], [WAITING, STARTS, STARTS]),
        ("any_success", [BAD, OK], [WAITING, WAITING, STARTS]),
        ("any_success", [BAD, SKIP], [WAITING, WAITING, HELD]),
        ("any_success", [SKIP], [WAITING, SKIPPED]),
        ("any_failed", [BAD, OK], [WAITING, STARTS, STARTS]),
        ("any_failed", [OK, OK], [WAITING, WAITING, NOTHING_FAILED]),
        ("any_failed", [OK, SKIP], [WAITING, WAITING, NOTHING_FAILED]),
        ("all_done", [BAD, OK], [WAITING, WAITING, STARTS]),
        ("all_done", [SKIP, BAD], [WAITING, WAITING, STARTS]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_child_follows_its_parents(trigger: str, outcomes: list[str], wanted: list[tuple[NodeStatus, Cause]]):
    assert settle_parents(trigger, outcomes) == wanted


@pytest.mark.parametrize("trigger", ["all_success", "none_failed", "all_done"])
def test_a_node_without_parents_starts(trigger: str):
    assert Scene(dag("a", a={"trigger": trigger})).starts() == ["a"]


@pytest.mark.parametrize("trigger", ["any_success", "any_failed", "none_failed_min_one_success"])
def test_a_node_without_parents_that_waits_for_one_is_skipped(trigger: str):
    scene = Scene(dag("a>b", a={"trigger": trigger}))
    assert scene.statuses() == "a skipped, b skipped"


def test_a_parent_that_may_fail_counts_as_ok():
    scene = Scene(dag("a>b", a={"allow_failure": True}))
    scene.fail("a")
    assert scene.starts() == ["b"]


def test_a_parent_that_a_person_skipped_counts_as_ok():
    scene = Scene(dag("a>b>c"))
    scene.fail("a")
    scene.command(CommandKind.SKIP, "b")
    assert scene.starts() == ["c"]


def test_a_bad_parent_decides_at_once_and_all_the_way_down():
    scene = Scene(dag("a>c>d>e b>c"))
    scene.start("a", "b")
    scene.end("a", 1)
    assert scene.statuses() == "a failed, c failed parent, d failed parent, e failed parent, b running"


def test_a_child_that_stays_as_it_is_has_no_event():
    scene = Scene(dag("q>p>x z", p={"trigger": "any_failed"}, x={"trigger": "any_failed"}))
    scene.run("q")
    assert scene.statuses() == "q completed, p skipped, x skipped, z ready"
    events = len(scene.events)
    scene.command(CommandKind.MARK_DONE, "p")
    assert [getattr(event, "node", None) for event in scene.events[events:]] == [None, scene.graph.node("p")]
