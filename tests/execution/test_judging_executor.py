"""Attempts of nodes with files: judged before they start, looked at after they succeed."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import pytest
from support.executor_harness import ExecutorHarness, kept_open, serving
from support.judged import judged
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Started, Withdrawn
from dagtui.execution.files import digests
from dagtui.graph.model import ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio
LARGE = 1 << 20
"""Bytes that are not read in passing."""


@asynccontextmanager
async def run(folder: Path, *tasks: Task, number: int = 1, forced: str = "") -> AsyncIterator[ExecutorHarness]:
    """Serve an executor that judges, as in a run of that number."""
    harness = ExecutorHarness(folder, *tasks)
    local = harness.executor
    harness.executor = judged(harness, number, forced)
    harness.local = local
    async with serving(harness), kept_open(harness):
        yield harness


def task(script: str, *, inputs: tuple[str, ...] = ("in",), outputs: tuple[str, ...] = ("out",)) -> Task:
    return Task("x", ShellCommand(script), inputs=inputs, outputs=outputs)


async def end_of(folder: Path, made: Task, number: int, attempt: int = 1, forced: str = "") -> tuple[str, Ended]:
    """Return why an attempt ran, and its end."""
    async with run(folder, made, number=number, forced=forced) as harness:
        harness.start(0, attempt=attempt)
        end = await harness.ended(0, attempt)
    started = [result.why for result in harness.of(0, attempt) if isinstance(result, Started)]
    return "".join(started), end


@pytest.fixture(autouse=True)
def _inputs(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("1")


async def test_what_did_not_change_is_not_executed(tmp_path: Path):
    made = task("cat in > out; echo x >> executed")
    assert (await end_of(tmp_path, made, 1))[0] == "runs: no earlier success is known"
    why, end = await end_of(tmp_path, made, 2)
    assert (why, end.kind) == ("", EndKind.UP_TO_DATE)
    assert end.text == "up to date: 1 input, 1 output unchanged since run 1"
    assert (tmp_path / "executed").read_text() == "x\n"
    (tmp_path / "in").write_text("2")
    assert (await end_of(tmp_path, made, 3))[0] == "runs: in changed"
    assert (await end_of(tmp_path, made, 4, forced="--force"))[0] == "runs: --force"


async def test_a_success_without_its_outputs_is_a_failure(tmp_path: Path):
    made = task("touch one", outputs=("one", "two", "sub/*.txt"))
    _, end = await end_of(tmp_path, made, 1)
    assert (end.kind, end.value) == (EndKind.NO_OUTPUT, 0)
    assert end.text == "exit 0, but output two is missing; sub/*.txt matches no file"
    why, end = await end_of(tmp_path, made, 1, attempt=2)
    assert why.startswith("runs: outputs may be incomplete: attempt 1 of run 1 did not write all outputs")


async def test_a_node_with_outputs_only_always_runs_and_must_write_them(tmp_path: Path):
    made = task("echo x >> executed; cp executed out", inputs=())
    for number in (1, 2):
        why, end = await end_of(tmp_path, made, number)
        assert (why, end.kind, end.value) == ("", EndKind.EXIT, 0)
    _, end = await end_of(tmp_path, task("true", inputs=(), outputs=("absent",)), 3)
    assert (end.kind, end.text) == (EndKind.NO_OUTPUT, "exit 0, but output absent is missing")


async def test_outputs_of_a_failed_attempt_are_not_taken_for_good(tmp_path: Path):
    made = task("cat in > out")
    await end_of(tmp_path, made, 1)
    failing = task("cat in > out; exit 3")
    _, end = await end_of(tmp_path, failing, 2)
    assert end.value == 3
    why, _ = await end_of(tmp_path, made, 3)
    assert why == "runs: outputs may be incomplete: attempt 1 of run 2 failed"


async def test_what_could_not_start_leaves_outputs_as_they_were(tmp_path: Path):
    made = task("cat in > out")
    await end_of(tmp_path, made, 1)
    _, end = await end_of(tmp_path, Task("x", made.action, cwd="absent", inputs=("../in",), outputs=("../out",)), 2)
    assert end.kind is EndKind.COULD_NOT_START
    assert (await end_of(tmp_path, made, 3))[1].kind is EndKind.UP_TO_DATE


async def test_a_missing_input_is_why_a_node_can_not_start(tmp_path: Path):
    _, end = await end_of(tmp_path, task("true", inputs=("in", "absent", "p.toml#a")), 1)
    assert (end.kind, end.text) == (EndKind.COULD_NOT_START, "input absent, p.toml#a are missing")


async def test_an_attempt_is_withdrawn_while_a_large_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reads = blocked_reads(monkeypatch)
    (tmp_path / "in").write_bytes(b"x" * LARGE)
    async with run(tmp_path, task("echo x > executed")) as harness:
        harness.start(0)
        await until(reads.began.is_set)
        harness.stop(0, 5.0)
        await harness.withdrawn(0)
        reads.go_on.set()
        harness.start(0, attempt=1)
        await harness.ended(0)
    assert [type(result) for result in harness.of(0)] == [Withdrawn, Started, Ended]


async def test_a_stop_while_outputs_are_read_is_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = task(f"head -c {LARGE} /dev/zero > out")
    async with run(tmp_path, made) as harness:
        reads = blocked_reads(monkeypatch)
        harness.start(0)
        await until(reads.began.is_set)
        assert harness.end_of(0) is None
        harness.stop(0, 5.0)
        assert harness.end_of(0)[2:4] == (EndKind.EXIT, 0)
        reads.go_on.set()
    why, _ = await end_of(tmp_path, made, 2)
    assert why == "runs: outputs may be incomplete: attempt 1 of run 1 was interrupted"


async def test_the_slot_is_free_while_outputs_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made = task(f"head -c {LARGE} /dev/zero > out")
    async with run(tmp_path, made, Task("y", ShellCommand("true"))) as harness:
        harness.executor.set_slots(1)
        reads = blocked_reads(monkeypatch)
        harness.start(0)
        await until(reads.began.is_set)
        harness.start(1)
        await harness.ended(1)
        assert harness.end_of(0) is None
        assert harness.executor.reading() == {0}
        reads.go_on.set()
        assert (await harness.ended(0)).value == 0
        assert not harness.executor.reading()


async def test_serving_can_pause_while_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reads = blocked_reads(monkeypatch)
    (tmp_path / "in").write_bytes(b"x" * LARGE)
    harness = ExecutorHarness(tmp_path, task("echo x > out"))
    harness.executor = judged(harness)
    async with kept_open(harness):
        async with serving(harness):
            harness.start(0)
            await until(reads.began.is_set)
        reads.go_on.set()
        assert harness.results == []
        async with serving(harness):
            assert (await harness.ended(0)).value == 0


async def test_closing_does_not_wait_for_files_that_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reads = blocked_reads(monkeypatch)
    (tmp_path / "in").write_bytes(b"x" * LARGE)
    async with run(tmp_path, task("true", outputs=())) as harness:
        harness.start(0)
        await until(reads.began.is_set)
    assert harness.of(0) == [Withdrawn(0, 1)]
    reads.go_on.set()


async def test_a_large_file_holds_up_no_other_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reads = blocked_reads(monkeypatch)
    (tmp_path / "large").write_bytes(b"x" * LARGE)
    slow = Task("slow", ShellCommand("true"), inputs=("large",))
    quick = [Task(f"quick {number}", ShellCommand("true"), inputs=("in",)) for number in range(20)]
    async with run(tmp_path, slow, *quick) as harness:
        harness.start_all()
        for number in range(1, 21):
            await harness.ended(number)
        assert not harness.has_begun(0)
        reads.go_on.set()
        await harness.ended(0)


async def test_values_are_handed_on_by_a_node_that_is_up_to_date(tmp_path: Path):
    made = task("cat in > out; echo count=3 > $DAGTUI_OUTPUT")
    assert (await end_of(tmp_path, made, 1))[1].outputs == {"count": "3"}
    assert (await end_of(tmp_path, made, 2))[1].outputs == {"count": "3"}


class BlockedReads:
    """Lets no large file be read to its end before the test says so."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()


def blocked_reads(monkeypatch: pytest.MonkeyPatch) -> BlockedReads:
    reads = BlockedReads()
    read = digests._digest_of

    def blocked(descriptor: int, size: int, is_stopped: object) -> str:
        if size >= LARGE:
            reads.began.set()
            while not reads.go_on.wait(0.01):
                if is_stopped():
                    break
        return read(descriptor, size, is_stopped)

    monkeypatch.setattr(digests, "_digest_of", blocked)
    return reads


async def test_wide_fan_outs_take_few_threads(tmp_path: Path):
    nodes = [Task(f"{number}", ShellCommand("true"), inputs=("in",)) for number in range(300)]
    async with run(tmp_path, *nodes) as harness:
        harness.start_all()
        await until(lambda: sum(isinstance(result, Ended) for result in harness.results) == len(nodes), 60)
    async with run(tmp_path, *nodes, number=2) as harness:
        harness.start_all()
        most = 0
        while len(harness.results) < len(nodes):
            most = max(most, threading.active_count())
            await anyio.lowlevel.checkpoint()
    assert {result.kind for result in harness.results} == {EndKind.UP_TO_DATE}
    assert most < 20
