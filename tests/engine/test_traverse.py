"""The Python door: a caller's own coroutine over a graph."""

from __future__ import annotations

from itertools import pairwise

import anyio
import pytest

import dagtui
from dagtui.engine.status import Verdict
from dagtui.graph.model import RetryPolicy, Task, Trigger

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


DIAMOND = dagtui.Graph.from_edges("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])


async def test_parents_run_before_children() -> None:
    seen: list[str] = []

    async def work(label: str) -> None:
        await anyio.lowlevel.checkpoint()
        seen.append(label)

    result = await dagtui.traverse(DIAMOND, work)
    assert result.verdict is Verdict.COMPLETED
    assert seen[0] == "a"
    assert seen[-1] == "d"
    assert sorted(seen) == list("abcd")


async def test_a_failure_holds_back_its_descendants_only() -> None:
    graph = dagtui.Graph.from_edges("abcxy", [("a", "b"), ("b", "c"), ("x", "y")])
    seen: list[str] = []

    async def work(label: str) -> None:
        seen.append(label)
        if label == "a":
            raise ValueError("no luck")

    result = await dagtui.traverse(graph, work)
    assert result.verdict is Verdict.FAILED
    assert sorted(seen) == ["a", "x", "y"]
    assert result.statuses["b"] is dagtui.NodeStatus.FAILED_PARENT
    assert result.statuses["y"] is dagtui.NodeStatus.COMPLETED
    assert str(result.errors["a"]) == "no luck"


async def test_at_most_jobs_run_at_a_time() -> None:
    graph = dagtui.Graph.from_edges([f"n{i}" for i in range(50)], [])
    running = most = 0

    async def work(_label: str) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(3):
            await anyio.lowlevel.checkpoint()
        running -= 1

    await dagtui.traverse(graph, work, jobs=4)
    assert most == 4


async def test_without_a_limit_all_ready_nodes_run_together() -> None:
    graph = dagtui.Graph.from_edges([f"n{i}" for i in range(200)], [])
    running = 0
    all_there = anyio.Event()

    async def work(_label: str) -> None:
        nonlocal running
        running += 1
        if running == 200:
            all_there.set()
        await all_there.wait()

    with anyio.fail_after(20):
        result = await dagtui.traverse(graph, work)
    assert result.verdict is Verdict.COMPLETED


async def test_cancelling_the_caller_cancels_the_work() -> None:
    began, cancelled = anyio.Event(), []

    async def work(label: str) -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.append(label)
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(dagtui.traverse, DIAMOND, work)
        await began.wait()
        group.cancel_scope.cancel()
    assert cancelled == ["a"]


async def test_work_that_never_waits_can_be_cancelled() -> None:
    graph = dagtui.Graph.from_edges([f"n{i}" for i in range(5000)], [])
    seen = 0

    async def work(_label: str) -> None:
        nonlocal seen
        seen += 1
        if seen == 10:
            scope.cancel()

    with anyio.CancelScope() as scope:
        await dagtui.traverse(graph, work, jobs=1)
    assert scope.cancelled_caught
    assert seen < 5000


async def test_retries_and_triggers_of_tasks_count() -> None:
    tasks = [Task("flaky", retry=RetryPolicy(retries=2, delay=0.01)), Task("last", trigger=Trigger.ALL_DONE)]
    graph = dagtui.Graph(["flaky", "last"], [(0, 1)], tasks=tasks)
    calls: list[str] = []

    async def work(label: str) -> None:
        calls.append(label)
        if len(calls) < 3:
            raise RuntimeError("not yet")

    result = await dagtui.traverse(graph, work)
    assert calls == ["flaky", "flaky", "flaky", "last"]
    assert result.verdict is Verdict.COMPLETED
    assert result.errors == {}


async def test_an_empty_graph_is_completed() -> None:
    async def work(_label: str) -> None:
        raise AssertionError("there is nothing to do")

    assert (await dagtui.traverse(dagtui.Graph.from_edges([], []), work)).verdict is Verdict.COMPLETED


async def test_a_long_chain_needs_no_stack() -> None:
    count = 20_000
    labels = [str(i) for i in range(count)]
    graph = dagtui.Graph.from_edges(labels, pairwise(labels))
    seen = 0

    async def work(_label: str) -> None:
        nonlocal seen
        seen += 1

    await dagtui.traverse(graph, work)
    assert seen == count
