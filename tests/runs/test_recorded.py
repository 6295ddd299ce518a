"""A past run as a recording: at any moment, it is what so many events make of a new state."""

from __future__ import annotations

import json
import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from engine.machine import snapshot
from engine.random_walk import RandomWalk
from support.golden_journals import GOLDEN, NAMES, golden

from dagtui.engine.event_records import parse
from dagtui.engine.events import CommandEvent, NodeEvent, NoteEvent
from dagtui.engine.messages import CommandKind, Usage
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.runs.attempts import AttemptResults
from dagtui.runs.recorded import RecordedRun
from dagtui.runs.recorded_events import RecordedEvents
from dagtui.runs.snapshots import Snapshots
from dagtui.store.directory import RunDirectory
from dagtui.store.history import History
from dagtui.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

SOON_AND_SMALL = {"spacing": 5, "most_bytes": 4_000}


def recorded(graph: Graph, records: list[dict[str, object]], folder: Path) -> RecordedRun:
    directory = RunDirectory.create(folder / "g.toml", "")
    directory.close()
    return RecordedRun(graph, directory, History(folder, {}, {}), records, Snapshots(**SOON_AND_SMALL))


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


@pytest.mark.parametrize("name", NAMES)
def test_any_moment_of_a_golden_journal_is_what_its_events_make(name: str, tmp_path: Path):
    path = tmp_path / "g.toml"
    path.write_text((GOLDEN / f"{name}.toml").read_text())
    with closing(RunDirectory.create(path, path.read_text())) as directory:
        directory.journal_path.write_bytes(golden(name))
    run = RecordedRun.open(directory, path)
    records = list(JournalReader(directory.journal_path))
    assert run.moment == run.last
    jump_about(run, records, random.Random(name), 40)
    jump_about(recorded(run.graph, records, tmp_path), records, random.Random(name), 40)


@pytest.mark.parametrize("seed", range(24))
def test_any_moment_of_a_random_walk_is_what_its_events_make(seed: int, tmp_path: Path):
    walk = RandomWalk(seed)
    walk.walk(60)
    machine = walk.machine
    records = [json.loads(text) for text in machine.texts]
    jump_about(recorded(machine.graph, records, tmp_path), records, random.Random(seed), 30)


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
