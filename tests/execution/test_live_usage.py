"""What attempts in flight use now: the whole tree of their processes, and nothing of others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import IDLE, ExecutorHarness, python, served
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.engine.messages import Usage

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")]

FILLED = f"x = bytearray(60 << 20)\nopen('filled', 'w')\n{IDLE}"
INTERPRETER = f"'{sys.executable}' -I -S -c"
ESCAPED = "import os\nos.fork() and os._exit(0)\nos.setsid()\nos.fork() and os._exit(0)\n"


def used(harness: ExecutorHarness, *nodes: int) -> dict[int, Usage]:
    measure = harness.executor.measuring([(node, 1) for node in nodes])
    assert measure is not None
    return {node: usage for (node, _), usage in measure().items()}


@pytest.mark.parametrize(
    "command", [f'{INTERPRETER} "{FILLED}"', f'{INTERPRETER} "{ESCAPED}{FILLED}"; sleep 60'], ids=["child", "orphan"]
)
async def test_descendants_count_for_their_attempt_only(tmp_path: Path, command: str) -> None:
    async with served(tmp_path, f"{command}; exit 0", python(IDLE)) as harness:
        harness.start_all()
        await until((tmp_path / "filled").exists)
        found = used(harness, 0, 1)
        assert found[0].memory > 60 << 20
        assert 0 < found[1].memory < 60 << 20
        assert set(used(harness, 0)) == {0}
        harness.executor.stop(0, 1, 0.0)
        harness.executor.flush()
        await harness.ended(0)
        assert set(used(harness, 0, 1)) == {1}


async def test_time_of_ended_children_counts(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    async with served(tmp_path, f'{INTERPRETER} "{burn}"; echo > burnt; sleep 60') as harness:
        harness.start(0)
        await until((tmp_path / "burnt").exists)
        assert used(harness, 0)[0].cpu >= 0.25
        assert used(harness, 0)[0].written >= 0


async def test_what_was_never_started_is_not_there(tmp_path: Path) -> None:
    async with served(tmp_path, python(IDLE)) as harness:
        assert used(harness, 0) == {}
        harness.start(0)
        await harness.begun(0)
        assert used(harness, 0, 7).keys() == {0}
