"""Values that nodes hand on, in the state of a run: who has them, and when they are forgotten."""

from __future__ import annotations

import json

import pytest
from engine.invariants import same_state
from support.scene import Scene, dag

from dagtui.engine.event_records import fields, parse
from dagtui.engine.events import NodeEvent
from dagtui.engine.messages import CommandKind, Ended, EndKind
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus

VALUES = {"count": "3", "where": "a\nb"}


def handed_on(values: dict[str, str], text: str = "a>b b>c") -> Scene:
    """Return a run in which all nodes succeeded, and the first has handed on values."""
    scene = Scene(dag(text))
    scene.start("a")
    scene.traversal.handle(Ended(0, scene.state.attempt[0], EndKind.EXIT, outputs=values), 1.0)
    scene.run("b")
    scene.run("c")
    return scene


def test_values_stay_with_the_node_until_it_runs_again():
    scene = handed_on(VALUES)
    assert scene.state.outputs == {0: VALUES}
    scene.command(CommandKind.RERUN_ONLY, "a")
    assert scene.state.outputs == {}
    scene.start("a")
    scene.traversal.handle(Ended(0, scene.state.attempt[0], EndKind.EXIT), 1.0)
    assert scene.state.outputs == {}


def test_values_stay_when_their_node_becomes_stale():
    scene = Scene(dag("a>b b>c"))
    scene.run("a")
    scene.start("b")
    scene.traversal.handle(Ended(1, scene.state.attempt[1], EndKind.EXIT, outputs=VALUES), 1.0)
    scene.command(CommandKind.RERUN_ONLY, "a")
    scene.start("a")
    assert scene.state.stale[1]
    assert scene.state.outputs == {1: VALUES}


@pytest.mark.parametrize("kind", [CommandKind.RERUN, CommandKind.RERUN_ONLY])
def test_a_command_that_takes_a_success_back_takes_its_values_too(kind: CommandKind):
    scene = handed_on(VALUES)
    scene.preview(kind, "a")
    assert scene.state.outputs == {0: VALUES}, "a preview changes nothing"
    scene.command(kind, "a")
    assert scene.state.outputs == {}


@pytest.mark.parametrize(("kind", "value"), [(EndKind.EXIT, 1), (EndKind.SIGNAL, 9), (EndKind.LOST, 0)])
def test_a_failure_hands_nothing_on(kind: EndKind, value: int):
    scene = Scene(dag("a>b"))
    scene.start("a")
    scene.traversal.handle(Ended(0, 1, kind, value, outputs=VALUES), 1.0)
    assert scene.state.outputs == {}


def test_a_cancelled_node_hands_nothing_on_although_it_succeeded():
    scene = Scene(dag("a>b"))
    scene.start("a")
    scene.command(CommandKind.CANCEL, "a")
    scene.traversal.handle(Ended(0, 1, EndKind.EXIT, outputs=VALUES), 1.0)
    assert scene.state.status_of(0) is NodeStatus.CANCELLED
    assert scene.state.outputs == {}


def test_the_journal_restores_values_and_does_not_mention_what_nobody_wrote():
    scene = handed_on(VALUES)
    lines = ["{" + fields(event, scene.graph) + "}" for event in scene.events]
    assert sum('"outputs"' in line for line in lines) == 1
    replayed = RunState(scene.graph, scene.state.jobs)
    replayed.replay(event for line in lines if (event := parse(json.loads(line), scene.graph)) is not None)
    same_state(replayed, scene.state)
    assert replayed.outputs == {0: VALUES}


@pytest.mark.parametrize("wrong", ["text", 3, ["a"]])
def test_a_record_with_malformed_values_is_refused(wrong: object):
    graph = dag("a")
    record = json.loads("{" + fields(NodeEvent(0.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN), graph) + "}")
    with pytest.raises(TypeError):
        parse(record | {"outputs": wrong}, graph)


def test_secrets_are_redacted_in_names_and_values():
    scene = Scene(dag("a"))
    scene.traversal.mask = lambda text: text.replace("hunter22", "***")
    scene.start("a")
    scene.traversal.handle(Ended(0, 1, EndKind.EXIT, outputs={"hunter22": "1", "b": "x hunter22 y"}), 1.0)
    assert scene.state.outputs == {0: {"***": "1", "b": "x *** y"}}
    assert "hunter22" not in "".join(fields(event, scene.graph) for event in scene.events)
