"""The table of statuses: runs make every listed change, and no other. Records are read as they are.

A run that had to make another change would note it and go on.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from engine.invariants import same_state
from engine.machine import TraversalMachine
from engine.random_walk import RandomWalk
from engine.test_resumption import break_off_and_go_on
from engine.walked_arrows import Arrow, WalkedArrows
from support.gates import CANNOT_BE_ASKED, answer, questions
from support.golden_journals import GOLDEN, NAMES, decoded, golden
from support.remote_scene import nodes_run_on_other_machines
from support.scene import Scene, dag

from dagtui.engine.event_records import parse
from dagtui.engine.events import CommandEvent, NodeChange, NodeEvent, NoteEvent
from dagtui.engine.messages import Command, CommandKind, EndKind, Ready
from dagtui.engine.resumption import restore
from dagtui.engine.rules.transitions import ARROWS, CAUSES, LISTED, REASONS, SUBMITTED, UNLISTED, TransitionError
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.graph.gates import Gate
from dagtui.graph.loading import load
from dagtui.graph.services import ReadyBy, Service

RARE = (168, 190, 204, 234, 285, 292, 303, 326, 448, 455, 612, 689, 795, 1019)
"""Seeds of walks that make rare changes. If the machine changes, others may make them: the test looks for these."""
RESERVED: set[Cause] = set()
"""Causes that the traversal does not give yet."""
WITHOUT_COMMANDS = (0, 2, 4, 12, 17, 19, 31, 57, 74, 79, 132)
"""Seeds of walks that make all changes that happen without a command."""
LISTED_CHANGES = {(old, new, reason) for (old, new), reasons in ARROWS.items() for reason in reasons}


def resumed(record: NodeEvent, kind: CommandKind | None, *, keep_going: bool, allow_failure: bool) -> Traversal:
    """Return a run that goes on after a record of `x`, under a command that may have marked it."""
    graph = dag("p>x>c", keep_going=keep_going, x={"allow_failure": allow_failure, "retries": 1})
    run = Traversal(graph, 2)
    parent = NodeEvent(0.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN)
    commands = [CommandEvent(0.0, 1, kind, (1,)), CommandEvent(0.0, 2, CommandKind.CANCEL_ALL)]
    run.state.replay([*commands, parent, record])
    restore(run, 1.0, {}, {}, jobs=2, boot="")
    run.begin(1.0)
    only_listed(run)
    return run


def only_listed(run: Traversal) -> None:
    """Take the events, and check that the rules list each change."""
    events, _ = run.take()
    assert not [event for event in events if isinstance(event, NoteEvent) and UNLISTED in event.text]


def records() -> list[NodeEvent]:
    """Return records of `x` with each status, cause and set of marks, possible ones and others."""
    return [
        NodeEvent(0.0, 1, 1, status, cause, marks=marks)
        for status, cause, marks in product(NodeStatus, Cause, [(), (1,), (1, 2)])
    ]


def command_all(run: Traversal) -> None:
    for kind in (CommandKind.RERUN, CommandKind.RETRY, CommandKind.CANCEL, CommandKind.RETRY, CommandKind.SKIP):
        run.handle(Command(kind, (1,)), 2.0)
        only_listed(run)


def a_skipped_node_is_blocked_at_once() -> None:
    scene = Scene(dag("a>b>x q>s>x", s={"trigger": "any_failed"}))
    scene.fail("a")
    scene.run("q")
    scene.command(CommandKind.MARK_DONE, "b")
    assert scene["x"] is NodeStatus.SKIPPED
    scene.command(CommandKind.RERUN_ONLY, "b")
    assert scene["x"] is NodeStatus.FAILED_PARENT


def gates_are_asked_and_answered() -> None:
    run = Traversal(dag("a b", a={"action": Gate("Go on?")}, b={"action": Gate(CANNOT_BE_ASKED)}), 1)
    run.question = questions(run.graph)
    run.begin(0.0)
    run.take()
    assert run.state.cause_of(1) is Cause.COULD_NOT_START
    for choice in ("approve", "reject"):
        run.handle(answer([0], choice), 1.0)
        run.handle(Command(CommandKind.RETRY, (0,)), 2.0)
        run.take()


def an_attempt_begins_that_was_withdrawn_and_is_wanted_again() -> None:
    scene = Scene(dag("a b", keep_going=False))
    scene.fail("a")
    scene.command(CommandKind.RETRY, "a")
    assert (scene["b"], scene.cause("b")) == (NodeStatus.CANCELLING, Cause.RESTART)
    scene.start("b")
    assert (scene["b"], scene.cause("b")) == (NodeStatus.CANCELLING, Cause.RESTART)


def submitted_below(*, keep_going: bool) -> Scene:
    """Return a scene in which `x` is submitted and waits for its parent, which was reset."""
    scene = Scene(dag("p>x b", keep_going=keep_going))
    scene.start("b")
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "p")
    assert scene["x"] is NodeStatus.WAITING
    assert "x" in scene.submitted()
    return scene


def the_run_stops_itself_while_a_withdrawn_node_waits() -> None:
    scene = submitted_below(keep_going=False)
    scene.end("b", 1)
    assert scene["x"] is NodeStatus.CANCELLING


def a_withdrawn_node_is_blocked_and_rerun() -> None:
    scene = submitted_below(keep_going=True)
    scene.fail("p")
    assert scene["x"] is NodeStatus.FAILED_PARENT
    scene.command(CommandKind.RERUN, "p")
    assert scene["x"] is NodeStatus.WAITING


def a_withdrawn_node_stays_blocked_or_skipped() -> None:
    scene = submitted_below(keep_going=True)
    scene.fail("p")
    scene.withdrawn("x")
    assert scene["x"] is NodeStatus.FAILED_PARENT
    scene = Scene(dag("q>p>x", p={"trigger": "any_failed"}))
    scene.fail("q")
    scene.run("p")
    scene.command(CommandKind.RERUN_ONLY, "q")
    scene.run("q")
    scene.withdrawn("x")
    assert scene["x"] is NodeStatus.SKIPPED


def the_run_stops_itself_while_a_node_restarts() -> None:
    scene = Scene(dag("x b", keep_going=False))
    scene.start("x", "b")
    scene.command(CommandKind.RERUN_ONLY, "x")
    scene.end("b", 1)
    assert (scene["x"], scene.cause("x")) == (NodeStatus.CANCELLING, Cause.CANCEL)


def a_node_is_up_to_date() -> None:
    scene = Scene(dag("x>y"))
    scene.end("x", kind=EndKind.UP_TO_DATE)
    assert (scene["x"], scene.cause("x"), scene.attempt("x")) == (NodeStatus.COMPLETED, Cause.UP_TO_DATE, 0)
    assert scene["y"] is NodeStatus.READY


def conditions_are_decided_again() -> None:
    """A parent that failed, as is allowed, is skipped by a person: its status changes, but not how it counts."""
    status, rows = "needs.a.status", "needs.a.outputs.rows < 5"
    conditions = {
        "ready": f"{status} == 'skipped' or {rows}",
        "failed": f"{status} < 5",
        "skipped": f"{status} != 'skipped' and {rows}",
        "true": f"{status} == 'failed' or {rows}",
        "began": f"{status} == 'failed' or {rows}",
    }
    scene = Scene(
        dag(
            " ".join(f"a>{name}" for name in conditions),
            a={"allow_failure": True},
            **{name: {"condition": text} for name, text in conditions.items()},
        ),
        jobs=1,
    )
    scene.fail("a")
    assert scene.submitted() == {"true"}
    scene.command(CommandKind.SET_JOBS, jobs=2)
    assert scene.submitted() == {"true", "began"}
    scene.command(CommandKind.PAUSE)
    scene.command(CommandKind.SKIP, "a")
    assert scene.statuses().endswith("ready ready, failed failed, skipped skipped, true failed, began failed")
    scene.withdrawn("true")
    scene.start("began")


def a_condition_is_asked_once_its_parents_allow_it_and_not_any_more() -> None:
    asks = {"trigger": "none_failed", "condition": "needs.x.outputs.rows < 5"}
    scene = Scene(dag("a>b>x>y q>s>x", s={"trigger": "any_failed"}, y=asks))
    scene.fail("a")
    scene.run("q")
    scene.command(CommandKind.MARK_DONE, "b")
    assert (scene["y"], scene.cause("y")) == (NodeStatus.FAILED, Cause.CONDITION)
    scene.command(CommandKind.RERUN_ONLY, "b")
    assert scene["y"] is NodeStatus.FAILED_PARENT


def a_service_is_ready_and_ends() -> None:
    scene = Scene(dag("x>y", x={"service": Service(ReadyBy.PORT, "1")}), jobs=1)
    scene.start("x")
    scene.traversal.handle(Ready(0, 1, "port 1"), 0.0)
    scene.run("y")
    assert scene.cause("x") is Cause.NOT_NEEDED
    scene.end("x")
    assert scene["x"] is NodeStatus.COMPLETED


def walk(walked: WalkedArrows) -> None:
    """Walk until all listed changes were made, or many walks made no more."""
    for record in records():
        resumed(record, CommandKind.CANCEL, keep_going=True, allow_failure=False)
    a_skipped_node_is_blocked_at_once()
    gates_are_asked_and_answered()
    conditions_are_decided_again()
    a_condition_is_asked_once_its_parents_allow_it_and_not_any_more()
    an_attempt_begins_that_was_withdrawn_and_is_wanted_again()
    the_run_stops_itself_while_a_withdrawn_node_waits()
    a_withdrawn_node_is_blocked_and_rerun()
    a_withdrawn_node_stays_blocked_or_skipped()
    the_run_stops_itself_while_a_node_restarts()
    a_node_is_up_to_date()
    a_service_is_ready_and_ends()
    nodes_run_on_other_machines()
    for seed in range(12):
        break_off_and_go_on(seed)
    for seed in (*RARE, *range(700)):
        RandomWalk(seed).walk(60)
        if changes(walked.found) == LISTED_CHANGES:
            return


def changes(arrows: set[Arrow]) -> set[tuple[NodeStatus, NodeStatus, str]]:
    return {(arrow.old, arrow.new, arrow.reason) for arrow in arrows}


def test_runs_make_every_listed_change_and_no_other(monkeypatch: pytest.MonkeyPatch):
    walked = WalkedArrows()
    walked.watch(monkeypatch)
    walk(walked)
    assert changes(walked.found) == LISTED_CHANGES
    causes = {(arrow.new, arrow.cause) for arrow in walked.found}
    assert causes == {(status, cause) for status in NodeStatus for cause in CAUSES[status] if cause not in RESERVED}
    assert walked.submitted == SUBMITTED


def drawn() -> set[tuple[NodeStatus, NodeStatus, str]]:
    """Return the changes that ARCHITECTURE.md shows."""
    text = (Path(__file__).parents[2] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    words = {explained.partition(":")[0]: letter for letter, explained in REASONS.items()}
    return {
        (NodeStatus[old], NodeStatus[new], words[reason])
        for old, ends in re.findall(r"^([A-Z]+) +→ (.+)$", text, re.M)
        for news, reason in re.findall(r"([A-Z_ ]+) \(([a-z ]+)\)", ends)
        for new in news.split()
    }


def test_the_architecture_shows_what_happens_without_a_command(monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in vars(TraversalMachine) if name.startswith("a_person_")]:
        monkeypatch.setattr(TraversalMachine, name, lambda *_args: None)
    walked = WalkedArrows()
    walked.watch(monkeypatch)
    run = Traversal(dag("a", a={"action": Gate(CANNOT_BE_ASKED)}), 1)
    run.question = questions(run.graph)
    run.begin(0.0)
    run.take()
    a_service_is_ready_and_ends()
    for seed in WITHOUT_COMMANDS:
        RandomWalk(seed).walk(60)
    # A run that is out of time gives itself a command.
    uncommanded = {change for change in changes(walked.found) if change[0] is not change[1] and change[2] != "c"}
    assert uncommanded == drawn()


def test_each_reason_of_the_table_is_explained():
    assert {reason for _, _, reason in LISTED_CHANGES} == set(REASONS)


@pytest.mark.parametrize("name", NAMES)
def test_golden_journals_hold_only_listed_changes(name: str):
    graph = load(GOLDEN / f"{name}.toml")
    state = RunState(graph)
    for record in decoded(golden(name)):
        event = parse(record, graph)
        if isinstance(event, NodeEvent):
            state.apply_node(event)
        elif event is not None:
            state.apply(event)


@pytest.mark.parametrize("old", NodeStatus)
def test_only_a_listed_change_is_made_but_any_record_is_read(old: NodeStatus):
    for new, cause in product(NodeStatus, Cause):
        state = RunState(dag("a>b"))
        state.apply(NodeEvent(1.0, 0, 1, old, next(iter(CAUSES[old]))))
        before = vars(state.copy_columns())
        event = NodeEvent(2.0, 0, 2, new, cause, "why")
        if (old, new) in ARROWS and cause in CAUSES[new]:
            state.apply_node(event)
        else:
            with pytest.raises(TransitionError, match=rf"from {old.name} to {new.name} by {cause.name}: a"):
                state.apply_node(event)
            assert {name: getattr(state, name) for name in before} == before
            state.apply(event)
        assert (state.status_of(0), state.cause_of(0)) == (new, cause)


def test_a_run_makes_a_change_that_the_rules_do_not_list_and_notes_it():
    graph = dag("a>b")
    run, replayed = Traversal(graph, 1), RunState(graph, 1)
    run.begin(1.0)
    run.set(NodeChange(0, NodeStatus.RETRYING, Cause.CANCEL, "why", due=2.0))
    events, _ = run.take()
    note, change = events[-2:]
    assert isinstance(note, NoteEvent)
    assert (note.node, note.text) == (
        0,
        "a fault of dagtui, the run goes on: the rules list no change from READY to RETRYING by CANCEL: a",
    )
    assert isinstance(change, NodeEvent)
    assert (change.status, change.cause) == (NodeStatus.RETRYING, Cause.CANCEL)
    replayed.replay(events)
    same_state(replayed, run.state)


@pytest.mark.parametrize("kind", [CommandKind.CANCEL, CommandKind.CANCEL_ALL, None])
@pytest.mark.parametrize(("keep_going", "allow_failure"), [(True, False), (False, True)])
def test_a_run_goes_on_after_any_record(kind: CommandKind | None, keep_going: bool, allow_failure: bool):
    for record in records():
        run = resumed(record, kind, keep_going=keep_going, allow_failure=allow_failure)
        command_all(run)
        assert run.state.status_of(1) in {NodeStatus.SKIPPED, NodeStatus.CANCELLING}


def test_every_status_follows_another_and_has_a_cause():
    for status in NodeStatus:
        assert any(LISTED[old][status] for old in NodeStatus)
        assert CAUSES[status]
