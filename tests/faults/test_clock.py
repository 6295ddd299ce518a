"""A wall clock that is set back by an hour in mid-run: only what people read as times of day goes back with it."""

from __future__ import annotations

import ast
import os
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from support.journals import read_journal
from support.waiting import until

from dagtui.engine.status import NodeStatus
from dagtui.graph.loading import load
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2] / "dagtui"
HOUR = 3600.0


def looks_at_wall_clock(path: Path) -> bool:
    names = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today"}
    found = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    return any(name == known or name.endswith("." + known) for name in found for known in names)


def test_nothing_that_decides_looks_at_the_wall_clock():
    rooms = [path for room in ("engine", "execution") for path in (ROOT / room).rglob("*.py")]
    # What people read: the times of lines, and when an attempt on another machine was claimed, began, and ended.
    shown = {"log_process.py", "log_file.py", "guardian.py", "guarded_attempt.py", "spool_watch.py"}
    # The times of files are compared with now: both are the kernel's.
    compared = {"digests.py", "bootstrap.py"}
    assert {path.name for path in rooms if looks_at_wall_clock(path)} <= shown | compared


GRAPH = """
[tasks.slow]
run = "sleep 600"
timeout = 1.5
grace = 0.2
[tasks.flaky]
run = "test $DAGTUI_ATTEMPT -ge 3"
retries = 2
retry_delay = 0.5
[tasks.steady]
run = "read line < hold || true; echo done"
[tasks.below]
needs = ["steady", "flaky"]
run = "echo below"
"""


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The wall clock's distance from the real one; the supervisor's and the log process' own clocks are not shifted."""
    offset, real = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: real() + offset[0])
    return offset


@pytest.mark.anyio
@pytest.mark.parametrize("jump", [-HOUR, HOUR])
async def test_a_jump_changes_no_timeout_no_back_off_and_no_duration(tmp_path: Path, shift: list[float], jump: float):
    os.mkfifo(tmp_path / "hold")
    (tmp_path / "graph.toml").write_text("version = 1\n" + GRAPH)
    began = time.monotonic()
    session = start_run(load(tmp_path / "graph.toml", {}), LaunchOptions(jobs=8))
    state, node = session.state, session.graph.node
    async with anyio.create_task_group() as group:
        group.start_soon(session.drive)
        await until(lambda: state.status_of(node("steady")) is NodeStatus.RUNNING)
        await until(lambda: state.status_of(node("flaky")) is NodeStatus.RETRYING)
        shift[0] = jump
        await until(lambda: state.status_of(node("flaky")) is NodeStatus.COMPLETED)
        await until(lambda: state.status_of(node("slow")) is NodeStatus.FAILED)
        os.close(os.open(tmp_path / "hold", os.O_WRONLY))
        await until(lambda: session.settled)
        elapsed = session.clock()
        group.cancel_scope.cancel()
    await session.close()
    assert 0 < elapsed <= time.monotonic() - began
    assert session.path is not None
    reading = read_journal(session.path / "journal.jsonl")
    assert reading.problem is None
    events = [record for record in reading.records if record["event"] == "node"]
    why = {str(event["node"]): event["why"] for event in events}
    assert why == {"slow": "timeout after 1.5 s", "flaky": "succeeded", "steady": "succeeded", "below": "succeeded"}
    clock = [float(str(event["at"])) for event in events]
    assert clock == sorted(clock), "the run's own clock never jumps"
    assert all(0 <= float(str(event.get("seconds", 0))) <= elapsed for event in events)
    times = [float(str(event["time"])) for event in events]
    assert max(abs(later - earlier) for earlier, later in pairwise(times)) > HOUR / 2
