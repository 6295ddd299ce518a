"""Known ends reach the run's directory whoever dies: no success is lost, none is doubled."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.journals import read_journal
from support.process_listing import descendants, name_of
from support.process_listing import state as process_state
from support.waiting import wait_for

from dagtui.engine.events import NodeEvent
from dagtui.engine.state import RunState
from dagtui.engine.status import Cause, NodeStatus
from dagtui.execution.local import undelivered
from dagtui.graph.loading import load_text
from dagtui.runs.last_run import has_successes
from dagtui.runs.late_ends import late_ends
from dagtui.store.directory import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAGTUI = [sys.executable, "-m", "dagtui", "run", "graph.toml"]
ROOT = Path(__file__).parents[2]
GRAPH = """version = 1
[tasks.load]
run = "echo value=7 > $DAGTUI_OUTPUT; exec sh -c 'echo $$ >> trace'"
[tasks.long]
needs = ["load"]
run = "echo {{ needs.load.outputs.value }} > value; until [ -e on ]; do sleep 0.02; done"
"""


@contextlib.contextmanager
def call(folder: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the graph; what a test that fails leaves is not waited for."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "printed").open("ab") as out:
        running = subprocess.Popen([*DAGTUI, *options], cwd=folder, env=environment, stdout=out, stderr=out)
    try:
        yield running
    except BaseException:
        running.kill()
        raise
    finally:
        running.wait(60)


def finish(folder: Path) -> None:
    (folder / "on").touch()
    with call(folder, "--resume") as running:
        assert running.wait(60) == 0, (folder / "printed").read_text()
    assert (folder / "value").read_text() == "7\n"


def pids(trace: Path) -> list[int]:
    return [int(line) for line in trace.read_text().splitlines()] if trace.exists() else []


def wait_for_the_first_end(folder: Path) -> None:
    """Return at the moment at which the first node's process has ended."""
    deadline = time.monotonic() + 60
    while not (found := pids(folder / "trace")):
        assert time.monotonic() < deadline
    while process_state(found[0]) not in "ZX":
        assert time.monotonic() < deadline


def notes(folder: Path) -> list[str]:
    records = read_journal(folder / ".dagtui/graph/runs/1/journal.jsonl").records
    return [str(record["text"]) for record in records if record["event"] == "note"]


@pytest.mark.parametrize("milliseconds", [0, 2, 30, 80])
def test_what_had_ended_well_stays_however_early_the_run_is_killed(tmp_path: Path, milliseconds: int):
    (tmp_path / "graph.toml").write_text(GRAPH)
    with call(tmp_path) as running:
        wait_for_the_first_end(tmp_path)
        time.sleep(milliseconds / 1000)  # another moment of the program's start for each case
        running.kill()
    finish(tmp_path)
    assert len(pids(tmp_path / "trace")) == 1
    assert not (tmp_path / ".dagtui/graph/runs/1" / undelivered.NAME).exists(), "all is on record"


def test_the_reaper_tells_of_what_a_supervisor_that_was_killed_had_not_reaped(tmp_path: Path):
    (tmp_path / "graph.toml").write_text(GRAPH.replace("sh -c '", "sh -c 'until [ -e go ]; do sleep 0.01; done; "))
    with call(tmp_path) as running:
        wait_for(lambda: "load" in (tmp_path / "printed").read_text(), "the node runs")
        supervisor = next(pid for pid in descendants(running.pid) if name_of(pid) == "dag-supervisor")
        os.kill(supervisor, signal.SIGSTOP)
        (tmp_path / "go").touch()
        wait_for_the_first_end(tmp_path)
        running.kill()
    os.kill(supervisor, signal.SIGKILL)
    finish(tmp_path)
    assert len(pids(tmp_path / "trace")) == 1
    assert "recovered 1 result that the session could not record" in notes(tmp_path)


# --- What the record means


def recorded(tmp_path: Path, ends: list[tuple[int, int, int, float]]) -> RunDirectory:
    folder = tmp_path / "1"
    folder.mkdir(mode=0o700)
    undelivered.write(str(folder), ends)
    return RunDirectory(folder)


def graph_state(*tasks: str) -> RunState:
    text = "version = 1\n" + "".join(f"[tasks.{name}]\nrun = 'true'\n" for name in tasks)
    return RunState(load_text(text.encode(), Path("graph.toml")))


IN_FLIGHT: dict[str, Callable[[int], NodeEvent]] = {
    "running": lambda node: NodeEvent(1.0, node, 2, NodeStatus.RUNNING),
    "in line": lambda node: NodeEvent(1.0, node, 2, NodeStatus.READY, Cause.IN_LINE),
}
NOT_IN_FLIGHT: dict[str, Callable[[int], NodeEvent]] = {
    "done": lambda node: NodeEvent(1.0, node, 2, NodeStatus.COMPLETED, Cause.RAN),
    "retrying": lambda node: NodeEvent(1.0, node, 2, NodeStatus.RETRYING, Cause.EXIT, "exit 1"),
    "to be tried again": lambda node: NodeEvent(1.0, node, 2, NodeStatus.READY),
    "told to stop": lambda node: NodeEvent(1.0, node, 2, NodeStatus.CANCELLING, Cause.CANCEL),
    "a later attempt": lambda node: NodeEvent(1.0, node, 3, NodeStatus.RUNNING),
}


@pytest.mark.parametrize("name", IN_FLIGHT)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0, (NodeStatus.COMPLETED, Cause.RAN, "succeeded", 0)),
        (7 << 8, (NodeStatus.FAILED, Cause.EXIT, "exit 7", 7)),
        (11 | 0x80, (NodeStatus.FAILED, Cause.SIGNAL, "signal SEGV (11)", 11)),
    ],
)
def test_an_attempt_that_was_in_flight_gets_its_end(tmp_path: Path, name: str, status: int, expected: tuple[object]):
    state = graph_state("a", "b")
    state.replay([IN_FLIGHT[name](1)])
    directory = recorded(tmp_path, [(1, 2, status, 0.5), (1, 2, 0, 9.0)])
    (event,) = late_ends(directory, state, state.graph.labels, 4.0)
    assert (event.status, event.cause, event.why, event.value) == expected
    assert (event.node, event.attempt, event.at, event.seconds) == (1, 2, 4.0, 0.5)
    assert has_successes(directory)


@pytest.mark.parametrize("name", NOT_IN_FLIGHT)
def test_whatever_else_the_journal_says_stays(tmp_path: Path, name: str):
    state = graph_state("a", "b")
    state.replay([NOT_IN_FLIGHT[name](1)])
    assert late_ends(recorded(tmp_path, [(1, 2, 0, 0.5), (0, 1, 0, 0.5)]), state, state.graph.labels, 4.0) == []


def test_a_recovered_success_has_its_values(tmp_path: Path):
    state = graph_state("a", "b")
    state.replay([IN_FLIGHT["running"](1), NodeEvent(1.0, 0, 1, NodeStatus.RUNNING)])
    directory = recorded(tmp_path, [(1, 2, 0, 0.5), (0, 1, 256, 0.5)])
    (directory.path / "outputs").mkdir()
    for label, attempt, value in (("b", 1, "earlier"), ("b", 2, "own"), ("a", 1, "of a failure")):
        Path(directory.output_path(label, attempt)).write_text(f"x={value}\n")
    found = {event.node: event.outputs for event in late_ends(directory, state, state.graph.labels, 4.0)}
    assert found == {1: {"x": "own"}, 0: {}}


def test_numbers_are_those_of_the_graph_that_was_run(tmp_path: Path):
    state = graph_state("new", "b", "a")
    state.replay([IN_FLIGHT["running"](1)])
    ends = [(1, 2, 0, 0.5), (0, 2, 0, 0.5), (9, 2, 0, 0.5), (-1, 2, 0, 0.5)]
    (event,) = late_ends(recorded(tmp_path, ends), state, ["a", "b"], 4.0)
    assert state.graph.labels[event.node] == "b"
    assert late_ends(RunDirectory(tmp_path / "1"), state, ["a", "gone"], 4.0) == []
