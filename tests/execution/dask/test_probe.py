"""`dagtui executors check` on a real Dask cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.runs.executor_check import check_executor

if TYPE_CHECKING:
    from pathlib import Path

    from support.dask_here import DaskHere

    from dagtui.execution.remote.probing import Finding

pytestmark = pytest.mark.anyio


async def found(folder: Path, address: str, **fields: object) -> list[Finding]:
    settings = ExecutorSettings("far", ExecutorKind.DASK, address=address, **fields)  # type: ignore[arg-type]
    return [finding async for finding in check_executor(settings, folder, os.environ, 60)]


async def test_each_step_of_a_cluster_that_works(dask_cluster: DaskHere, tmp_path: Path):
    address = dask_cluster.address
    findings = await found(tmp_path, address, shared=True, directory=str(tmp_path / "there"))
    assert [(finding.step, finding.is_good) for finding in findings] == [
        (f"reach {address}", True),
        ("workers", True),
        ("Python there", True),
        ("directory", True),
        ("shared folder", True),
        ("a node of true through it", True),
    ], findings


async def test_a_directory_that_can_not_be_written(dask_cluster: DaskHere, tmp_path: Path):
    last = (await found(tmp_path, dask_cluster.address, directory="/proc/none"))[-1]
    assert (last.step, last.is_good) == ("directory", False)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({}, "it asks for an encrypted connection, and there is no tls in its table"),
        ({"ca": "/gone/ca.pem"}, "[Errno 2] No such file or directory: '/gone/ca.pem'"),
    ],
)
async def test_encryption_that_is_not_there(dask_cluster: DaskHere, tmp_path: Path, files: dict[str, str], text: str):
    (only,) = await found(tmp_path, dask_cluster.address.replace("tcp:", "tls:"), tls=files)
    assert (only.is_good, only.text) == (False, text)
    assert only.hint.startswith("write tls = {")
