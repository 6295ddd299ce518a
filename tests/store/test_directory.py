"""Run directories: numbers, locks, links that somebody planted, and what pruning leaves alone."""

from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagtui.store import directory
from dagtui.store import lock as lock_module
from dagtui.store.directory import RunDirectory, prune, runs
from dagtui.store.errors import StoreError
from dagtui.store.lock import RunLock
from dagtui.store.log_index import attempts_on_disk, last_logged
from dagtui.store.paths import graph_folder, log_name

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE = """
import sys, pathlib
from contextlib import closing
from dagtui.store.directory import RunDirectory
sys.stdin.read(1)  # all start at once
for _ in range(int(sys.argv[2])):
    with closing(RunDirectory.create(pathlib.Path(sys.argv[1]), "")) as directory:
        print(directory.number, directory.run_id)
"""

HOLD = """
import sys, pathlib
from dagtui.store.directory import RunDirectory
directory = RunDirectory.create(pathlib.Path(sys.argv[1]), "")
print(directory.number, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "reads.toml"
    path.write_text("version = 1\n")
    return path


def numbers(graph: Path) -> list[int]:
    return [run.number for run in runs(graph)]


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_run_directory_has_everything_and_is_ours_alone(graph: Path):
    with closing(RunDirectory.create(graph, "version = 1 # é\n")) as run:
        assert run.path == graph.parent / ".dagtui" / "reads" / "runs" / "1"
        assert run.number == 1
        assert run.graph_path.read_text(encoding="utf-8") == "version = 1 # é\n"
        assert (graph.parent / ".dagtui" / ".gitignore").read_text() == "*\n"
        assert (graph.parent / ".dagtui" / "reads" / "latest").resolve() == run.path
        assert not run.journal_path.exists()
        assert run.holder() == f"process {os.getpid()}"
        for folder in (run.path, *run.path.parents[:3]):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(run.graph_path.stat().st_mode) == 0o600


def test_runs_are_numbered_in_order_and_have_ids_of_their_own(graph: Path):
    made = []
    for _ in range(11):
        with closing(RunDirectory.create(graph, "")) as run:
            made.append(run)
    assert numbers(graph) == list(range(1, 12))
    assert len({run.run_id for run in made}) == 11
    assert [RunDirectory.open(run.path).run_id for run in made] == [run.run_id for run in made]
    assert os.readlink(graph.parent / ".dagtui/reads/latest") == "runs/11"


def test_concurrent_creators_get_different_numbers(graph: Path):
    creators = [python(CREATE, graph, 15) for _ in range(4)]
    printed = []
    for creator in creators:
        assert creator.stdin is not None
        creator.stdin.write("x")
        creator.stdin.flush()
    for creator in creators:
        output, _ = creator.communicate(timeout=60)
        assert creator.returncode == 0
        printed += output.splitlines()
    assert sorted(int(line.split()[0]) for line in printed) == list(range(1, 61))
    assert len({line.split()[1] for line in printed}) == 60
    assert numbers(graph) == list(range(1, 61))
    assert [path.name for path in runs(graph)[0].path.parent.glob(".*")] == []


def test_a_number_that_another_creator_just_took_is_passed_over(graph: Path, monkeypatch: pytest.MonkeyPatch):
    RunDirectory.create(graph, "").close()
    first = runs(graph)[0].path
    lock = (first / "lock").read_bytes()
    (graph.parent / ".dagtui" / ".gitignore").unlink()
    # As if the other one came between the look and the rename.
    monkeypatch.setattr(directory, "_numbers", lambda _folder: [])
    monkeypatch.setattr(os.path, "lexists", lambda _path: False)
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.number == 2
    assert (first / "lock").read_bytes() == lock


def test_a_run_is_live_as_long_as_its_process(graph: Path):
    holder = python(HOLD, graph)
    assert holder.stdout is not None
    number = int(holder.stdout.readline())
    run = RunDirectory.open(graph_folder(graph) / "runs" / str(number))
    assert run.is_live()
    assert run.holder() == f"process {holder.pid}"
    run_id = run.run_id
    with pytest.raises(StoreError, match=f"is live: process {holder.pid} has it"):
        run.acquire()
    holder.kill()
    holder.communicate()
    assert not run.is_live()
    run.acquire()
    assert run.is_live()
    assert run.holder() == f"process {os.getpid()}"
    assert RunDirectory.open(run.path).run_id == run_id
    run.close()
    assert not run.is_live()


def test_the_lock_is_not_inherited(graph: Path):
    with closing(RunDirectory.create(graph, "")) as run:
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        assert not run.is_live()
    finally:
        child.kill()
        child.wait()


def test_a_lock_that_somebody_only_asks_about_is_taken_a_moment_later(graph: Path, monkeypatch: pytest.MonkeyPatch):
    RunDirectory.create(graph, "").close()
    run = runs(graph)[0]
    asking = os.open(run.path / "lock", os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            os.close(asking)

    monkeypatch.setattr(time, "sleep", pause)
    run.acquire()
    assert len(pauses) == 3
    run.close()


def test_a_run_that_is_removed_while_its_lock_is_being_taken_is_not_taken(graph: Path, monkeypatch: pytest.MonkeyPatch):
    RunDirectory.create(graph, "").close()
    run = runs(graph)[0]
    lock = run.path / "lock"
    content = lock.read_bytes()

    def lose(_descriptor: int) -> Iterator[bool]:
        lock.unlink()
        lock.write_bytes(content)
        yield True

    monkeypatch.setattr(lock_module, "_tries", lose)
    with pytest.raises(StoreError, match="was just removed"):
        run.acquire()
    assert lock.read_bytes() == content
    assert not run.is_live()


def test_asking_whether_a_run_is_live_does_not_keep_others_from_taking_it(graph: Path):
    RunDirectory.create(graph, "").close()
    asking = python(
        "import sys, pathlib\n"
        "from dagtui.store.directory import RunDirectory\n"
        "run = RunDirectory.open(pathlib.Path(sys.argv[1]))\n"
        "print('asking', flush=True)\n"
        "while True: run.is_live()\n",
        runs(graph)[0].path,
    )
    assert asking.stdout is not None
    asking.stdout.readline()
    try:
        for _ in range(200):
            run = runs(graph)[0]
            run.acquire()
            run.close()
    finally:
        asking.kill()
        asking.communicate()


def prune_to(kept: int, graph: Path) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directory, "KEPT", kept)
        return prune(graph)


def test_pruning_keeps_the_last_the_latest_and_live_ones(graph: Path):
    live = RunDirectory.create(graph, "")
    for _ in range(5):
        RunDirectory.create(graph, "").close()
    assert prune_to(10, graph) == []
    assert prune_to(2, graph) == [2, 3, 4]
    assert numbers(graph) == [1, 5, 6]
    live.close()
    assert prune_to(1, graph) == [1, 5]
    assert numbers(graph) == [6]
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.number == 7


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_pruning_keeps_a_live_run_without_its_lock(graph: Path, how: str):
    live = RunDirectory.create(graph, "")
    live.journal_path.touch()
    live.claim_journal()
    RunDirectory.create(graph, "").close()
    (live.path / "lock").unlink()
    if how == "replaced":
        (live.path / "lock").write_text("another\n")
    assert prune_to(1, graph) == []
    assert numbers(graph) == [1, 2]
    live.close()
    assert prune_to(1, graph) == [1]


def test_pruning_removes_what_a_crash_left_and_nothing_young(graph: Path):
    RunDirectory.create(graph, "").close()
    folder = graph_folder(graph) / "runs"
    old, young = folder / ".new-0123", folder / ".new-4567"
    old.mkdir()
    young.mkdir()
    os.utime(old, (0, 0))
    prune(graph)
    assert not old.exists()
    assert young.exists()


def test_pruning_leaves_a_directory_that_is_being_made_however_long_that_takes(graph: Path):
    RunDirectory.create(graph, "").close()
    making = graph_folder(graph) / "runs" / ".new-0123"
    making.mkdir()
    lock = RunLock(making / "lock")
    lock.make("id")
    os.utime(making, (0, 0))
    prune(graph)
    assert making.exists()
    lock.release()
    os.utime(making, (0, 0))
    prune(graph)
    assert not making.exists()


def test_pruning_does_not_follow_links_out_of_a_run(graph: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    with closing(RunDirectory.create(graph, "")) as run:
        (run.path / "logs" / "link").symlink_to(outside)
    RunDirectory.create(graph, "").close()
    (graph_folder(graph) / "runs" / "3").symlink_to(outside)
    assert prune_to(1, graph) == [1]
    assert numbers(graph) == [2]
    assert (outside / "precious").exists()
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.number == 4  # the planted link's name is taken
    assert list(outside.iterdir()) == [outside / "precious"]


@pytest.mark.parametrize("planted", [".dagtui", ".dagtui/reads", ".dagtui/reads/runs"])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_planted_links_are_refused(graph: Path, tmp_path: Path, planted: str, kind: str):
    outside = tmp_path / "outside"
    outside.mkdir()
    path = graph.parent / planted
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "link":
        # A link of this user's own in the place of `.dagtui` is followed, but to a folder only.
        path.symlink_to(outside if planted != ".dagtui" else tmp_path / "nowhere")
    else:
        path.write_text("x")
    with pytest.raises(StoreError, match="symbolic link" if kind == "link" else "not a folder"):
        RunDirectory.create(graph, "")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", [".gitignore", "reads/latest"])
def test_planted_links_are_not_written_through(graph: Path, tmp_path: Path, name: str):
    target = tmp_path / "target"
    target.write_text("precious")
    link = graph.parent / ".dagtui" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    RunDirectory.create(graph, "").close()
    assert target.read_text() == "precious"


def test_a_planted_lock_is_not_followed(graph: Path, tmp_path: Path):
    RunDirectory.create(graph, "").close()
    run = runs(graph)[0]
    target = tmp_path / "target"
    target.write_text("precious\n")
    (run.path / "lock").unlink()
    (run.path / "lock").symlink_to(target)
    assert not run.is_live()
    with pytest.raises(StoreError, match="lock"):
        run.acquire()
    with pytest.raises(StoreError, match="lock"):
        _ = run.run_id
    assert target.read_text() == "precious\n"


def test_a_folder_open_to_others_is_closed(graph: Path):
    folder = graph.parent / ".dagtui"
    folder.mkdir(mode=0o755)
    RunDirectory.create(graph, "").close()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_what_belongs_to_somebody_else_is_left_alone(graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    foreign = graph.parent / ".dagtui"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.path.is_relative_to(tmp_path / "state" / "dagtui")
    assert list(foreign.iterdir()) == []
    assert numbers(graph) == [1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("name", ["reads", "reads/runs"])
def test_a_folder_of_somebody_else_inside_ours_is_refused(graph: Path, name: str):
    RunDirectory.create(graph, "").close()
    os.chown(graph.parent / ".dagtui" / name, 12345, 12345)
    with pytest.raises(StoreError, match=r"it belongs to another user \(id 12345\)"):
        RunDirectory.create(graph, "")


def test_the_state_directory_serves_where_the_graph_s_own_can_t_be_written(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # Root may write everywhere, so the answer of the system is replaced.
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != graph.parent)
    other = tmp_path / "other" / "reads.toml"
    other.parent.mkdir()
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.path.is_relative_to(tmp_path / "state" / "dagtui")
    assert not (graph.parent / ".dagtui").exists()
    assert numbers(graph) == [1]
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert numbers(other) == []


def test_where_nothing_can_be_written_both_places_are_named(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file" / "state"))
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != graph.parent)
    with pytest.raises(StoreError) as caught:
        RunDirectory.create(graph, "")
    assert str(caught.value) == (
        f"can't make the folder {tmp_path}/file/state/dagtui: Not a directory; and {tmp_path} can't be written: "
        "make one of them writable, or set DAGTUI_STATE_DIR"
    )


@pytest.mark.parametrize(
    "name", ["a b.toml", "..toml", "ä.toml", "x" * 200 + ".toml", "reads.json", "-.toml", "\n.toml"]
)
def test_graph_names_become_safe_and_distinct_folders(tmp_path: Path, name: str):
    folder = graph_folder(tmp_path / name).name
    assert folder.isascii()
    assert folder.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert not folder.startswith(".")
    assert folder != graph_folder(tmp_path / "reads.toml").name
    assert len(folder) < 60


def test_graphs_of_one_folder_never_share_their_runs(tmp_path: Path):
    endings = ["", ".toml", ".TOML", ".json", ".toml.toml"]
    stems = ["reads", "Reads", ".reads", "re ads", "re_ads", "e\u0301", "\u00e9", "x" * 60, "x" * 61]
    names = [stem + ending for stem in stems for ending in endings]
    assert len({graph_folder(tmp_path / name).name for name in names}) == len(names)


def test_what_left_logs_is_found_whatever_else_lies_there(tmp_path: Path):
    labels = ["a", "train[seed=1,model=s]", "a.1", "-", "\udcff"]
    assert last_logged(tmp_path / "none", ["a"]) == [0]
    for label in labels:
        for attempt in (3, 12, 2):
            path = tmp_path / log_name(label, attempt)
            path.parent.mkdir(exist_ok=True)
            path.touch()
        path.with_name(path.name + ".times").touch()
        path.with_name(path.name.replace(".2.log", ".x.log")).touch()
        path.with_name(path.name.replace(".2.log", ".99999999999.log")).touch()
        assert attempts_on_disk(path) == [2, 3, 12]
    (tmp_path / "stray.1.log").touch()
    assert last_logged(tmp_path, [*labels, "b"]) == [12] * len(labels) + [0]


def test_log_names_are_safe_spread_and_found_again():
    labels = ["../../etc/passwd", "a/b", "a\x00b", "A", "a", "\udcff", "x" * 5000, "", ".", "train[seed=1,model=s]"]
    names = [log_name(label, 1) for label in labels] + [log_name("a", 2)]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        folder, file = name.split("/")
        assert len(folder) == 2
        assert file.isascii()
        assert file.isprintable()
        assert not file.startswith(".")
        assert len(file) < 100
    assert names[:10] == [log_name(label, 1) for label in labels]
    assert len({log_name(f"node{number}", 1)[:2] for number in range(3000)}) == 256


@pytest.mark.parametrize("name", ["latest", "0", "x", "1 ", "-1"])
def test_only_numbers_name_runs(graph: Path, name: str):
    RunDirectory.create(graph, "").close()
    with pytest.raises(StoreError, match="named by its number"):
        RunDirectory.open(graph_folder(graph) / "runs" / name)


def test_errors_say_what_where_and_how(graph: Path):
    with pytest.raises(StoreError, match=r"can't use the folder .*runs/7: No such file or directory"):
        RunDirectory.open(graph_folder(graph) / "runs" / "7")
    assert runs(graph) == []
    assert prune(graph) == []


def test_the_last_number_is_said_rather_than_passed(graph: Path):
    RunDirectory.create(graph, "").close()
    folder = graph_folder(graph) / "runs"
    (folder / "1").rename(folder / "999999999")
    with pytest.raises(StoreError, match="remove number 999999999 first"):
        RunDirectory.create(graph, "")
    assert numbers(graph) == [999_999_999]
    assert [path.name for path in folder.iterdir()] == ["999999999"]


def test_a_name_that_only_looks_like_a_large_number_is_no_run(graph: Path):
    (graph_folder(graph) / "runs" / "99999999999999999999").mkdir(parents=True)
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.number == 1


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 200, b"x" * 100_000, b"id\nprocess \xff\xfe\n", b"id\nprocess -1\n"]
)
def test_a_lock_of_absurd_content_is_a_lock(graph: Path, content: bytes):
    RunDirectory.create(graph, "").close()
    run = runs(graph)[0]
    (run.path / "lock").write_bytes(content)
    assert not run.is_live()
    assert len(run.holder()) <= 200
    run.acquire()
    assert RunDirectory.open(run.path).is_live()
    run.close()


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_a_lock_that_is_no_file_is_said(graph: Path, kind: str):
    RunDirectory.create(graph, "").close()
    run = runs(graph)[0]
    (run.path / "lock").unlink()
    if kind == "folder":
        (run.path / "lock").mkdir()
    else:
        os.mkfifo(run.path / "lock")
    assert not run.is_live()
    with pytest.raises(StoreError, match="lock"):
        run.acquire()
    assert prune_to(1, graph) == []


def test_runs_in_a_folder_that_can_t_be_written_any_more_are_still_found(
    graph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    RunDirectory.create(graph, "").close()
    monkeypatch.setattr(os, "access", lambda path, _mode: not Path(path).is_relative_to(tmp_path))
    assert [run.number for run in runs(graph)] == [1]


def test_the_path_of_a_log_is_the_same_as_text(graph: Path):
    with closing(RunDirectory.create(graph, "")) as run:
        assert run.log_file("train[seed=1]", 2) == str(run.log_path("train[seed=1]", 2))
