from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import python, served

from dagtui.engine.messages import Ended, EndKind, Usage
from dagtui.engine.why import ended_why
from dagtui.execution.local.memory_kills import MemoryKills
from dagtui.execution.local.submitted import STARVED

if TYPE_CHECKING:
    from pathlib import Path

BURN = "import time\nwhile time.process_time() < 0.3: pass"
FILL = "x = bytearray(150 << 20)"


@pytest.mark.anyio
async def test_processors_and_memory_of_an_attempt_are_measured(tmp_path: Path) -> None:
    async with served(tmp_path, python(BURN), python(FILL)) as harness:
        harness.start_all()
        burnt, filled = [await harness.ended(node) for node in (0, 1)]
    assert burnt.usage is not None
    assert filled.usage is not None
    assert 0.3 <= burnt.usage.cpu < 10
    assert burnt.usage.memory < 150 << 20 < filled.usage.memory < 1 << 30


@pytest.mark.anyio
async def test_children_that_were_waited_for_count(tmp_path: Path) -> None:
    async with served(tmp_path, f'"{python(BURN).arguments[0]}" -I -S -c "{BURN}"; exit 3') as harness:
        harness.start(0)
        end = await harness.ended()
    assert end.usage is not None
    assert (end.value, end.usage.cpu >= 0.3) == (3, True)


@pytest.mark.anyio
async def test_memory_that_may_be_the_supervisors_is_not_told(tmp_path: Path) -> None:
    async with served(tmp_path, *["true"] * 3, "sleep 0.01; true") as harness:
        harness.start_all()
        ends = [await harness.ended(node) for node in range(4)]
    assert {end.usage.memory for end in ends if end.usage is not None} == {0}


@pytest.mark.anyio
async def test_bytes_that_are_written_to_disks_count(tmp_path: Path) -> None:
    code = "import os; fd = os.open('x', os.O_CREAT | os.O_WRONLY); os.write(fd, bytes(8 << 20)); os.fsync(fd)"
    async with served(tmp_path, python(code), "true") as harness:
        harness.start_all()
        written, idle = [await harness.ended(node) for node in (0, 1)]
    assert written.usage is not None
    assert idle.usage is not None
    assert idle.usage.written < written.usage.written  # a file system in memory counts nothing


@pytest.mark.anyio
async def test_a_kill_of_its_own_is_no_lack_of_memory(tmp_path: Path) -> None:
    async with served(tmp_path, "kill -9 $$", "exit 137") as harness:
        harness.start_all()
        assert [(await harness.ended(node)).text for node in (0, 1)] == ["", ""]


def test_a_node_that_was_killed_for_memory_says_so() -> None:
    usage = Usage(1.0, 7_800_000_000, 0, 0)
    end = Ended(0, 1, EndKind.SIGNAL, signal.SIGKILL, STARVED, usage=usage)
    assert ended_why(end) == "signal KILL (9): killed by the kernel, which ran out of memory (it had 7.8 GB)"
    shell = Ended(0, 1, EndKind.EXIT, 137, STARVED)
    assert ended_why(shell) == "exit 137: killed by the kernel, which ran out of memory"


def test_kills_of_the_own_group_count_and_those_before_do_not(tmp_path: Path) -> None:
    events = tmp_path / "groups/a/b/memory.events"
    events.parent.mkdir(parents=True)
    events.write_text("low 0\noom 2\noom_kill 2\noom_group_kill 9\n")
    (tmp_path / "own").write_text("1:name=systemd:/x\n0::/a/b\n")
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 70\n")
    kills = MemoryKills(str(tmp_path / "own"), str(tmp_path / "groups"), str(tmp_path / "machine"))
    (tmp_path / "machine").write_text("oom_kill 71\n")
    assert not kills.any_new()
    events.write_text("oom_kill 3\n")
    assert [kills.any_new(), kills.any_new()] == [True, False]


@pytest.mark.parametrize("own", ["4:memory:/x\n", "0::/gone\n", None])
def test_without_a_group_the_machine_counts(tmp_path: Path, own: str | None) -> None:
    if own is not None:
        (tmp_path / "own").write_text(own)
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 70\n")
    kills = MemoryKills(str(tmp_path / "own"), str(tmp_path), str(tmp_path / "machine"))
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 71\n")
    assert [kills.any_new(), kills.any_new()] == [True, False]


@pytest.mark.parametrize("content", [None, "", "oom_kill\n", "oom_kill many\n", "oom_killer 3\n"])
def test_a_system_that_does_not_count_gives_no_answer(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "machine").write_text(content)
    kills = MemoryKills(str(tmp_path / "own"), str(tmp_path), str(tmp_path / "machine"))
    assert not kills.any_new()
