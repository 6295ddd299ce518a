"""`dagtui demo`: the bundled example in a folder of its own."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, write

from dagtui.cli.demo import DEMO

if TYPE_CHECKING:
    from pathlib import Path


def test_it_writes_the_example_into_a_folder_and_runs_it(tmp_path: Path):
    command = [*DAGTUI, "demo"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT) as it:
        assert it.stdout is not None
        for line in it.stdout:
            if "download  started" in line:
                break
        it.send_signal(signal.SIGINT)
        _rest, said = it.communicate(timeout=60)
    assert it.returncode == 130
    assert said.startswith("dagtui: wrote the example to dagtui-demo/graph.toml; delete dagtui-demo to remove it\n")
    assert (tmp_path / "dagtui-demo/graph.toml").read_bytes() == DEMO.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["dagtui-demo"]


def test_a_graph_that_is_there_is_run_as_it_is_with_the_options_of_opening_one(tmp_path: Path):
    graph = write(tmp_path, '[params]\nx = 1\n[tasks.only]\nrun = "exit {{ params.x }}"\n')
    before = graph.read_bytes()
    failed = call("demo", tmp_path, "-p", "x=3", cwd=tmp_path)
    assert failed.returncode == 1
    assert "failed: exit 3" in failed.stdout
    resumed = call("demo", tmp_path, "--resume", "1", "-p", "x=0", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stdout
    assert graph.read_bytes() == before


@pytest.mark.parametrize("folder", ["/proc/demo", "file"])
def test_where_it_cannot_be_written_another_folder_helps(tmp_path: Path, folder: str):
    (tmp_path / "file").touch()
    done = call("demo", folder, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"dagtui: {folder}/graph.toml: can't be written: ")
    assert done.stderr.endswith("name another folder: dagtui demo FOLDER\n")
