from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import python, served

from dagtui.engine.messages import Ended, EndKind
from dagtui.engine.why import ended_why
from dagtui.execution.local.memory_kills import MemoryKills
from dagtui.execution.local.submitted import starved_words

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
    end = Ended(0, 1, EndKind.SIGNAL, signal.SIGKILL, starved_words(7_800_000_000))
    assert ended_why(end) == "signal KILL (9): killed by the kernel at 7.8 GB, because memory ran out"
    shell = Ended(0, 1, EndKind.EXIT, 137, starved_words(0))
    assert ended_why(shell) == "exit 137: killed by the kernel, because memory ran out"


def test_kills_of_the_own_group_count_and_those_before_do_not(tmp_path: Path) -> None:
    events = tmp_path / "groups/a/b/memory.events"
    events.parent.mkdir(parents=True)
    events.write_text("low 0\noom 2\noom_kill 2\noom_group_kill 9\n")
    (tmp_path / "own").write_text("1:name=systemd:/x\n0::/a/b\n")
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 70\n")
    kills = counted(tmp_path, "groups")
    (tmp_path / "machine").write_text("oom_kill 71\n")
    assert kills.killed_at(1) is None
    events.write_text("oom_kill 3\n")
    assert [kills.killed_at(1), kills.killed_at(2)] == [0, None]


def counted(folder: Path, groups: str = ".") -> MemoryKills:
    return MemoryKills(*(str(folder / name) for name in ("own", groups, "machine", "log")))


def test_each_of_several_that_were_killed_together_says_so(tmp_path: Path) -> None:
    (tmp_path / "machine").write_text("oom_kill 70\n")
    kills = counted(tmp_path)
    (tmp_path / "machine").write_text("oom_kill 72\n")
    assert [kills.killed_at(leader) for leader in (1, 2, 3)] == [0, 0, None]


def test_kills_of_others_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "machine").write_text("oom_kill 70\n")
    kills = counted(tmp_path)
    (tmp_path / "machine").write_text("oom_kill 79\n")
    assert kills.killed_at(1) == 0
    later = time.monotonic() + 60.0
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert kills.killed_at(2) is None
    (tmp_path / "machine").write_text("oom_kill 80\n")
    assert kills.killed_at(3) == 0


LOG = """6,1,1,-;oom-kill:constraint=CONSTRAINT_NONE,task=python3,pid=12,uid=0
3,2,1,-;Out of memory: Killed process 12 (a) total-vm:9kB, anon-rss:1kB, file-rss:1kB, shmem-rss:0kB, UID:0 pgtables:2kB
3,3,1,-;Memory cgroup out of memory: Killed process 13 (x: Killed process 12) total-vm:9kB, anon-rss:8kB, file-rss:0kB
3,4,1,-;Out of memory: Killed process 12 (py) total-vm:9kB, anon-rss:7000000kB, file-rss:16kB, shmem-rss:4kB, UID:0
"""


def test_the_log_of_the_kernel_tells_how_much_a_leader_had(tmp_path: Path) -> None:
    (tmp_path / "machine").write_text("oom_kill 70\n")
    (tmp_path / "log").write_text(LOG)
    kills = counted(tmp_path)
    (tmp_path / "machine").write_text("oom_kill 73\n")
    assert [kills.killed_at(leader) for leader in (12, 13, 14)] == [7_000_020 << 10, 8 << 10, 0]


@pytest.mark.parametrize("own", ["4:memory:/x\n", "0::/gone\n", None])
def test_without_a_group_the_machine_counts(tmp_path: Path, own: str | None) -> None:
    if own is not None:
        (tmp_path / "own").write_text(own)
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 70\n")
    kills = counted(tmp_path)
    (tmp_path / "machine").write_text("nr_pages 3\noom_kill 71\n")
    assert [kills.killed_at(1), kills.killed_at(1)] == [0, None]


@pytest.mark.parametrize("content", [None, "", "oom_kill\n", "oom_kill many\n", "oom_killer 3\n"])
def test_a_system_that_does_not_count_gives_no_answer(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "machine").write_text(content)
    assert counted(tmp_path).killed_at(1) is None
