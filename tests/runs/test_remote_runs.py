"""Runs whose nodes do not all run on this machine, over the simplest executor on other machines."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest
from support.nearby_executor import FarSide, NearbyExecutor
from support.waiting import SECONDS, until

from dagtui.engine.status import Verdict
from dagtui.graph.executors import ExecutorKind
from dagtui.graph.loading import load
from dagtui.runs import executors
from dagtui.runs.beginning import start_run
from dagtui.runs.launch import LaunchOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from dagtui.runs.live import LiveRun

pytestmark = pytest.mark.anyio
CLUSTER = """
version = 1
[executors.cluster]
kind = "dask"
address = "tcp://nowhere:1"
[defaults]
executor = "cluster"
"""


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarSide]:
    """Take the place of a Dask cluster."""
    monkeypatch.setitem(executors._CLASSES, ExecutorKind.DASK, ("support.nearby_executor", "NearbyExecutor"))
    found = FarSide(tmp_path / "far")
    monkeypatch.setattr(NearbyExecutor, "far", found, raising=False)
    yield found
    found.end()


def write(folder: Path, text: str) -> Path:
    path = folder / "graph.toml"
    path.write_text(CLUSTER + text, encoding="utf-8")
    return path


@asynccontextmanager
async def driven(live: LiveRun) -> AsyncIterator[LiveRun]:
    """Drive a run within the block. What happens to it afterwards is up to the caller."""
    async with anyio.create_task_group() as group:
        group.start_soon(live.drive)
        yield live
        group.cancel_scope.cancel()


async def settled(live: LiveRun) -> None:
    with anyio.fail_after(SECONDS):
        await live.drive_until_settled()


def log(live: LiveRun, label: str, attempt: int = 1) -> str:
    path = live.log_path(live.graph.node(label), attempt)
    return path.read_text() if path.exists() else ""


MIXED = """
[tasks.prepare]
executor = "local"
run = "echo rows=3 > $DAGTUI_OUTPUT; echo $DAGTUI_RUN_DIR"
[tasks.work]
needs = ["prepare"]
matrix = { n = [1, 2, 3] }
run = "echo {{ needs.prepare.outputs.rows }} of $DAGTUI_NODE"
[tasks.sum]
needs = ["work"]
run = "echo sum=6 > $DAGTUI_OUTPUT"
[tasks.both]
needs = ["sum"]
[tasks.report]
executor = "local"
needs = ["both", "sum"]
run = "echo got {{ needs.sum.outputs.sum }}"
"""


async def test_a_mixed_run_runs_each_node_where_it_belongs(tmp_path: Path, far: FarSide) -> None:
    live = start_run(load(write(tmp_path, MIXED)), LaunchOptions())
    await settled(live)
    assert live.state.verdict() is Verdict.COMPLETED
    await live.close()
    await until(lambda: log(live, "report") == "got 6\n")
    assert log(live, "work[n=2]") == "3 of work[n=2]\n"
    assert len(far.started) == len(set(far.started)) == 4
    assert not any(key.startswith(("prepare", "both", "report")) for key in far.started)
    assert (live.path / "executors" / "cluster").is_dir()
