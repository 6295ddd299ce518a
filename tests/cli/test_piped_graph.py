"""Graphs from a pipe, a link, or with a state directory of their own, as a person calls them."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, shell, write

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = 'name = "made"\n[tasks.a]\nrun = "pwd; cat inside"\n'


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ENVIRONMENT, "XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setitem(ENVIRONMENT, "D", " ".join(DAGTUI))
    return tmp_path / "state" / "dagtui"


@pytest.mark.parametrize(
    "call",
    [
        "dagtui run - < graph.toml",
        "cat graph.toml | dagtui -",
        "dagtui run /dev/stdin < graph.toml",
        "dagtui run <(cat graph.toml)",
    ],
)
def test_a_graph_from_a_pipe_runs_where_it_is_called(tmp_path: Path, state: Path, call: str):
    write(tmp_path, GRAPH)
    (tmp_path / "inside").write_text("words\n")
    done = shell(call, tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = state.iterdir()
    assert folder.name.startswith("made-")
    assert str(folder / "runs" / "1") in done.stdout
    assert not (tmp_path / ".dagtui").exists()
    (log,) = (folder / "runs" / "1").rglob("*.log")
    assert log.read_text() == f"{tmp_path}\nwords\n"


def test_it_is_resumed_by_piping_it_again_and_that_is_said(tmp_path: Path, state: Path):
    write(tmp_path, GRAPH)
    first = shell("dagtui run - < graph.toml", tmp_path)
    assert first.returncode == 1
    assert "to resume: … | dagtui run - --resume 1\n" in first.stdout
    (tmp_path / "inside").write_text("words\n")
    again = shell("dagtui run - --resume < graph.toml", tmp_path)
    assert again.returncode == 0, again.stderr
    assert [path.name for path in state.glob("*/runs/*")] == ["1"]
    (folder,) = state.iterdir()
    # By the pipe, or by the path that listings name.
    for graph in ("- a < graph.toml", f"'{folder}/piped-graph' a"):
        assert shell(f"dagtui logs {graph}", tmp_path).stdout.endswith("\nwords\n")
    refused = shell(f"dagtui run '{folder}/piped-graph'", tmp_path)
    assert refused.returncode == 2
    assert "came from a pipe; pipe it again: … | dagtui run -" in refused.stderr


def test_what_is_wrong_in_it_is_said_by_line(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrum = "true"\n')
    done = shell("dagtui check - < graph.toml", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("stdin:3:1: ")
    assert shell("dagtui check <(cat graph.toml)", tmp_path).stderr.startswith("pipe:3:1: ")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("dagtui run - < /dev/null", "standard input is empty: pipe a graph into it"),
        ("dagtui run - <&-", "standard input is empty"),
        ("dagtui run /dev/fd/77", "/dev/fd/77 can't be read: Bad file descriptor"),
        ("dagtui status - < graph.toml", "has no live run; start one with: … | dagtui run -"),
        ("dagtui logs - a < graph.toml", "has no run yet; start one with: … | dagtui run -"),
        ("dagtui runs - < graph.toml", ""),
        ("dagtui run /dev/null", "null"),
    ],
)
def test_what_is_no_graph_is_said_in_one_line(tmp_path: Path, call: str, said: str):
    write(tmp_path, GRAPH)
    done = shell(call, tmp_path)
    assert done.returncode == (2 if said else 0)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_named_pipe_keeps_its_name(tmp_path: Path, state: Path):
    write(tmp_path, GRAPH)
    (tmp_path / "inside").write_text("words\n")
    done = shell("mkfifo made.toml; cat graph.toml > made.toml & dagtui run made.toml", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list(state.glob("made-*/runs/1"))) == 1
    assert shell("dagtui logs made.toml a", tmp_path).stdout == f"{tmp_path}\nwords\n"


def test_a_graph_by_a_link_to_its_file_is_the_same_one(tmp_path: Path):
    """Its live run can be controlled by either path, its tasks run where the file is, and a link elsewhere is said."""
    lib = tmp_path / "lib"
    lib.mkdir()
    write(lib, '[tasks.a]\nrun = "pwd; until [ -e go ]; do sleep 0.02; done"\n')
    (tmp_path / "link.toml").symlink_to("lib/graph.toml")
    with subprocess.Popen(
        [*DAGTUI, "run", "link.toml"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith("graph run 1: ")
        assert f"link.toml is a link to {lib}/graph.toml: its tasks run in {lib}" in running.stderr.readline()
        for path in (tmp_path / "link.toml", lib / "graph.toml"):
            done = shell(f"until dagtui status {path}; do :; done", tmp_path)
            assert "graph run 1: running" in done.stdout
        (lib / "go").touch()
    assert running.returncode == 0
    assert shell("dagtui logs link.toml a", tmp_path).stdout == f"{os.path.realpath(lib)}\n"


def test_a_state_directory_holds_runs_that_every_command_finds(tmp_path: Path):
    write(tmp_path, f'[run]\nstate = "{tmp_path}/scratch"\n[tasks.a]\nrun = "echo words"\n')
    for folder, variable in (("scratch", ""), ("other", f"export DAGTUI_STATE_DIR={tmp_path}/other;")):
        done = shell(f"{variable} dagtui run graph.toml >out && dagtui logs graph.toml a && dagtui runs", tmp_path)
        assert (done.returncode, done.stdout.split()[0]) == (0, "words"), done.stderr
        assert done.stdout.split()[2:4] == ["1", "completed"]
        assert len(list((tmp_path / folder).glob("graph-*/runs/1"))) == 1
    assert not (tmp_path / ".dagtui").exists()


def test_a_state_directory_that_can_t_be_made_is_said_in_one_line(tmp_path: Path):
    write(tmp_path, '[run]\nstate = "graph.toml/in"\n[tasks.a]\nrun = "true"\n')
    done = shell("dagtui run graph.toml", tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"dagtui: can't make the folder {tmp_path}/graph.toml/in: Not a directory\n"
