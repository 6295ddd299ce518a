"""A graph in a shared folder whose `.dagtui` belongs to another user: every command works, and says where runs lie."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from support.program import DAGTUI, ENVIRONMENT
from support.session_harness import SessionHarness

import dagtui

OTHER = 54321
# Root without the right to pass over permissions is one user among others, and can still reach the interpreter.
ORDINARY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
GRAPH = '[tasks.a]\nrun = "echo out"\n'


def has_ordinary_root() -> bool:
    return os.geteuid() == 0 and subprocess.run([*ORDINARY, "true"], capture_output=True).returncode == 0


needs_two_users = pytest.mark.skipif(not has_ordinary_root(), reason="only root can give a folder away")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder in which another user has run the graph, and closed what came of it."""
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    (folder / "graph.toml").write_text(f"version = 1\n{GRAPH}")
    (folder / ".dagtui/graph/runs/1").mkdir(parents=True)
    (folder / ".dagtui").chmod(0o700)
    for path in (*folder.rglob("*"), folder):
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
    folder.chmod(0o1777)
    return folder


def as_ordinary(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, "XDG_STATE_HOME": str(folder.parent / "state")}
    return subprocess.run([*ORDINARY, *DAGTUI, *words], cwd=folder, env=environment, capture_output=True, text=True)


def is_said(done: subprocess.CompletedProcess[str]) -> bool:
    """Whether it says in one line whose the folder is and where runs are kept instead."""
    return (
        len([line for line in done.stderr.splitlines() if f"another user (id {OTHER})" in line and "/state/" in line])
        == 1
    )


@needs_two_users
@pytest.mark.parametrize(
    "words",
    ["status", "wait", "cancel --all", "runs", "logs a"],
)
def test_commands_on_runs_say_that_there_is_none_of_this_user(shared: Path, words: str):
    command, *rest = words.split()
    done = as_ordinary(shared, command, "graph.toml", *rest)
    assert "Traceback" not in done.stderr
    assert is_said(done), done.stderr
    assert done.returncode == (0 if command == "runs" else 2)


@needs_two_users
def test_a_run_lies_in_the_state_directory_and_is_found_there(shared: Path):
    before = sorted(shared.rglob("*"))
    done = as_ordinary(shared, "run", "graph.toml")
    assert done.returncode == 0, done.stderr
    assert is_said(done)
    assert str(shared.parent / "state" / "dagtui") in done.stdout
    assert sorted(shared.rglob("*")) == before
    assert as_ordinary(shared, "runs", "graph.toml").stdout.split()[:2] == ["1", "completed"]
    assert as_ordinary(shared, "logs", "graph.toml", "a").stdout == "out\n"
    everything = as_ordinary(shared, "runs")
    assert everything.returncode == 0
    assert everything.stdout.splitlines()[0] == "graph:"


@needs_two_users
def test_the_screen_opens(shared: Path, short_path: Path):
    harness = SessionHarness(shared, short_path)
    try:
        terminal = harness.open(through=ORDINARY, env={"XDG_STATE_HOME": str(shared.parent / "state")})
        terminal.wait_for_text("q quit")
        assert f"another user (id {OTHER})".encode() in terminal.raw
        terminal.send("q")
        assert terminal.wait_for_end() == 0
    finally:
        harness.clear()


@needs_two_users
def test_a_graph_that_can_t_be_looked_at_is_not_said_to_be_missing(shared: Path):
    shared.chmod(0o700)
    done = subprocess.run(
        [*ORDINARY, *DAGTUI, "status", str(shared / "graph.toml")], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


# Of an entry of scandir these never fail in this way: there they have an argument.
FAILING = re.compile(r"\.(?:exists|is_dir|is_file|is_mount|is_socket|is_fifo|samefile)\(\)")


def test_no_module_asks_a_path_in_a_way_that_fails_where_a_folder_is_closed():
    modules = sorted(Path(dagtui.__file__).parent.rglob("*.py"))
    assert [path.name for path in modules if FAILING.search(path.read_text(encoding="utf-8"))] == []
