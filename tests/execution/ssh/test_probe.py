"""`dagtui executors check` over a real ssh."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.runs.executor_check import check_executor

if TYPE_CHECKING:
    from pathlib import Path

    from support.ssh_server import SshServer

    from dagtui.execution.remote.probing import Finding

pytestmark = pytest.mark.anyio


async def found(server: SshServer, folder: Path, host: str = "far", **fields: object) -> list[Finding]:
    options = ("-F", server.client_config("far"))
    settings = ExecutorSettings("far", ExecutorKind.SSH, hosts=(host,), options=options, **fields)  # type: ignore[arg-type]
    return [finding async for finding in check_executor(settings, folder, os.environ, 60)]


async def test_each_step_of_a_host_that_works(server: SshServer, tmp_path: Path):
    place = tmp_path / "there" / "runs"
    findings = await found(server, tmp_path, directory=str(place), shared=True)
    assert [(finding.step, finding.is_good) for finding in findings] == [
        ("reach far", True),
        ("Python on far", True),
        ("directory on far", True),
        ("shared folder on far", True),
        ("a node of true through it", True),
    ], findings
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("fields", "step", "text"),
    [
        ({"host": "nowhere.invalid"}, "reach nowhere.invalid", "no machine has this name"),
        ({"python": "no-such-python"}, "Python on far", "there is no no-such-python there"),
        ({"directory": "/proc/none"}, "directory on far", "/proc/none: No such file or directory"),
    ],
)
async def test_the_first_step_that_fails_is_the_last(
    server: SshServer, tmp_path: Path, fields: dict[str, str], step: str, text: str
):
    last = (await found(server, tmp_path, **fields))[-1]
    assert (last.step, last.is_good) == (step, False)
    assert text in last.text
