"""Events as journal records: every kind, hostile names, malformed records, and a replay that equals the run."""

from __future__ import annotations

import json

import pytest
from engine.invariants import same_state
from support.scene import Scene, dag

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import MOST_NAMED, CommandEvent, Event, NodeEvent, NoteEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind, EndKind, Usage
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.engine.traversal import Traversal
from dagtui.engine.why import why
from dagtui.graph.model import Graph, RetryPolicy

HOSTILE = ['a"b', "new\nline", "\x1b[31m", "é ∑ \U0001f600", "\\", "\u2028", "[/bold]", " ", "\x00"]
GRAPH = Graph([*HOSTILE, "plain"], [])


def record(event: Event, graph: Graph = GRAPH) -> dict[str, object]:
    text = fields(event, graph)
    assert "\n" not in text
    assert text.isascii()
    loaded: dict[str, object] = json.loads("{" + text + "}")
    return loaded


@pytest.mark.parametrize("node", range(len(GRAPH)))
def test_every_name_survives(node: int):
    event = NodeEvent(1.0, node, 2, NodeStatus.RUNNING, Cause.NONE, HOSTILE[node % len(HOSTILE)])
    assert parse(record(event), GRAPH) == event


@pytest.mark.parametrize(
    "event",
    [
        NodeEvent(1.5, 0, 0, NodeStatus.WAITING),
        NodeEvent(1.5, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=2.25),
        NodeEvent(1.5, 0, 1, NodeStatus.FAILED, Cause.EXIT, "exit 3", 3, 2.25),
        NodeEvent(1.5, 0, 1, NodeStatus.FAILED, Cause.SIGNAL, "signal KILL (9)", 9, 2.25),
        NodeEvent(1.5, 0, 1, NodeStatus.FAILED_PARENT, Cause.NONE, "held back by …", blocker=9),
        NodeEvent(1.5, 0, 1, NodeStatus.CANCELLED, Cause.CANCEL, "cancel", marks=(1, 12)),
        NodeEvent(1.5, 0, 1, NodeStatus.RETRYING, Cause.TIMEOUT, "timeout", due=7.125, seconds=1.0),
        NodeEvent(1.5, 0, 4, NodeStatus.WAITING, fresh=True),
        NodeEvent(1.5, 0, 4, NodeStatus.COMPLETED, Cause.MARKED, stale=True),
        NodeEvent(1.5, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=2.25, left=3),
        NodeEvent(1.5, 0, 1, NodeStatus.COMPLETED, Cause.RAN, seconds=2.25, usage=Usage(0.125, 0, 0, 0)),
        NodeEvent(1.5, 0, 1, NodeStatus.FAILED, Cause.EXIT, seconds=2.25, usage=Usage(1e6, 1 << 40, 1 << 50, 1 << 60)),
        NodeEvent(
            1.5, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", outputs={"a.b-c": 'x"\n\x1b\ud800é', "d": ""}
        ),
        NodeEvent(1.5, 0, 1, NodeStatus.READY, Cause.IN_LINE, "next in line", executor="cluster"),
        NodeEvent(1.5, 0, 1, NodeStatus.READY, Cause.QUEUED, "job 4711_3: Resources", executor="cluster"),
        NodeEvent(1.5, 0, 1, NodeStatus.RUNNING, executor="cluster", where='n2 "\x1b', ago=32400.125),
        CommandEvent(1.5, 3, CommandKind.CANCEL_SUBTREE, (0, 9)),
        CommandEvent(1.5, 3, CommandKind.SET_JOBS, jobs=7, executor="cluster"),
        RunEvent(1.5, "resumed", jobs=4, away=3600.125),
        NoteEvent(1.5, "cluster does not answer: timed out", executor="cluster", since=1_700_000_000.125),
        NoteEvent(1.5, "cluster answers again", executor="cluster"),
        CommandEvent(1.5, 3, CommandKind.SET_JOBS, jobs=7, by="signal"),
        CommandEvent(1.5, 3, None, (2,), by="keep_going = false"),
        CommandEvent(1.5, 3, CommandKind.CANCEL, (0, 9), others=999_998),
        RunEvent(0.0, "started", "why", 4),
        RunEvent(0.0, "ended"),
        NoteEvent(0.5, "something", 3, 2),
        NoteEvent(0.5, "something"),
    ],
)
def test_an_event_survives_the_journal(event: Event):
    assert parse(record(event), GRAPH) == event


def test_a_command_over_very_many_nodes_is_recorded_with_the_first_ones_and_their_number():
    graph = Graph.from_edges([f"n{node}" for node in range(3 * MOST_NAMED)], [])
    traversal = Traversal(graph)
    everything = tuple(range(len(graph)))
    traversal.handle(Command(CommandKind.CANCEL_SUBTREE, everything), 0.0)
    events, _ = traversal.take()
    command = events[0]
    assert isinstance(command, CommandEvent)
    assert (command.nodes, command.others) == (everything[:MOST_NAMED], 2 * MOST_NAMED)
    replayed = RunState(graph)
    replayed.replay(event for event in (parse(record(event, graph), graph) for event in events) if event is not None)
    same_state(replayed, traversal.state)
    text = f"cancelled with subtree n0 and {len(graph) - 1} more"
    assert {why(state, len(graph) - 1, 0.0) for state in (replayed, traversal.state)} == {text}


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("status", list(NodeStatus))
def test_every_status_and_cause_survives(status: NodeStatus, cause: Cause):
    event = NodeEvent(0.0, 9, 1, status, cause)
    assert parse(record(event), GRAPH) == event


@pytest.mark.parametrize("kind", list(CommandKind))
def test_every_command_survives(kind: CommandKind):
    event = CommandEvent(0.0, 1, kind, (9,))
    assert parse(record(event), GRAPH) == event


def test_results_have_the_fields_of_the_contract():
    scene = Scene(dag("a b"))
    scene.fail("a")
    scene.start("b")
    scene.end("b", 9, EndKind.SIGNAL)
    failed, killed = (record(e, scene.graph) for e in scene.events if isinstance(e, NodeEvent) and e.seconds)
    assert {"event": "node", "node": "a", "attempt": 1, "status": "FAILED", "exit": 1, "seconds": 1.0}.items() <= (
        failed.items()
    )
    assert killed["signal"] == 9
    assert "exit" not in killed
    assert failed["why"] == "exit 1"


def test_unknown_kinds_and_nodes_are_passed_over():
    assert parse({"event": "weather"}, GRAPH) is None
    gone = record(NodeEvent(0.0, 9, 1, NodeStatus.RUNNING)) | {"node": "gone"}
    assert parse(gone, GRAPH) is None
    command = record(CommandEvent(0.0, 1, CommandKind.RETRY, (9,))) | {"nodes": ["gone", "plain"]}
    assert parse(command, GRAPH) == CommandEvent(0.0, 1, CommandKind.RETRY, (9,))


def test_a_command_of_a_later_version_does_nothing_but_its_number_is_used():
    command = record(CommandEvent(0.0, 7, CommandKind.PAUSE)) | {"command": "dance", "nodes": ["plain"]}
    event = parse(command, GRAPH)
    assert event == CommandEvent(0.0, 7, "dance", (9,))
    assert record(event) == command
    traversal = Traversal(GRAPH)
    state = traversal.state
    state.replay([event, NodeEvent(0.0, 9, 0, NodeStatus.CANCELLED, Cause.CANCEL, marks=(7,))])
    assert state.command_number == 7
    assert not state.paused
    assert why(state, 9, 0.0) == "cancelled"
    # The next command gets its own number, and lifts the marks.
    traversal.handle(Command(CommandKind.RETRY, (9,)), 1.0)
    events, _ = traversal.take()
    assert [e.number for e in events if isinstance(e, CommandEvent)] == [8]
    assert 9 not in state.marks


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"status": "DANCING"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"cause": "fun"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"attempt": "one"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"at": "noon"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"marks": 3}),
        (NodeEvent(0.0, 9, 1, NodeStatus.COMPLETED), {"cpu": "much"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.COMPLETED), {"cpu": 1.0, "memory": "much"}),
        (NodeEvent(0.0, 9, 1, NodeStatus.COMPLETED), {"cpu": 1.0, "read": 1.5}),
        (NodeEvent(0.0, 9, 1, NodeStatus.RUNNING), {"marks": ["x"]}),
        (CommandEvent(0.0, 1, CommandKind.PAUSE), {"command": ["dance"]}),
        (CommandEvent(0.0, 1, CommandKind.PAUSE), {"nodes": "plain"}),
    ],
)
def test_malformed_records_are_errors(event: Event, change: dict[str, object]):
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse(record(event) | change, GRAPH)


@pytest.mark.parametrize("missing", ["node", "status", "attempt"])
def test_a_record_without_what_it_is_about_is_an_error(missing: str):
    incomplete = record(NodeEvent(0.0, 9, 1, NodeStatus.RUNNING))
    del incomplete[missing]
    with pytest.raises(KeyError):
        parse(incomplete, GRAPH)


def eventful() -> Scene:
    """Return a run with events of every kind."""
    scene = Scene(
        dag("a>b>c a>d e>f g", e={"retry": RetryPolicy(1, delay=2.5)}, g={"timeout": 1.0}, f={"allow_failure": True}),
        jobs=3,
    )
    scene.run("a")
    scene.fail("e")
    scene.start("g")
    scene.tick(1.0)
    scene.end("g", 15, EndKind.SIGNAL)
    scene.command(CommandKind.SET_JOBS, jobs=5)
    scene.command(CommandKind.CANCEL_SUBTREE, "b")
    scene.withdrawn("b")
    scene.run("d")
    scene.command(CommandKind.RERUN_ONLY, "a")
    scene.run("a")
    scene.tick(2.5)
    scene.run("e")
    scene.fail("f")
    scene.command(CommandKind.PAUSE)
    scene.command(CommandKind.RETRY, "c")
    return scene


def test_every_prefix_of_a_journal_replays_to_the_state_of_that_moment():
    scene = eventful()
    live = RunState(scene.graph, 3)
    read = [parse(json.loads("{" + fields(event, scene.graph) + "}"), scene.graph) for event in scene.events]
    for length, event in enumerate(scene.events, 1):
        live.apply(event)
        live.dirty.clear()
        after = RunState(scene.graph, 3)
        after.replay(event for event in read[:length] if event is not None)
        same_state(after, live)
    same_state(live, scene.state)
    assert scene.state.paused


def test_a_watch_sees_what_changed_and_nothing_else():
    scene = Scene(dag("a>b c"))
    watch = scene.state.watch()
    watch.run = False
    scene.run("a")
    assert watch.nodes == {0, 1}
    assert not watch.run
    scene.command(CommandKind.PAUSE)
    assert watch.run
    scene.state.apply(NoteEvent(0.0, "something"))
    assert [note.text for note in watch.notes] == ["something"]
    scene.state.unwatch(watch)
    watch.nodes.clear()
    scene.start("c")
    assert watch.nodes == set()


def test_what_is_said_of_a_run_leaves_its_slots_and_its_pause():
    state = RunState(dag("a"), 7)
    state.apply(CommandEvent(0.0, 1, CommandKind.PAUSE))
    for what in ("attached", "detached", "ended"):
        state.apply(RunEvent(1.0, what))
    assert (state.jobs, state.paused) == (7, True)
    state.apply(RunEvent(2.0, "resumed", jobs=3))
    assert (state.jobs, state.paused) == (3, False)
