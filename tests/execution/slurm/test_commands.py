"""How Slurm's commands are called."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING

import anyio
import pytest
from support.waiting import until

from dagtui.execution.slurm.commands import SlurmCommands

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_a_cancel_does_not_wait_for_a_command_that_hangs_as_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a network disk that is away. It is killed as soon as it has started."""
    (tmp_path / "squeue").write_text("#!/bin/sh\nsleep 300\n")
    (tmp_path / "squeue").chmod(0o755)
    hangs, may_start, in_time = threading.Event(), threading.Event(), []
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: object, **more: object) -> subprocess.Popen[bytes]:
        hangs.set()
        in_time.append(may_start.wait(5.0))
        started.append(subprocess.Popen(*words, **more))
        return started[0]

    monkeypatch.setattr("dagtui.execution.slurm.commands.Popen", start)
    commands = SlurmCommands({"PATH": f"{tmp_path}:{os.defpath}"})
    async with anyio.create_task_group() as group:
        group.start_soon(commands.queue, 0)
        await until(hangs.is_set)
        group.cancel_scope.cancel()
    may_start.set()
    await until(lambda: started and started[0].returncode is not None)
    assert (in_time, started[0].returncode) == ([True], -9)
