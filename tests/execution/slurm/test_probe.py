"""`dagtui executors check` on a real Slurm."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.runs.executor_check import check_executor

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.execution.remote.probing import Finding

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("cluster")]


async def found(folder: Path, **fields: object) -> list[Finding]:
    settings = ExecutorSettings("far", ExecutorKind.SLURM, shared=True, **fields)  # type: ignore[arg-type]
    return [finding async for finding in check_executor(settings, folder, os.environ, 60)]


async def test_each_step_of_a_cluster_that_works(tmp_path: Path):
    findings = await found(tmp_path)
    assert [(finding.step, finding.is_good) for finding in findings] == [
        ("reach Slurm", True),
        ("hand over a job", True),
        ("run a job", True),
        ("directory", True),
        ("Python there", True),
        ("a node of true through it", True),
    ], findings


async def test_a_wrong_partition_is_said_in_the_words_of_slurm(tmp_path: Path):
    last = (await found(tmp_path, resources={"partition": "nope"}))[-1]
    assert (last.step, last.is_good) == ("hand over a job", False)
    assert "invalid partition specified: nope" in last.text


async def test_no_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # with a wrong SLURM_CONF, its commands wait for half a minute
    [only] = await found(tmp_path)
    assert (only.step, only.is_good) == ("reach Slurm", False)
