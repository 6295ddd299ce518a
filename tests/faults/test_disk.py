"""Disks on their bad days, with the whole program: full, too small, taken away, owned by others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.small_disk import SmallDisk, small_disk, wait_for_line
from support.journals import read_journal
from support.process_listing import processes_with
from support.program import call
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

DAGTUI = [sys.executable, "-m", "dagtui"]
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **{key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "FORCE_COLOR"}},
    "PYTHONPATH": str(ROOT),
}
# With everything named: else the disk's present options are given, too, among them an owner unknown in its namespace.
READ_ONLY = ("mount", "-t", "tmpfs", "-o", "remount,ro", "none", "/mnt")
PARTS = 60
"""So many nodes become ready at once that the journal needs more than what is left of its last page."""
CHAIN = """version = 1
[tasks.first]
run = "while [ ! -e {gate}/one ]; do sleep 0.02; done"
[tasks.second]
needs = ["first"]
run = "touch {gate}/two-began"
matrix = {{ part = {parts} }}
[tasks.third]
needs = ["second"]
run = "echo done"
"""


@pytest.fixture
def disk():
    with small_disk() as found:
        if found is None:
            pytest.skip("mount namespaces are not allowed here; the limit of file sizes stands in for the full disk")
        yield found


def start(words: list[str], out: Path, **options: object) -> subprocess.Popen[bytes]:
    with out.open("wb") as file:
        return subprocess.Popen(words, stdout=file, stderr=subprocess.STDOUT, env=ENVIRONMENT, **options)


def statuses_so_far(journal: Path) -> list[tuple[str, str]]:
    """What is on record of a run that may be writing its next line."""
    return [(str(r["node"]), str(r["status"])) for r in read_journal(journal).records if r["event"] == "node"]


def statuses(journal: Path) -> list[tuple[str, str]]:
    assert read_journal(journal).problem is None
    return statuses_so_far(journal)


def write_graph(folder: Path, gate: Path) -> None:
    gate.mkdir()
    (folder / "graph.toml").write_text(CHAIN.format(gate=gate, parts=list(range(PARTS))))


def check_a_full_journal(
    running: subprocess.Popen[bytes],
    folder: Path,
    out: Path,
    gate: Path,
    fill: Callable[[Path], Callable[[], None]],
    words: Callable[..., list[str]],
) -> None:
    journal = folder / ".dagtui/graph/runs/1/journal.jsonl"
    wait_for(lambda: journal.exists() and ("first", "RUNNING") in statuses_so_far(journal), "the first node runs")
    make_room = fill(journal)
    before = statuses(journal)
    (gate / "one").touch()
    wait_for_line(out, "can't write the journal")
    say_what_waits(running, folder, words)
    # What is not on record is not begun, and what is on record stays.
    assert not (gate / "two-began").exists()
    assert statuses(journal)[: len(before)] == before
    assert running.poll() is None
    make_room()
    assert running.wait(60) == 0, out.read_text()
    assert f"{PARTS + 2} done" in out.read_text()
    assert len({node for node, status in statuses(journal) if status == "COMPLETED"}) == PARTS + 2


def say_what_waits(running: subprocess.Popen[bytes], folder: Path, words: Callable[..., list[str]]) -> None:
    """While the journal is full, everything that tells of the run says what it waits for, and what is not on record."""

    def ask(*question: str) -> subprocess.CompletedProcess[str]:
        command = words(*DAGTUI, *question)
        return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)

    wait_for(lambda: ask("status", "graph.toml").returncode == 0, "the run answers")
    status = ask("status", "graph.toml").stdout
    assert re.search(r"! waits for (space on /mnt|a higher limit .*); not on record yet: first\n", status), status
    told = json.loads(ask("status", "graph.toml", "--json").stdout)
    assert (told["verdict"], told["settled"], told["off_record"]) == ("running", False, 1)
    assert told["waits"] in status
    # That it has succeeded is not for sure before it is on record.
    waiting = ask("wait", "graph.toml", "first", "--timeout", "3s")
    assert waiting.returncode == 124
    assert waiting.stderr.count(f"run 1 {told['waits']}") == 2, waiting.stderr
    assert running.poll() is None


def test_a_disk_that_is_full_for_a_while_delays_the_run_and_loses_nothing(disk: SmallDisk, tmp_path: Path):
    gate, out = tmp_path / "gate", tmp_path / "out"
    write_graph(disk.path, gate)

    def fill(_journal: Path) -> Callable[[], None]:
        disk.fill()
        return disk.make_room

    with start(disk.words(*DAGTUI, "run", "graph.toml"), out) as running:
        check_a_full_journal(running, disk.path, out, gate, fill, disk.words)
    assert "No space left on device; free some space" in out.read_text()


def test_what_ended_well_while_the_disk_was_full_does_not_run_again_after_kill_9(disk: SmallDisk, tmp_path: Path):
    gate, trace, out = tmp_path / "gate", tmp_path / "trace", tmp_path / "out"
    wait = f"until [ -e {gate} ]; do sleep 0.02; done"
    tasks = f'[tasks.n]\nrun = "{wait}; echo $DAGTUI_NODE >> {trace}"\nmatrix = {{ i = {list(range(8))} }}\n'
    (disk.path / "graph.toml").write_text(f"version = 1\n{tasks}")
    journal = disk.path / ".dagtui/graph/runs/1/journal.jsonl"
    with start(disk.words(*DAGTUI, "run", "-j8", "graph.toml"), out) as running:
        wait_for(lambda: journal.exists() and b'"RUNNING"' in journal.read_bytes(), "the nodes run")
        wait_for(lambda: journal.read_bytes().count(b'"RUNNING"') == 8, "all of them")
        disk.fill()
        gate.touch()
        wait_for_line(out, "can't write the journal")
        wait_for(lambda: trace.read_text().count("\n") == 8, "all of them have ended")
        wait_for(lambda: not processes_with(str(gate)), "their processes too")
        running.kill()
    disk.make_room()
    with start(disk.words(*DAGTUI, "run", "--resume", "graph.toml"), out) as running:
        assert running.wait(60) == 0, out.read_text()
    assert trace.read_text().count("\n") == 8


def test_a_limit_on_the_size_of_files_stands_in_where_no_small_disk_can_be_had(tmp_path: Path):
    gate, out = tmp_path / "gate", tmp_path / "out"
    write_graph(tmp_path, gate)

    with start([*DAGTUI, "run", "graph.toml"], out, cwd=tmp_path) as running:

        def fill(journal: Path) -> Callable[[], None]:
            old = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (journal.stat().st_size, old[1]))
            return lambda: resource.prlimit(running.pid, resource.RLIMIT_FSIZE, old)

        check_a_full_journal(running, tmp_path, out, gate, fill, lambda *words: list(words))
    assert "raise the limit of the size of files" in out.read_text()


def test_events_that_find_no_room_are_said_once_and_follow_as_whole_lines(disk: SmallDisk, tmp_path: Path):
    gate, out = tmp_path / "gate", tmp_path / "out"
    write_graph(tmp_path, gate)
    graph = tmp_path / "graph.toml"
    graph.write_text(graph.read_text().replace("echo done", f"while [ ! -e {gate}/three ]; do sleep 0.02; done"))
    journal, events = tmp_path / ".dagtui/graph/runs/1/journal.jsonl", disk.path / "events"
    words = disk.words(*DAGTUI, "run", graph, "--events", "/mnt/events")
    with start(words, out) as running, contextlib.ExitStack() as at_last:
        at_last.callback(running.kill)
        wait_for(lambda: events.exists() and b"RUNNING" in events.read_bytes(), "the first node runs")
        disk.fill()
        (gate / "one").touch()
        wait_for_line(out, "can't write the events (--events): No space left on device; the run continues")
        wait_for(lambda: ("third", "RUNNING") in statuses_so_far(journal), "the run goes on")
        assert events.stat().st_size < journal.stat().st_size
        disk.make_room()
        (gate / "three").touch()
        assert running.wait(60) == 0, out.read_text()
    assert events.read_bytes() == journal.read_bytes().split(b"\n", 1)[1]
    assert out.read_text().count("can't write the events") == 1


def test_a_full_disk_and_a_signal_end_the_run(disk: SmallDisk, tmp_path: Path):
    gate, out = tmp_path / "gate", tmp_path / "out"
    write_graph(disk.path, gate)
    running = start(disk.words(*DAGTUI, "run", "graph.toml"), out)
    journal = disk.path / ".dagtui/graph/runs/1/journal.jsonl"
    wait_for(lambda: journal.exists() and ("first", "RUNNING") in statuses_so_far(journal), "the first node runs")
    disk.fill()
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 143, out.read_text()
    assert processes_with(str(gate)) == []
    assert "Traceback" not in out.read_text()
    assert ("first", "RUNNING") in statuses(journal)


def test_no_room_for_a_run_directory_is_one_clear_line(disk: SmallDisk):
    (disk.path / "graph.toml").write_text('version = 1\n[tasks.a]\nrun = "true"\n')
    disk.fill()
    done = subprocess.run(
        disk.words(*DAGTUI, "run", "graph.toml"), capture_output=True, text=True, env=ENVIRONMENT, timeout=60
    )
    assert done.returncode == 2
    assert "No space left on device; free some space" in done.stderr
    assert "Traceback" not in done.stderr
    disk.make_room()
    done = subprocess.run(
        disk.words(*DAGTUI, "run", "graph.toml"), capture_output=True, text=True, env=ENVIRONMENT, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_pruning_on_a_full_disk_frees_it(disk: SmallDisk):
    (disk.path / "graph.toml").write_text('version = 1\n[tasks.a]\nrun = "true"\n')
    code = (
        "import pathlib\nfrom dagtui.store import directory\n"
        "graph = pathlib.Path('graph.toml')\n"
        "for _ in range(4):\n    directory.RunDirectory.create(graph, 'x' * 20000).close()\n"
        "directory.KEPT = 1\nprint('made')\ninput()\nprint(directory.prune(graph))"
    )
    words = disk.words(sys.executable, "-u", "-c", code)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as pruning:
        assert pruning.stdout is not None
        assert pruning.stdout.readline() == "made\n"
        disk.fill()
        output, _ = pruning.communicate("\n", timeout=60)
    assert output == "[1, 2, 3]\n"
    assert [path.name for path in (disk.path / ".dagtui/graph/runs").iterdir()] == ["4"]


def test_a_run_directory_that_vanishes_is_said_and_the_run_ends_by_itself(tmp_path: Path):
    gate, out = tmp_path / "gate", tmp_path / "out"
    write_graph(tmp_path, gate)
    running = start([*DAGTUI, "run", "graph.toml"], out, cwd=tmp_path)
    journal = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
    wait_for(lambda: journal.exists() and ("first", "RUNNING") in statuses_so_far(journal), "the first node runs")
    subprocess.run(["rm", "-rf", tmp_path / ".dagtui"], check=True)
    wait_for_line(out, "the directory of this run was removed")
    # It can still be looked at and commanded, and it says what it is.
    status = call("status", "graph.toml", cwd=tmp_path)
    assert status.returncode == 0, status.stderr
    assert "it is not recorded and can't be resumed" in status.stdout
    (gate / "one").touch()
    assert running.wait(60) == 0, out.read_text()
    text = out.read_text()
    assert f"{PARTS + 2} done" in text
    assert "Traceback" not in text
    assert processes_with(str(gate)) == []
    resumed = call("run", "graph.toml", "--resume", cwd=tmp_path)
    assert resumed.returncode == 2
    # The last node has printed: its log makes a folder where there was none any more.
    assert "nothing of its record is left in" in resumed.stderr
    assert "start a new run with --fresh" in resumed.stderr


def test_a_directory_that_can_t_be_written_is_served_by_the_state_directory(tmp_path: Path):
    text = 'version = 1\n[tasks.a]\nrun = "echo out"\n'
    state = tmp_path / "state"
    environment = {**ENVIRONMENT, "XDG_STATE_HOME": str(state)}

    def check(words: Callable[..., list[str]], folder: Path) -> None:
        def call(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = words(*DAGTUI, *arguments)
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

        done = call("run", str(folder / "graph.toml"))
        assert done.returncode == 0, done.stderr
        assert str(state / "dagtui") in done.stdout
        assert call("runs", str(folder / "graph.toml")).stdout.split()[:2] == ["1", "completed"]
        assert call("logs", str(folder / "graph.toml"), "a").stdout == "out\n"

    with small_disk() as disk:
        if disk is not None:
            (disk.path / "graph.toml").write_text(text)
            subprocess.run(disk.words(*READ_ONLY), check=True)
            check(disk.words, disk.inside)
            assert not (disk.path / ".dagtui").exists()
        elif os.geteuid() != 0:
            (tmp_path / "graphs").mkdir()
            (tmp_path / "graphs/graph.toml").write_text(text)
            (tmp_path / "graphs").chmod(0o555)
            check(lambda *words: list(words), tmp_path / "graphs")
            assert not (tmp_path / "graphs/.dagtui").exists()


def test_neither_directory_can_be_written(disk: SmallDisk):
    (disk.path / "graph.toml").write_text('version = 1\n[tasks.a]\nrun = "echo out"\n')
    subprocess.run(disk.words(*READ_ONLY), check=True)
    environment = {**ENVIRONMENT, "XDG_STATE_HOME": "/mnt/state"}
    words = disk.words(*DAGTUI, "run", "graph.toml")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Read-only file system" in done.stderr
    assert done.stderr.count("\n") == 1
