"""A run that is looked at can't be driven, and only the room of runs reads what a live one consists of."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from support.adopted_run import adopted_run
from support.recorded_run import RecordedRun

from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.model import Graph
from dagtui.runs.following import FollowedRun
from dagtui.runs.live import LiveRun
from dagtui.runs.view import READ_ONLY, RunView

PACKAGE = Path(__file__).parents[2] / "dagtui"
INSIDE = frozenset({"traversal", "listeners", "_listeners"})
"""What a live run consists of."""
ROOMS = frozenset({"engine", "runs"})
"""The rooms that may read it."""
DRIVES = frozenset(vars(LiveRun)) - frozenset(vars(RunView))
EVENTS = [
    RunEvent(0.0, "started", jobs=2),
    NodeEvent(1.0, 0, 1, NodeStatus.RUNNING),
    NodeEvent(3.0, 0, 1, NodeStatus.COMPLETED, Cause.RAN, "succeeded", seconds=2.0),
    NodeEvent(3.0, 1, 1, NodeStatus.RUNNING),
]


def read_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & INSIDE


def test_only_the_room_of_runs_reads_what_a_live_run_consists_of():
    found = {path.relative_to(PACKAGE): read_in(path) for path in PACKAGE.rglob("*.py")}
    assert any(names for path, names in found.items() if path.parts[0] in ROOMS), "the names are those of the code"
    assert {str(path): names for path, names in found.items() if names and path.parts[0] not in ROOMS} == {}


@pytest.mark.parametrize("kind", [RecordedRun, FollowedRun])
def test_a_view_has_nothing_that_drives_a_run(kind: type[RunView]):
    assert {"preview", "give", "drive", "note", "announce", "node_environment", "unkillable"} <= DRIVES
    assert not DRIVES & frozenset(dir(kind)) - {"close"}  # what is followed is closed, too: its journal


def views() -> list[RunView]:
    """The same moment of a run, looked at and driven."""
    graph = Graph.from_edges("abc", [("a", "b"), ("b", "c")])
    return [RecordedRun(graph, EVENTS, 5.0, Path("1"), began_at=1e9), adopted_run(graph, EVENTS, 5.0, began_at=1e9)]


def test_a_view_shows_what_the_driven_run_shows():
    recorded, live = views()
    for look in (
        lambda run: [run.state.status_of(node) for node in range(3)],
        lambda run: (run.alive(), run.settled, run.waits, run.notices, run.elapsed, run.wall_seconds, run.wall(2.0)),
        lambda run: [run.attempts.of(node) for node in range(3)],
        lambda run: (run.name, run.number, run.remaining(), run.estimate(0)),
    ):
        assert look(recorded) == look(live)


def test_a_view_refuses_every_command():
    recorded, live = views()
    for kind in CommandKind:
        assert recorded.refusal(Command(kind, (1,), jobs=5)) == READ_ONLY
    assert live.refusal(Command(CommandKind.CANCEL, (1,))) is None


def test_a_listener_is_told_until_it_unsubscribes():
    for run in views():
        heard: list[int] = []
        unsubscribe = run.subscribe(lambda events: heard.append(len(events)))  # noqa: B023 - called at once
        run.tell(EVENTS[:1])
        run.tell()
        unsubscribe()
        run.tell()
        assert heard == [1, 0]
