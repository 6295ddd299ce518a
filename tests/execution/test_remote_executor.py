"""What executors on other machines have in common on this side, with the simplest of them."""

from __future__ import annotations

import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from support.nearby_executor import FarSide, NearbyExecutor
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, EndKind, Heard, Queued, Remark, Silent, Started, Usage, Withdrawn
from dagtui.engine.protocol import Handed
from dagtui.execution.remote.gone import GoneAttempt, gone_attempts, note_gone
from dagtui.execution.requests import Requests
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.graph.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from dagtui.engine.messages import Result

pytestmark = pytest.mark.anyio
SETTINGS = ExecutorSettings("cluster", ExecutorKind.DASK)


class Bench:
    """An executor over its far side, and what it has delivered."""

    def __init__(self, folder: Path, far: FarSide, *scripts: str | Task) -> None:
        tasks = [
            script if isinstance(script, Task) else Task(f"node{number}", ShellCommand(script), grace=0.2)
            for number, script in enumerate(scripts)
        ]
        self.folder = folder
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        self.executor = NearbyExecutor(self.requests(self.graph), folder / "notes", self.log_file)
        self.executor.far = far
        self.results: list[Result] = []
        self.executor.open(self.results.append, 1)

    def requests(self, graph: Graph) -> Requests:
        labels = graph.labels
        return Requests(
            graph, SETTINGS, Resolver(graph, {}), {}, "run-1", lambda node, n: f"{labels[node]}.{n}", labels, str
        )

    def log_file(self, node: int, attempt: int) -> str:
        return str(self.folder / "logs" / f"{node}.{attempt}.log")

    def log(self, node: int = 0, attempt: int = 1, beside: str = "") -> bytes:
        path = Path(self.log_file(node, attempt) + beside)
        return path.read_bytes() if path.exists() else b""

    def start(self, *nodes: int, attempt: int = 1) -> None:
        for node in nodes:
            self.executor.start(node, attempt, 1)
        self.executor.flush()

    def of(self, kind: type[Result]) -> list[Result]:
        return [result for result in self.results if isinstance(result, kind)]

    async def got(self, kind: type[Result], number: int = 1) -> Result:
        await until(lambda: len(self.of(kind)) >= number)
        return self.of(kind)[-1]


@asynccontextmanager
async def served(bench: Bench) -> AsyncIterator[Bench]:
    async with anyio.create_task_group() as group:
        group.start_soon(bench.executor.serve)
        yield bench
        group.cancel_scope.cancel()


@pytest.fixture
def far(tmp_path: Path) -> Iterator[FarSide]:
    found = FarSide(tmp_path / "far")
    yield found
    found.end()


async def test_an_attempt_begins_prints_hands_on_and_ends(tmp_path: Path, far: FarSide) -> None:
    script = 'echo "$DAGTUI_NODE of $DAGTUI_RUN_ID"; echo rows=3 > "$DAGTUI_OUTPUT"; echo more; sleep 0.2; echo end'
    async with served(Bench(tmp_path, far, script)) as bench:
        bench.start(0)
        end = await bench.got(Ended)
        assert bench.log() == b"node0 of run-1\nmore\nend\n"
    started, again = bench.results
    assert again is end
    assert isinstance(started, Started)
    assert (started.where, 0 <= started.ago < SECONDS) == ("n1", True)
    assert (end.kind, end.value, end.outputs, end.usage) == (EndKind.EXIT, 0, {"rows": "3"}, Usage(0.1, 1000, 0, 0))
    assert bench.executor.released == []
    bench.executor.acknowledge()
    assert bench.executor.released == ["node0.1"]
    times = bench.log(0, 1, ".times")
    assert len(times) % 16 == 0
    assert len(times) >= 32


@pytest.mark.parametrize(
    ("task", "kind", "value", "text"),
    [
        (Task("a", ShellCommand("exit 7")), EndKind.EXIT, 7, ""),
        (Task("a", ShellCommand("kill -USR1 $$")), EndKind.SIGNAL, signal.SIGUSR1, ""),
        (Task("a", ShellCommand("sleep 60"), timeout=0.1), EndKind.TIMEOUT, 9, ""),
        (Task("a", ShellCommand("true"), cwd="absent"), EndKind.COULD_NOT_START, 0, "working directory"),
        (Task("a", ShellCommand("{{ env.NOTHING }}")), EndKind.COULD_NOT_START, 0, "NOTHING"),
        (Task("a", ShellCommand("true"), shell=("no-such-shell", "-c")), EndKind.COULD_NOT_START, 0, "PATH there"),
    ],
)
async def test_ends_of_all_kinds(
    tmp_path: Path, far: FarSide, task: Task, kind: EndKind, value: int, text: str
) -> None:
    async with served(Bench(tmp_path, far, task)) as bench:
        bench.start(0)
        end = await bench.got(Ended)
    assert (end.kind, end.value) == (kind, value)
    assert text in end.text
    assert len(bench.of(Started)) == (kind is not EndKind.COULD_NOT_START)


async def test_what_waits_is_queued_and_withdrawn_and_what_runs_is_stopped(tmp_path: Path, far: FarSide) -> None:
    async with served(Bench(tmp_path, far, "sleep 60", "sleep 60", "sleep 60")) as bench:
        bench.start(0)
        await bench.got(Started)
        far.holds = True
        bench.start(1)
        assert (await bench.got(Queued)).why == "Resources"
        bench.executor.start(2, 1, 1)
        bench.executor.stop(2, 1, 0.1)  # before it is handed over
        bench.executor.withdraw(0, 1)  # it has begun, so it goes on
        bench.executor.withdraw(1, 1)
        await bench.got(Withdrawn, 2)
        assert not bench.of(Ended)
        bench.executor.stop(0, 1, 0.1)
        end = await bench.got(Ended)
    assert (end.node, end.kind) == (0, EndKind.SIGNAL)
    assert far.started == ["node0.1"]


async def test_what_goes_on_without_us_is_taken_up_and_runs_once(tmp_path: Path, far: FarSide) -> None:
    scripts = (f"echo 12345678; while ! test -e {tmp_path}/go; do sleep 0.02; done; echo done", "echo short", "true")
    async with served(Bench(tmp_path, far, *scripts)) as bench:
        bench.start(0, 1)
        await until(lambda: bench.log() == b"12345678\n" and "node1.1" in far.records)
        await bench.executor.detach()
    assert far.processes["node0.1"].returncode is None
    (tmp_path / "go").touch()
    async with served(Bench(tmp_path, far, *scripts)) as bench:
        bench.executor.take_up([Handed(0, 1), Handed(1, 1), Handed(2, 1)])
        await bench.got(Ended, 3)
    assert {result.node: (result.kind, result.value) for result in bench.of(Ended)} == dict.fromkeys(
        range(3), (EndKind.EXIT, 0)
    )
    assert len(bench.of(Started)) == 3
    assert bench.log() == b"12345678\ndone\n"
    assert sorted(far.started) == ["node0.1", "node1.1", "node2.1"]


async def test_what_is_taken_up_to_be_stopped_or_is_gone_ends(tmp_path: Path, far: FarSide) -> None:
    scripts = ("sleep 60", "sleep 60", "sleep 60")
    async with served(Bench(tmp_path, far, *scripts)) as bench:
        bench.start(0, 1)
        await bench.got(Started, 2)
        await bench.executor.detach()
    note_gone(tmp_path / "notes", [GoneAttempt("node1", "node1.1", 0.1)])
    async with served(Bench(tmp_path, far, "sleep 60", "x", "{{ env.NOTHING }}")) as bench:
        bench.executor.take_up([Handed(0, 1, 0.1), Handed(2, 1)])
        await bench.got(Ended, 2)
        remark = await bench.got(Remark)
        assert gone_attempts(tmp_path / "notes")
        bench.executor.acknowledge()
        assert not gone_attempts(tmp_path / "notes")
    assert remark == Remark(-1, 0, "node1: its attempt is over")
    kinds = {result.node: result.kind for result in bench.of(Ended)}
    assert kinds == {0: EndKind.SIGNAL, 2: EndKind.COULD_NOT_START}
    assert not any(process.returncode is None for process in far.processes.values())


async def test_silence_is_told_once_and_leaving_does_not_wait_for_ever(
    tmp_path: Path, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagtui.execution.remote.executor._BOUND", 0.1)
    bench = Bench(tmp_path, far, "sleep 60")
    async with served(bench):
        bench.start(0)
        await bench.got(Started)
        far.reachable = False
        await bench.got(Silent)
        await anyio.sleep(0.05)
        far.reachable = True
        await bench.got(Heard)
        far.reachable = False
        await bench.got(Silent, 2)
    await bench.executor.close()
    assert len(bench.of(Silent)) == 2
    assert bench.results[-1] == Remark(-1, 0, "1 node: cluster does not answer; the stop is noted")
    assert not bench.of(Ended)


async def test_close_ends_everything(tmp_path: Path, far: FarSide) -> None:
    bench = Bench(tmp_path, far, "sleep 60", "sleep 60")
    async with served(bench):
        bench.start(0)
        await bench.got(Started)
    bench.start(1)
    await bench.executor.close()
    assert {result.node for result in bench.of(Ended) + bench.of(Withdrawn)} == {0, 1}
    bench.executor.start(0, 2, 1)
    assert not bench.executor.attempts


async def test_close_takes_back_what_waits_before_it_stops_what_runs(
    tmp_path: Path, far: FarSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would begin in a slot that becomes free."""
    async with served(Bench(tmp_path, far, "sleep 60", "sleep 60")) as bench:
        bench.start(0)
        await bench.got(Started)
        far.holds = True
        bench.start(1)
        await bench.got(Queued)
        stopped, stop = [], bench.executor._stop
        monkeypatch.setattr(bench.executor, "_stop", lambda attempt: (stopped.append(attempt.node), stop(attempt)))
        await bench.executor.close()
    assert stopped == [1, 0]


async def test_a_reload_gives_open_attempts_the_numbers_of_another_graph(tmp_path: Path, far: FarSide) -> None:
    async with served(Bench(tmp_path, far, f"until test -e {tmp_path}/go; do sleep 0.02; done", "sleep 60")) as bench:
        bench.start(0, 1)
        await bench.got(Started, 2)
        graph = Graph(["new", "node0"], [])
        bench.executor.reload(bench.requests(graph), bench.log_file, [1, -1])
        bench.executor.stop(1, 2, 0.1)  # never submitted
        (tmp_path / "go").touch()
        end = await bench.got(Ended)
        far.stop("node1.1")
        assert await bench.got(Remark) == Remark(-1, 0, "node1: its attempt is over")
    assert (end.node, end.value) == (1, 0)


async def test_a_log_that_can_not_be_written_is_fetched_again(tmp_path: Path, far: FarSide) -> None:
    (tmp_path / "logs").write_text("in the way")
    async with served(Bench(tmp_path, far, "echo hello")) as bench:
        bench.start(0)
        await until(lambda: "node0.1" in bench.executor._troubled)
        assert not bench.of(Ended)
        os.unlink(tmp_path / "logs")
        await bench.got(Ended)
        assert bench.log() == b"hello\n"
