"""A run whose nodes do not all run on this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio
import pytest
from support.executor_harness import ExecutorHarness, serving
from support.nearby_executor import FarSide, NearbyExecutor
from support.waiting import SECONDS

from dagtui.engine.messages import EndKind
from dagtui.engine.protocol import Handed
from dagtui.execution.requests import Requests
from dagtui.execution.routing_executor import RoutingExecutor
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import ShellCommand, Task
from dagtui.graph.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
SETTINGS = ExecutorSettings("cluster", ExecutorKind.DASK)


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarSide]:
    found = FarSide(tmp_path / "far")
    yield found
    found.end()


class MixedHarness(ExecutorHarness):
    """Nodes here and nodes that run elsewhere."""

    def __init__(self, folder: Path, far: FarSide, scripts: dict[str, str]) -> None:
        tasks = [
            Task(name, ShellCommand(script), grace=0.5, executor="cluster" if name.startswith("far") else "local")
            for name, script in scripts.items()
        ]
        super().__init__(folder, *tasks)
        graph, labels = self.graph, self.graph.labels
        requests = Requests(
            graph, SETTINGS, Resolver(graph, {}), {}, "run-1", lambda node, n: f"{labels[node]}.{n}", labels, str
        )
        self.cluster = NearbyExecutor(requests, folder / "notes", lambda *key: os.fspath(self.log_path(*key)))
        self.cluster.far = far
        executors = {"local": self.executor, "cluster": self.cluster}
        self.executor = RoutingExecutor(executors, lambda node: graph.task(node).executor)


async def test_each_node_runs_where_its_task_says(tmp_path: Path, far: FarSide) -> None:
    harness = MixedHarness(tmp_path, far, {"here": "echo $DAGTUI_NODE", "far": "echo $DAGTUI_NODE", "far2": "sleep 60"})
    harness.open()
    async with serving(harness):
        harness.start(0, 1, 2)
        for node in (0, 1):
            assert (await harness.ended(node)).value == 0
            await harness.printed(["here", "far"][node].encode(), node)
        await harness.begun(2)
        harness.stop(2, 0.1)
        assert (await harness.ended(2)).kind is EndKind.SIGNAL
    assert sorted(far.started) == ["far.1", "far2.1"]
    with anyio.fail_after(SECONDS):
        await harness.executor.close()


async def test_leaving_ends_what_runs_here_and_lets_the_rest_go_on(tmp_path: Path, far: FarSide) -> None:
    scripts = {"here": "sleep 60", "far": f"until test -e {tmp_path}/go; do sleep 0.02; done"}
    harness = MixedHarness(tmp_path, far, scripts)
    harness.open()
    async with serving(harness):
        harness.start(0, 1)
        await harness.begun(0)
        await harness.begun(1)
    with anyio.fail_after(SECONDS):
        await harness.executor.detach()
    assert harness.end_of(0)
    assert not harness.end_of(1)
    (tmp_path / "go").touch()
    after = MixedHarness(tmp_path, far, scripts)
    after.open()
    async with serving(after):
        assert after.executor.keeps_going
        after.executor.take_up([Handed(1, 1)])
        assert (await after.ended(1)).value == 0
    with anyio.fail_after(SECONDS):
        await after.executor.close()
    assert far.started == ["far.1"]
