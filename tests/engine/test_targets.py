"""Targets: a run of some nodes and their ancestors, and nodes that join it."""

from __future__ import annotations

import json

import pytest
from support.scene import Scene, dag

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import MOST_NAMED, CommandEvent, NodeEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.rules.commands import OUTSIDE, Step
from dagtui.engine.state import RunState
from dagtui.engine.status import NodeStatus, Verdict
from dagtui.engine.why import why
from dagtui.graph.loading import load_text
from dagtui.graph.model import Graph


def scene_of(ways: str, *targets: str, **tasks: dict[str, object]) -> Scene:
    """Return a scene in which only some nodes and their ancestors run."""
    return Scene(dag(ways, **tasks), targets=targets)


def test_only_targets_and_their_ancestors_run():
    scene = scene_of("a>b>c b>d e", "c")
    assert scene.run_all() == ["a", "b", "c"]
    assert scene.state.verdict() is Verdict.COMPLETED
    assert sum(scene.state.counts) == 3
    assert [scene.graph.labels[node] for node in scene.state.nodes_with(NodeStatus.WAITING)] == []
    assert why(scene.state, scene.graph.node("e"), 0.0) == "not part of this run: retry adds it"


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_command_on_a_node_outside_does_what_its_row_says(kind: CommandKind):
    scene = scene_of("p>x>c p>q", "q")
    answer = scene.command(kind, "x")
    step = OUTSIDE[kind]
    assert answer.nothing == (None if step is Step.SELECT else step)
    assert scene.state.is_outside(scene.graph.node("x")) == (step is not Step.SELECT)
    assert scene.state.is_outside(scene.graph.node("c"))


def test_retry_adds_a_node_with_its_ancestors_to_a_settled_run():
    scene = scene_of("a>b p>q>r", "b")
    scene.run_all()
    scene.now = 100.0
    preview = scene.command(CommandKind.RETRY, "q")
    assert scene.names(preview.added) == "p q"
    assert (scene.state.unsettled, scene.state.active(100.0)) == (2, 0.0)
    assert scene.run_all() == ["p", "q"]
    assert scene.state.is_outside(scene.graph.node("r"))


def test_what_blocks_a_node_that_joins_is_retried_with_it():
    scene = scene_of("a>b a>c", "b")
    scene.fail("a")
    preview = scene.command(CommandKind.RETRY, "c")
    assert (scene.names(preview.added), scene.names(preview.again)) == ("c", "a")
    assert scene.run_all() == ["a", "b", "c"]


def test_a_command_on_nodes_inside_and_outside_leaves_out_those_outside():
    scene = scene_of("z>a c", "a")
    answer = scene.command(CommandKind.SKIP, "a", "c")
    assert answer.left_out == ((scene.graph.node("c"), "not part of this run: retry adds it"),)
    assert (scene["a"], scene["c"]) == (NodeStatus.SKIPPED, NodeStatus.WAITING)


def test_commands_for_everything_touch_only_what_is_part_of_the_run():
    scene = scene_of("a>b a>c", "b")
    preview = scene.command(CommandKind.CANCEL_ALL)
    assert scene["c"] is NodeStatus.WAITING
    assert scene.graph.node("c") not in {*preview.stopped, *preview.dropped}


def test_a_journal_names_whole_tasks_in_place_of_their_cells():
    graph = load_text('version = 1\n[tasks.t]\nmatrix = {n = [1, 2]}\nrun = "true"\n[tasks.u]\nrun = "true"\n', "g")
    for nodes, names in (((0, 1), ["t"]), ((1, 2), ["t[n=2]", "u"]), ((), [])):
        event = RunEvent(0.0, "started", targets=nodes, named=("x",) if nodes else ())
        record = json.loads("{" + fields(event, graph) + "}")
        assert record["targets"] == names
        assert parse(record, graph) == event
    assert "targets" not in fields(RunEvent(0.0, "started"), graph)
    gone = {"event": "run", "what": "started", "targets": ["gone", "u"]}
    assert parse(gone, graph) == RunEvent(0.0, "started", targets=(2,))


def test_a_command_that_names_only_its_first_targets_can_be_replayed():
    labels = [f"n{number}" for number in range(MOST_NAMED + 3)]
    graph = Graph(labels, [(MOST_NAMED + 1, MOST_NAMED + 2)])
    scene = Scene(graph, targets=("n0",))
    scene.run_all()
    scene.traversal.handle(Command(CommandKind.RETRY, tuple(range(len(graph)))), scene.now)
    scene._take()
    assert any(isinstance(event, CommandEvent) and event.others == 3 for event in scene.events)
    replayed = RunState(graph, 4)
    replayed.replay(scene.events)
    assert (replayed.selected, replayed.counts) == (scene.state.selected, scene.state.counts)


def test_a_change_of_a_node_outside_makes_it_part_of_a_replayed_run():
    graph = dag("a>b c")
    state = RunState(graph)
    state.replay([RunEvent(0.0, "started", targets=(2,)), NodeEvent(1.0, 1, 0, NodeStatus.READY)])
    assert state.selected == b"\1\1\1"
    assert (state.counts[NodeStatus.WAITING], state.counts[NodeStatus.READY]) == (2, 1)


def test_a_run_without_any_target_left_is_settled():
    """As it is recorded after a reload that removed them."""
    state = RunState(Graph.from_edges("abc", []))
    state.replay([RunEvent(2.0, "started", targets=()), RunEvent(5.0, "resumed")])
    assert (state.settled_at, state.active(9.0), state.verdict()) == (2.0, 2.0, Verdict.COMPLETED)
