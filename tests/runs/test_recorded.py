"""A past run as a recording: at any moment, it is what so many events make of a new state."""

from __future__ import annotations

import json
import random
from array import array
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from engine.machine import snapshot
from engine.random_walk import RandomWalk
from support.golden_journals import GOLDEN, NAMES, decoded, encoded, golden
from support.recordings import BEGAN_AT, recording_of, records_of
from support.scene import dag

from dagtui.engine.event_records import parse
from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import CommandKind, Usage
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus, Verdict
from dagtui.engine.why import root_cause
from dagtui.graph.loading import load
from dagtui.graph.model import Graph
from dagtui.runs.attempts import AttemptResults
from dagtui.runs.following import FollowedRun
from dagtui.runs.previous_run import understand
from dagtui.runs.recorded import RecordedRun
from dagtui.runs.recorded_events import RecordedEvents
from dagtui.runs.snapshots import Snapshots
from dagtui.store.directory import RunDirectory
from dagtui.store.errors import StoreError
from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.events import Event


def replayed(graph: Graph, records: list[dict[str, object]], moment: int) -> tuple[RunState, AttemptResults]:
    """State and attempts after so many events, from nothing."""
    state, attempts = RunState(graph), AttemptResults(len(graph))
    events = [event for record in records if (event := parse(record, graph)) is not None][:moment]
    state.replay(events)
    attempts.learn(events)
    return state, attempts


def visible(state: RunState) -> dict[str, object]:
    return {name: value for name, value in snapshot(state).items() if name not in {"reading", "dirty", "is_finally"}}


def jump_about(run: RecordedRun, records: list[dict[str, object]], source: random.Random, jumps: int) -> None:
    """Go to moments in any order. Watches must learn of all nodes that differ."""
    graph, state = run.graph, run.state
    for _ in range(jumps):
        watch = state.watch()
        watch.clear()
        before = _shown(run)
        step = source.choice([-1, 1, None])
        run.go_to(source.randint(0, run.last) if step is None else run.moment + step)
        fresh, attempts = replayed(graph, records, run.moment)
        assert visible(run.state) == visible(fresh), f"moment {run.moment}"
        assert [run.attempts.of(node) for node in graph.nodes] == [attempts.of(node) for node in graph.nodes]
        assert run.attempts.contents().keys() >= attempts.contents().keys()
        assert all(attempts.contents()[name] == value for name, value in run.attempts.contents().items() if value)
        blocked = list(state.nodes_with(NodeStatus.FAILED_PARENT))
        assert [root_cause(state, node) for node in blocked] == [root_cause(fresh, node) for node in blocked]
        after = _shown(run)
        assert watch.nodes >= {node for node in graph.nodes if before[node] != after[node]}
        assert watch.run
        state.unwatch(watch)


def _shown(run: RecordedRun) -> list[tuple[object, ...]]:
    """What is known of each node, besides what is told of the whole run."""
    state = run.state
    columns = state.status, state.cause, state.attempt, state.started, state.ended, state.stale, state.value
    return [
        (*row, state.why.get(node), node in state.held, state.asked.get(node), tuple(run.attempts.of(node)))
        for node, row in zip(run.graph.nodes, zip(*columns, strict=True), strict=True)
    ]


def placed(folder: Path, name: str, journal: bytes) -> tuple[RunDirectory, Path]:
    """A golden run with another journal, and its graph's file."""
    path = folder / "g.toml"
    path.write_text((GOLDEN / f"{name}.toml").read_text())
    with closing(RunDirectory.create(path, path.read_text())) as directory:
        directory.journal_path.write_bytes(journal)
    return directory, path


@pytest.mark.parametrize("name", NAMES)
def test_any_moment_of_a_golden_journal_is_what_its_events_make(name: str, tmp_path: Path):
    directory, path = placed(tmp_path, name, golden(name))
    run = RecordedRun.open(directory, path)
    records = list(JournalReader(directory.journal_path))
    assert run.moment == run.last
    jump_about(run, records, random.Random(name), 40)
    jump_about(recording_of(run.graph, records, tmp_path), records, random.Random(name), 40)


@pytest.mark.parametrize("seed", range(24))
def test_any_moment_of_a_random_walk_is_what_its_events_make(seed: int, tmp_path: Path):
    walk = RandomWalk(seed)
    walk.walk(60)
    machine = walk.machine
    records = [json.loads(text) for text in machine.texts]
    jump_about(recording_of(machine.graph, records, tmp_path), records, random.Random(seed), 30)


def test_events_in_columns_are_the_same_events():
    events: list[Event] = [
        NoteEvent(0.5, "about the run"),
        NodeEvent(1.0, 3, 1, NodeStatus.RUNNING),
        NodeEvent(0.9, 3, 1, NodeStatus.FAILED, Cause.EXIT, "exit 3", 3, 0.1, usage=Usage(1.5, 2, 3, 4)),
        NodeEvent(1.1, 4, 2, NodeStatus.RETRYING, Cause.EXIT, "exit 1", 1, 0.1, due=2.0, usage=Usage(0.0, 0, 0, 0)),
        NodeEvent(1.2, 5, 0, NodeStatus.FAILED_PARENT, blocker=3),
        CommandEvent(1.3, 1, CommandKind.HOLD, (7, 8)),
        NodeEvent(1.4, 3, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", outputs={"a": "b"}),
    ]
    found = RecordedEvents()
    found.extend(events[:2])
    found.extend([])
    found.extend(events[2:])
    for start in range(len(events) + 1):
        for end in range(start, len(events) + 1):
            assert list(found.between(start, end)) == events[start:end]
    assert found.nodes_between(3, 6) == {4, 5, 7, 8}
    assert (found.count_until(0.9), found.count_until(1.0), found.count_until(1.05)) == (1, 3, 3)
    assert [found.clock_at(moment) for moment in (0, 1, 3, 7)] == [0.0, 0.5, 1.0, 1.4]
    assert list(found.failures) == [2]


def test_idle_time_is_left_out_and_a_moment_is_found_by_its_time(tmp_path: Path):
    graph = Graph.from_edges(["a", "b"], [("a", "b")], name="g")
    events: list[Event] = [RunEvent(0.0, "started", jobs=1)]
    events += [ran(2.0, 0, 1), ran(4.0, 1, 1), CommandEvent(1004.0, 1, CommandKind.RERUN, (1,))]
    events += [NodeEvent(1004.0, 1, 1, NodeStatus.READY, fresh=True), ran(1006.0, 1, 2), RunEvent(2000.0, "ended")]
    run = recording_of(graph, records_of(graph, events), tmp_path)
    assert (run.whole, run.settled_last, run.last_clock) == (6.0, 1006.0, 2000.0)
    assert [run.shown_seconds(clock) for clock in (1.0, 4.0, 500.0, 1004.0, 1006.0, 2000.0)] == [1, 4, 4, 4, 6, 6]
    assert [run.clock_after(seconds) for seconds in (1.0, 4.0, 5.0)] == [1.0, 4.0, 1005.0]
    run.go_to_clock(3.0)
    assert (run.moment, run.clock(), run.elapsed, run.settled, run.alive()) == (2, 3.0, 3.0, False, 0)
    run.go_to_clock(-1.0)
    assert (run.moment, run.clock()) == (run.first, 0.0)
    run.go_to(99)
    assert (run.moment, run.clock(), run.settled, run.state.verdict()) == (7, 2000.0, True, Verdict.COMPLETED)


def ran(at: float, node: int, attempt: int) -> NodeEvent:
    return NodeEvent(at, node, attempt, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=1.0)


def test_what_blocks_a_node_is_what_blocked_it_then(tmp_path: Path):
    graph = dag("a>c b>c")
    a, b, c = map(graph.node, "abc")
    events: list[Event] = [RunEvent(0.0, "started", jobs=1)]
    for at, failed, other in ((1.0, a, b), (3.0, b, a)):
        events.append(ran(at, other, int(at)))
        events.append(NodeEvent(at, failed, int(at), NodeStatus.FAILED, Cause.EXIT, "exit 1", 1))
        events.append(NodeEvent(at, c, 0, NodeStatus.FAILED_PARENT, blocker=failed))
    run = recording_of(graph, records_of(graph, events), tmp_path)
    for moment, cause in (
        (run.last, b),
        (5, a),
        (4, a),
        (run.last, b),
    ):  # 5: a snapshot, from which nothing is replayed
        run.go_to(moment)
        assert root_cause(run.state, c) == cause


def test_failures_that_count_are_found_from_any_moment(tmp_path: Path):
    graph = dag("a b c", b={"allow_failure": True})
    failed = [NodeEvent(float(node), node, 1, NodeStatus.FAILED, Cause.EXIT, "exit 1", 1) for node in (0, 1, 2)]
    run = recording_of(graph, records_of(graph, [RunEvent(0.0, "started", jobs=1), *failed]), tmp_path)
    assert [run.next_failure(1), run.next_failure(-1)] == [(2, 0), (2, 0)]  # the other one is shown
    run.go_to(run.first)
    assert [run.next_failure(1), run.next_failure(-1)] == [(2, 0), (4, 2)]
    run.go_to(2)
    assert [run.next_failure(1), run.next_failure(-1)] == [(4, 2), (4, 2)]
    assert run.failure_clocks == [0.0, 2.0]


def test_a_log_is_shown_until_the_moment_while_its_attempt_is_in_flight(tmp_path: Path):
    graph = dag("a")
    events = [
        RunEvent(0.0, "started", jobs=1),
        NodeEvent(1.0, 0, 1, NodeStatus.RUNNING),
        NodeEvent(2.0, 0, 1, NodeStatus.RETRYING, Cause.EXIT, "exit 1", 1, 1.0, due=3.0),
        NodeEvent(3.0, 0, 2, NodeStatus.RUNNING),
    ]
    run = recording_of(graph, records_of(graph, events), tmp_path)
    assert run.log_until(0, 2) is None  # it broke off, and all that it wrote is there
    run.go_to(2)
    assert run.log_until(0, 1) == BEGAN_AT + 1.0
    run.go_to(3)
    assert run.log_until(0, 1) is None


def test_snapshots_take_no_more_than_they_may_and_share_what_is_equal():
    found = Snapshots(most_bytes=40_000, spacing=10)
    numbers, names = array("q", bytes(8 * 2_000)), {"same": 1}
    for moment in range(0, 1_000, 5):
        if found.is_due(moment):
            found.take(moment, {"numbers": numbers, "names": names})
        numbers[moment] = moment
        assert found.size <= 40_000 + 8 * 2_000
    earlier = found.before(700)
    assert 0 < earlier.moment <= 700
    assert earlier.restored("numbers") == array(
        "q", [n if n < earlier.moment and n % 5 == 0 else 0 for n in range(2_000)]
    )
    assert earlier.restored("names") is not names
    first = found.before(4)
    assert first.moment == 0
    assert set(first.restored("numbers")) == {0}


def test_a_damaged_journal_is_a_recording_up_to_the_damage(tmp_path: Path):
    lines = golden("demo").splitlines(keepends=True)
    directory, path = placed(tmp_path, "demo", b"".join([*lines[:20], b"x", *lines[20:]]))
    run = RecordedRun.open(directory, path)
    assert "line 21" in str(run.problem)
    assert run.last == 19
    assert run.read_only == "read-only: this is a recording of a past run"
    assert run.settled


@pytest.mark.parametrize("field", ["time", "at"])
def test_a_journal_with_a_number_out_of_all_bounds_can_not_be_read(tmp_path: Path, field: str):
    records = decoded(golden("demo"))
    records[1][field] = 10**400
    directory, path = placed(tmp_path, "demo", encoded(records))
    for view in (RecordedRun, FollowedRun):
        with pytest.raises(StoreError, match=r"can't read the journal .*: a number out of all bounds"):
            view.open(directory, path)
    with pytest.raises(StoreError, match="can't understand line 2 of the journal"):
        understand(JournalReader(directory.journal_path), load(path))
