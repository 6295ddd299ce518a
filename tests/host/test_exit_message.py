"""What is left on the terminal when a screen is left."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support.recorded_run import RecordedRun

from dagtui.engine.events import NodeEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.loading import load
from dagtui.graph.model import Graph
from dagtui.host.exit_message import detached
from dagtui.report.summary import exit_summary
from dagtui.text.look import ASCII, Look


def ended(now: float) -> RecordedRun:
    """A run of one node that took three seconds, looked at later."""
    running = NodeEvent(1.0, 0, 1, NodeStatus.RUNNING)
    completed = NodeEvent(4.0, 0, 1, NodeStatus.COMPLETED, cause=Cause.RAN, seconds=3.0)
    return RecordedRun(Graph.from_edges(["only"], [], name="one"), [running, completed], now, Path("1"))


def test_the_card_of_a_run_that_was_looked_at_for_long_tells_how_long_the_run_took():
    head = exit_summary(ended(600.0), width=80, look=Look(colours=False)).split("\n")[0]
    assert head == "✓ one completed  run 1, 4.0 s"


@pytest.mark.parametrize(("seconds", "words"), [(600.0, "10 minutes"), (60.0, "1 minute"), (30.0, "30 s")])
def test_who_detaches_from_a_settled_run_is_told_how_long_it_waits(seconds: float, words: str):
    assert f"brings it back within {words}; then its process ends" in detached(ended(600.0), seconds, "")


@pytest.mark.parametrize("named", ["my graph.toml", "../x/my graph.toml", "{folder}/my graph.toml"])
@pytest.mark.parametrize("there", ["x", "y z", "/", ""])
def test_the_command_of_the_card_finds_the_graph_from_the_folder_of_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, there: str
):
    for name in ("x", "y z"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "x")
    path = Path(named.format(folder=tmp_path / "x"))
    path.write_text('version = 1\n[tasks.a]\nrun = "false"\n')
    failure = NodeEvent(2.0, 0, 1, NodeStatus.FAILED, Cause.EXIT, "exit 1", 1, 1.0)
    session = RecordedRun(load(path), [NodeEvent(1.0, 0, 1, NodeStatus.RUNNING), failure], 9.0, Path("1"))
    folder = str(tmp_path / there) if there else ""
    last = exit_summary(session, width=80, look=Look(ASCII, colours=False), folder=folder).split("\n")[-1]
    words = shlex.split(last.partition(": ")[2])
    assert words[0] == "dagtui"
    assert words[2:] == ["--resume", "1"]
    assert (tmp_path / (there or "x") / words[1]).samefile(path)
    if there in {"", "x"}:
        assert words[1] == str(path), "as it was given"


def failed_eight_times(tmp_path: Path) -> RecordedRun:
    """Eight cells that failed for one reason, each with a log that names its own sample, and one for another."""
    labels = [f"align[sample={sample}]" for sample in "abcdefgh"]
    graph = Graph.from_edges([*labels, "other"], [], name="reads")
    events: list[NodeEvent] = []
    for node in range(9):
        value = 7 if node < 8 else 1
        events += [
            NodeEvent(1.0, node, 1, NodeStatus.RUNNING),
            NodeEvent(2.0, node, 1, NodeStatus.FAILED, Cause.EXIT, f"exit {value}", value, 1.0),
        ]
    session = RecordedRun(graph, events, 9.0, tmp_path)
    for node in range(9):
        path = session.log_path(node, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"reading chunk {node * 17}\nError: /data/run{node}/in.fq: no such file, line {node}\nexiting\n"
        )
    return session


def test_failures_that_are_alike_stand_on_the_card_once_with_their_number_and_names(tmp_path: Path):
    lines = exit_summary(failed_eight_times(tmp_path), width=100, look=Look(colours=False)).split("\n")
    assert sum("no such file" in line for line in lines) == 2  # the eight once, and the other
    names = ", ".join(f"align[sample={sample}]" for sample in "bcdefgh")
    assert f"  8 nodes failed alike, also {names}" in lines
    assert lines[-1] == "✗ reads failed: 9 failed"


def test_what_differs_only_in_its_exit_is_not_alike(tmp_path: Path):
    lines = exit_summary(failed_eight_times(tmp_path), width=100, look=Look(colours=False)).split("\n")
    assert "✗ other  exit 1" in lines
