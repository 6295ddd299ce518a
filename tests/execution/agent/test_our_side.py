"""What this side says of what the agent has told."""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING

import pytest
from support.agent_executor import AgentHarness
from support.executor_harness import kept_open, serving
from support.process_listing import children
from support.waiting import until

from dagtui.engine.messages import EndKind, Remark
from dagtui.execution.remote.end_records import end_of
from dagtui.graph.model import ArgumentList, ShellCommand, Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_what_went_wrong_there_is_said_here(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    tasks = [
        Task("large", ShellCommand("ulimit -S -f unlimited; head -c 300000 /dev/zero")),
        Task("missing", ArgumentList(("no-such-program",))),
        Task("plain", ArgumentList((str(tmp_path / "plain"),))),
        Task("values", ArgumentList((sys.executable, "-c", "import os; os.mkfifo(os.environ['DAGTUI_OUTPUT'])"))),
    ]
    harness = AgentHarness(tmp_path, *tasks, slots=8)
    async with serving(harness), kept_open(harness):
        await until(lambda: harness.executor.process is not None and children(harness.executor.process.pid))
        guardian = children(harness.executor.process.pid)[0]
        resource.prlimit(guardian, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        harness.start_all()
        ends = [await harness.ended(node) for node in range(4)]
        assert [end.text for end in ends[1:3]] == [
            'program "no-such-program" not found in PATH there',
            f'program "{tmp_path}/plain" is not executable, or its directory may not be entered',
        ]
        assert [end.kind for end in ends] == [EndKind.EXIT, *[EndKind.COULD_NOT_START] * 2, EndKind.EXIT]
        remarks = [result.text for result in harness.results if isinstance(result, Remark)]
        assert sorted(remarks) == [
            "lost 200,000 bytes of its log there: file size limit reached",
            "no value is taken from $DAGTUI_OUTPUT: it is not a file any more",
        ]


async def test_a_kill_for_lack_of_memory_and_what_can_not_be_killed_are_said(tmp_path: Path) -> None:
    harness = AgentHarness(tmp_path, "true", slots=1)
    attempt = harness.executor._add(0, 1, harness.requests.make(0, 1), 0.0)
    record = {"kind": "signal", "value": 9, "killed_at": 0, "usage": [1.0, 5_000_000, 0, 0], "unkillable": True}
    assert end_of(attempt, record).text == "killed by the kernel at 5.0 MB, because memory ran out"
    assert attempt.remark == "a process of it can't be killed"
