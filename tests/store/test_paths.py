"""Where the runs of a graph lie: beside it, in a state directory, behind a link; it is one graph by any path."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import platformdirs
import pytest

from dagtui.store import paths
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.errors import StoreError
from dagtui.store.history import History
from dagtui.store.paths import folder_with_runs, folders_with_runs, graph_folder, is_piped, piped_graph, why_elsewhere
from dagtui.store.summary import all_runs

STATED = '[run]\njobs = 1\nstate = "{}" # on another disk\n[tasks.a]\nrun = "true"\n'


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user"))
    (tmp_path / "here").mkdir()
    return written(tmp_path / "here" / "reads.toml")


def written(path: Path, text: str = "") -> Path:
    path.write_text(f"version = 1\n{text}", encoding="utf-8")
    return path


def run_of(graph: Path) -> Path:
    """The directory of a new run, which is found again."""
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.path in [found.path for found in runs(graph)]
        assert run.path in [found.path for found in runs(graph)]
        return run.path


# One's own link


def test_an_own_link_is_followed(graph: Path, tmp_path: Path):
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o755)
    (graph.parent / ".dagtui").symlink_to("../scratch")
    assert run_of(graph) == scratch / "reads" / "runs" / "1"
    assert (scratch / ".gitignore").read_text() == "*\n"
    assert [name for name, _ in all_runs(graph.parent)] == ["reads"]


def test_an_own_link_that_leads_nowhere_is_said(graph: Path, tmp_path: Path):
    (graph.parent / ".dagtui").symlink_to(tmp_path / "scratch")
    with pytest.raises(
        StoreError, match=rf"symbolic link to {tmp_path}/scratch, which does not exist; make that folder"
    ):
        RunDirectory.create(graph, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give something away")
@pytest.mark.parametrize("given", ["link", "target"])
def test_another_user_s_link_is_not_followed(graph: Path, tmp_path: Path, given: str):
    scratch, link = tmp_path / "scratch", graph.parent / ".dagtui"
    scratch.mkdir()
    link.symlink_to(scratch)
    os.chown(link if given == "link" else scratch, 12345, 12345, follow_symlinks=False)
    assert run_of(graph).is_relative_to(tmp_path / "user" / "dagtui")
    assert list(scratch.iterdir()) == []
    assert why_elsewhere(graph).startswith(
        f"{link} belongs to another user (id 12345); your runs are in {tmp_path}/user/"
    )


# A state directory that is named


def test_the_environment_names_a_state_directory(graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = run_of(graph)
    shared = tmp_path / "scratch"
    shared.mkdir(mode=0o1777)
    shared.chmod(0o1777)
    monkeypatch.setenv("DAGTUI_STATE_DIR", str(shared))
    assert runs(graph)[-1].path == old, "what lies at the old place is still read"
    assert [run.path for run in runs(graph)] == [old], "and --resume means the same one"
    assert [name for name, _ in all_runs(graph.parent)] == ["reads"]
    new = run_of(graph)
    assert new.parent.parent.parent == shared
    assert shared.stat().st_mode & 0o7777 == 0o1777, "it is somebody's folder, and not to be closed"
    assert new.parent.parent.stat().st_mode & 0o777 == 0o700
    assert folder_with_runs(graph) == new.parent.parent
    assert folders_with_runs(graph) == [new.parent.parent, old.parent.parent]
    assert [name for name, _ in all_runs(tmp_path)] == [new.parent.parent.name]
    other = written(tmp_path / "reads.toml")
    assert graph_folder(other) != graph_folder(graph), "graphs of the same name meet there"


def test_an_empty_variable_names_nothing(graph: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DAGTUI_STATE_DIR", "")
    assert graph_folder(graph) == graph.parent / ".dagtui" / "reads"


def test_a_relative_one_is_relative_to_the_current_folder(graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGTUI_STATE_DIR", "state")
    assert run_of(graph).is_relative_to(tmp_path / "state")


@pytest.mark.parametrize(
    "state", ["../scratch", "{tmp_path}/scratch", "~/scratch"], ids=["relative to the file", "absolute", "of home"]
)
def test_the_graph_names_a_state_directory(tmp_path: Path, graph: Path, state: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    stated = written(graph.parent / "stated.toml", STATED.format(state.format(tmp_path=tmp_path)))
    found = run_of(stated)
    assert found.parent.parent.parent == tmp_path / "scratch"
    assert [name for name, _ in all_runs(graph.parent)] == ["stated"]
    assert (found.parent.parent / ".gitignore").read_text() == "*\n"
    monkeypatch.setenv("DAGTUI_STATE_DIR", str(tmp_path / "nearer"))
    assert graph_folder(stated).is_relative_to(tmp_path / "nearer")


@pytest.mark.parametrize(
    "text",
    [
        'run.state = "/s"\n[tasks.a]\nrun = "true"\n',
        'run = { jobs = 1, state = "/s" }\n',
        "[tasks.a]\nrun = 'state = 1'\n[ run ] # here\n'state' = '/s'\n",
    ],
)
def test_however_it_is_written(graph: Path, text: str):
    assert graph_folder(written(graph.parent / "other.toml", text)).parent == Path("/s")


@pytest.mark.parametrize(
    "text", ["[run]\nstate = 1\n", '[run]\nstate = "/s"\nstate = "/t"\n', "[tasks.a]\nrun = 'state = /s'\n"]
)
def test_what_names_none_changes_nothing(graph: Path, text: str):
    assert graph_folder(written(graph.parent / "other.toml", text)) == graph.parent / ".dagtui" / "other"


def test_a_user_without_a_home_is_told_what_to_set(graph: Path, monkeypatch: pytest.MonkeyPatch):
    # As the library has it where HOME is not set, and the machine knows the user by number only.
    monkeypatch.setattr(platformdirs, "user_state_path", lambda _name: Path("~/.local/state/dagtui"))
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(StoreError, match="no home directory; set DAGTUI_STATE_DIR"):
        RunDirectory.create(graph, "")


@pytest.mark.parametrize("state", ["~nosuchuser/runs", "a\\u0000b"], ids=["no such user", "NUL"])
@pytest.mark.parametrize("words", [["runs"], ["status"], ["logs", "a"], ["wait"]], ids=lambda words: words[0])
def test_a_folder_that_can_not_be_is_one_sentence(graph: Path, state: str, words: list[str]):
    stated = written(graph.parent / "stated.toml", STATED.format(state))
    for command in ([words[0], str(stated), *words[1:]], ["check", str(stated)]):
        done = subprocess.run([sys.executable, "-m", "dagtui", *command], capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert "nosuchuser" in done.stderr or "NUL" in done.stderr


def test_the_environment_can_name_the_home_of_nobody(graph: Path):
    written(graph, '[tasks.a]\nrun = "true"\n')
    environment = {**os.environ, "DAGTUI_STATE_DIR": "~nosuchuser/runs"}
    for command in (["runs", str(graph)], ["run", str(graph)], ["runs"]):
        done = subprocess.run(
            [sys.executable, "-m", "dagtui", *command], capture_output=True, text=True, timeout=60, env=environment
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "DAGTUI_STATE_DIR names: there is no user nosuchuser" in done.stderr


# One graph by any path


def test_a_link_to_its_file_is_the_same_graph(graph: Path, tmp_path: Path):
    (tmp_path / "link.toml").symlink_to(graph)
    (tmp_path / "again.toml").symlink_to("link.toml")
    for path in (tmp_path / "link.toml", tmp_path / "again.toml"):
        assert graph_folder(path) == graph_folder(graph)


def test_a_way_through_a_linked_folder_is_the_same_graph(graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "data").symlink_to("here")
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path).name not in {"here", "data"})
    assert graph_folder(tmp_path / "data" / "reads.toml") == graph_folder(graph)
    assert graph_folder(graph).is_relative_to(tmp_path / "user")


# What is not a regular file


def test_runs_of_a_pipe_lie_in_the_state_directory(graph: Path, tmp_path: Path):
    os.mkfifo(graph.parent / "made.toml")
    assert run_of(graph.parent / "made.toml").is_relative_to(tmp_path / "user" / "dagtui")
    assert not (graph.parent / ".dagtui").exists()


@pytest.mark.parametrize(
    "text", ['name = "reads"\n', '# [no]\nname = """\\\n  reads"""\n[tasks.a]\n', 'doc = """\n[\n"""\nname = "reads"\n']
)
def test_a_piped_graph_is_known_by_its_name_and_folder(
    graph: Path, tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    path = piped_graph(text.encode(), "stdin")
    assert is_piped(path)
    assert path.parent.parent == tmp_path / "user" / "dagtui"
    assert path.parent.name.startswith("reads-")
    assert run_of(path).parent.parent == graph_folder(path) == path.parent
    History.load(path).save()
    assert piped_graph(f"{text}\n# changed".encode(), "stdin") == path
    assert piped_graph(b"version = 1", "stdin").parent.name.startswith("stdin-")
    monkeypatch.chdir(graph.parent)
    assert piped_graph(text.encode(), "stdin") != path
    assert piped_graph(f'{text}\n[run]\nstate = "s"'.encode(), "stdin").is_relative_to(graph.parent / "s")
    assert piped_graph(b"name = 1", "stdin") == piped_graph(b"\xff", "stdin") == piped_graph(b"[", "stdin")


@pytest.mark.parametrize("state", [None, "/var/tmp/state", "relative", ""])
def test_the_state_folder_of_the_user_is_that_of_the_platform(monkeypatch: pytest.MonkeyPatch, state: str | None):
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if state is not None:
        monkeypatch.setenv("XDG_STATE_HOME", state)
    assert paths._user_directory() == platformdirs.user_state_path("dagtui")
