"""The Python API: a caller's coroutine run for each node of a graph."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import pairwise

import anyio
import pytest

import dagtui
from dagtui.engine.status import Verdict
from dagtui.graph.model import RetryPolicy, Task, Trigger
from dagtui.graph.run_settings import RunSettings

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


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


async def test_a_back_off_ends_although_the_only_worker_always_has_work() -> None:
    others = [f"n{i}" for i in range(20)]
    tasks = [Task("flaky", retry=RetryPolicy(retries=1, delay=0.001)), *map(Task, [*others, "after"])]
    graph = dagtui.Graph(["flaky", *others, "after"], [(0, 21)], tasks=tasks)
    calls: list[str] = []

    async def work(label: str) -> None:
        calls.append(label)
        if calls == ["flaky"]:
            raise RuntimeError("not yet")
        await anyio.sleep(0.002)

    result = await dagtui.traverse(graph, work, jobs=1)
    assert result.verdict is Verdict.COMPLETED
    assert calls.index("flaky", 1) < len(others), "it comes before most less urgent nodes"


async def test_the_longest_path_starts_first_even_without_a_limit() -> None:
    graph = dagtui.Graph.from_edges("abxcyz", [("b", "x"), ("c", "y"), ("y", "z")])
    seen: list[str] = []

    async def work(label: str) -> None:
        seen.append(label)

    await dagtui.traverse(graph, work)
    assert seen[:3] == ["c", "b", "a"]


@pytest.mark.parametrize("jobs", [None, 1, 3])
async def test_with_keep_going_false_nothing_begins_after_the_first_failure(jobs: int | None) -> None:
    graph = dagtui.Graph([f"n{i}" for i in range(50)], [], settings=RunSettings(keep_going=False))
    seen: list[str] = []

    async def work(label: str) -> None:
        seen.append(label)
        raise ValueError("no luck")

    result = await dagtui.traverse(graph, work, jobs=jobs)
    assert len(seen) <= 2
    assert result.verdict is Verdict.FAILED
    assert list(result.statuses.values()).count(dagtui.NodeStatus.CANCELLED) == 50 - len(seen)


async def test_a_timeout_cancels_the_work_and_is_the_error() -> None:
    tasks = [Task("slow", timeout=0.001, retry=RetryPolicy(retries=1, delay=0.0)), Task("beside"), Task("after")]
    graph = dagtui.Graph(["slow", "beside", "after"], [(0, 2)], tasks=tasks)
    cancelled: list[str] = []
    timed_out = anyio.Event()

    async def work(label: str) -> None:
        if label != "slow":
            await timed_out.wait()
            return
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(label)
            if len(cancelled) == 2:
                timed_out.set()

    with anyio.fail_after(20):
        result = await dagtui.traverse(graph, work)
    assert cancelled == ["slow", "slow"]
    assert result.statuses["slow"] is dagtui.NodeStatus.FAILED
    assert result.statuses["beside"] is dagtui.NodeStatus.COMPLETED
    assert result.statuses["after"] is dagtui.NodeStatus.FAILED_PARENT
    assert repr(result.errors["slow"]) == "TimeoutError('timeout after 0.001 s')"


async def test_a_timeout_comes_although_nothing_else_happens() -> None:
    graph = dagtui.Graph(["slow"], [], tasks=[Task("slow", timeout=0.001)])

    async def work(_label: str) -> None:
        await anyio.sleep_forever()

    with anyio.fail_after(20):
        assert (await dagtui.traverse(graph, work)).verdict is Verdict.FAILED


async def test_work_that_ends_though_it_was_cancelled_has_timed_out() -> None:
    graph = dagtui.Graph(["deaf"], [], tasks=[Task("deaf", timeout=0.001)])

    async def work(_label: str) -> None:
        with contextlib.suppress(anyio.get_cancelled_exc_class()):
            await anyio.sleep_forever()

    result = await dagtui.traverse(graph, work)
    assert result.statuses["deaf"] is dagtui.NodeStatus.FAILED
    assert isinstance(result.errors["deaf"], TimeoutError)


async def test_the_time_of_the_whole_traversal_runs_out() -> None:
    graph = dagtui.Graph(["quick", "slow", "after"], [(1, 2)], settings=RunSettings(timeout=0.05))

    async def work(label: str) -> None:
        if label != "quick":
            await anyio.sleep_forever()

    result = await dagtui.traverse(graph, work)
    assert result.verdict is Verdict.FAILED
    words = {label: status.word for label, status in result.statuses.items()}
    assert words == {"quick": "done", "slow": "cancelled", "after": "cancelled"}


async def test_work_that_ends_within_its_timeout_is_well() -> None:
    graph = dagtui.Graph(["a", "b"], [(0, 1)], tasks=[Task("a", timeout=1000.0), Task("b", timeout=1000.0)])

    async def work(_label: str) -> None:
        await anyio.lowlevel.checkpoint()

    result = await dagtui.traverse(graph, work)
    assert (result.verdict, result.errors) == (Verdict.COMPLETED, {})


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("itself", [False, True])
async def test_work_that_something_else_cancelled_has_failed_and_aborts_nothing(itself: bool) -> None:
    graph = dagtui.Graph.from_edges(["a", "b", "x"], [("a", "b")])
    finished: list[str] = []

    async def work(label: str) -> None:
        if label != "a":
            await anyio.sleep(0.01)
            finished.append(label)
            return
        other = asyncio.current_task() if itself else asyncio.ensure_future(asyncio.sleep(1000))
        assert other is not None
        other.cancel()
        await (asyncio.sleep(1000) if itself else other)

    with anyio.fail_after(20):
        result = await dagtui.traverse(graph, work)
    assert finished == ["x"]
    assert result.statuses["a"] is dagtui.NodeStatus.FAILED
    assert result.statuses["b"] is dagtui.NodeStatus.FAILED_PARENT
    assert isinstance(result.errors["a"], asyncio.CancelledError)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelling_the_callers_task_cancels_the_work() -> None:
    began, cancelled = anyio.Event(), []

    async def work(label: str) -> None:
        began.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(label)

    caller = asyncio.create_task(dagtui.traverse(DIAMOND, work))
    await began.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert cancelled == ["a"]


async def test_a_base_exception_ends_the_traversal_and_cancels_the_rest() -> None:
    class Stop(BaseException):
        pass

    graph = dagtui.Graph.from_edges("ab", [])
    waiting = anyio.Event()
    cancelled: list[str] = []

    async def work(label: str) -> None:
        if label == "a":
            await waiting.wait()
            raise Stop
        waiting.set()
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(label)

    with pytest.raises(BaseExceptionGroup) as caught:
        await dagtui.traverse(graph, work)
    assert caught.value.subgroup(Stop) is not None
    assert cancelled == ["b"]


async def test_work_may_traverse_a_graph_itself() -> None:
    inner: list[str] = []

    async def work(_label: str) -> None:
        async def inside(label: str) -> None:
            await anyio.lowlevel.checkpoint()
            inner.append(label)

        assert (await dagtui.traverse(DIAMOND, inside, jobs=1)).verdict is Verdict.COMPLETED

    assert (await dagtui.traverse(DIAMOND, work)).verdict is Verdict.COMPLETED
    assert sorted(inner) == sorted("abcd" * 4)


@pytest.mark.parametrize("jobs", [0, -1])
async def test_less_than_one_job_is_refused(jobs: int) -> None:
    async def work(_label: str) -> None:
        raise AssertionError("nothing may start")

    with pytest.raises(ValueError, match="jobs must be 1 at least"):
        await dagtui.traverse(DIAMOND, work, jobs=jobs)


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


async def test_work_that_was_done_while_the_event_loop_stood_still_has_not_timed_out() -> None:
    tasks = [Task("done", timeout=1.0), Task("slow", timeout=1.0), Task("blocks")]
    graph = dagtui.Graph(["done", "slow", "blocks"], [], tasks=tasks)
    waiting = anyio.Event()

    async def work(label: str) -> None:
        if label == "blocks":
            await waiting.wait()
            await anyio.lowlevel.checkpoint()
            time.sleep(1.7)  # noqa: ASYNC251 - the event loop stalls for longer than the others may take
        elif label == "slow":
            await anyio.sleep_forever()
        else:
            waiting.set()
            await anyio.to_thread.run_sync(time.sleep, 0.05)  # it is done long before the event loop notices
            for _ in range(10):
                await anyio.lowlevel.checkpoint()

    result = await dagtui.traverse(graph, work)
    statuses = {label: status.name for label, status in result.statuses.items()}
    assert statuses == {"done": "COMPLETED", "slow": "FAILED", "blocks": "COMPLETED"}
    assert isinstance(result.errors["slow"], TimeoutError)
