"""`dagtui runs`: every state a run can be in, and directories on their bad days."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.golden_journals import place_golden
from support.program import DAGTUI, ENVIRONMENT, call, on_a_terminal, strict, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def place(folder: Path, number: int, name: str, graph: str = "graph") -> Path:
    """A golden run as run `number` of a graph."""
    root = folder / ".dagtui"
    run = root / graph / "runs" / str(number)
    for path in (root, root / graph, run.parent, run, run / "logs"):
        path.mkdir(mode=0o700, exist_ok=True)
    place_golden(run, name)
    return run


def listed(folder: Path, *words: str) -> list[dict[str, object]]:
    done = call("runs", *words, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_finished_runs_newest_first(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    for number, name in enumerate(("demo", "retry", "cancel-all", "lost", "fail-fast", "triggers"), 1):
        place(tmp_path, number, name)
    runs = listed(tmp_path, "graph.toml")
    assert [run["run"] for run in runs] == [6, 5, 4, 3, 2, 1]
    assert [run["state"] for run in runs] == ["failed", "failed", "lost", "cancelled", "completed", "failed"]
    assert runs[-1]["counts"] == {"COMPLETED": 11, "FAILED": 1, "FAILED_PARENT": 2}
    assert all(float(str(run["seconds"])) > 0 for run in runs)
    lines = call("runs", "graph.toml", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == 6
    assert lines[-1].split()[:2] == ["1", "failed"]
    assert "11 done, 1 failed, 2 blocked" in lines[-1]
    assert " ago " in lines[-1]
    assert lines[-1].endswith(str(tmp_path / ".dagtui/graph/runs/1"))
    assert "\x1b" not in "".join(lines)
    shown = on_a_terminal("runs", "graph.toml", cwd=tmp_path).decode().splitlines()
    assert len(shown) == 7
    assert shown[5].endswith("11 done, 1 failed, 2 blocked")
    assert shown[6] == f"      journals and logs: {tmp_path / '.dagtui/graph/runs'}"


def test_a_live_run_and_then_a_lost_one(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "sleep 60"\n')
    with subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    ) as it:
        wait_for(lambda: [run["counts"] for run in listed(tmp_path)] == [{"RUNNING": 1}], "the node runs")
        wait_for(lambda: listed(tmp_path)[0]["screen"] is not None, "it has its control socket open")
        (run,) = listed(tmp_path)
        assert (run["graph"], run["state"], run["screen"], run["process"]) == ("graph", "live", "no screen", it.pid)
        assert f"live (no screen, process {it.pid})" in call("runs", "graph.toml", cwd=tmp_path).stdout
        it.send_signal(signal.SIGKILL)
    wait_for(lambda: [run["state"] for run in listed(tmp_path)] == ["lost"], "the run is lost")
    assert (listed(tmp_path)[0]["process"], listed(tmp_path)[0]["screen"]) == (None, None)


def test_nodes_that_were_removed_before_a_resume_are_not_counted(tmp_path: Path):
    both = '[tasks.a]\nrun = "true"\n[tasks.m]\nrun = "exit 4"\nmatrix = { x = [1, 2] }\nallow_failure = true\n'
    write(tmp_path, both + '[tasks.c]\nrun = "exit 1"\n[tasks.d]\nrun = "exit 2"\n')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    assert call("run", "graph.toml", "--resume", cwd=tmp_path).returncode == 1
    assert listed(tmp_path)[0]["counts"] == {"COMPLETED": 1, "FAILED": 4}
    write(tmp_path, both.replace("[1, 2]", "[1]") + '[tasks.c]\nrun = "true"\n')
    done = call("run", "graph.toml", "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 done, 1 failed (allowed)\n" in done.stdout
    (run,) = listed(tmp_path)
    assert (run["state"], run["counts"], run["failed_allowed"]) == ("completed", {"COMPLETED": 2, "FAILED": 1}, 1)


def test_damaged_and_unreadable_runs_show_as_such_and_stop_nothing(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    place(tmp_path, 1, "demo")
    torn, empty, missing, foreign, later = (place(tmp_path, number, "demo") for number in range(2, 7))
    content = (torn / "journal.jsonl").read_bytes()
    (torn / "journal.jsonl").write_bytes(content[:-20])
    (empty / "journal.jsonl").write_bytes(b"")
    (missing / "journal.jsonl").unlink()
    (foreign / "journal.jsonl").unlink()
    (foreign / "journal.jsonl").symlink_to("/etc/passwd")
    (later / "journal.jsonl").unlink()
    (later / "journal.jsonl").mkdir()
    runs = {run["run"]: run for run in listed(tmp_path, "graph.toml")}
    assert [runs[number]["state"] for number in range(1, 7)] == [
        "failed", "damaged", "damaged", "unreadable", "unreadable", "unreadable",
    ]  # fmt: skip
    assert "torn or damaged" in str(runs[2]["why"])
    assert runs[2]["counts"] == runs[1]["counts"]
    assert "symbolic link" in str(runs[5]["why"])
    done = call("runs", cwd=tmp_path)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 7


def test_without_a_graph_all_graphs_are_listed(tmp_path: Path):
    place(tmp_path, 1, "demo", "one")
    place(tmp_path, 1, "retry", "two")
    place(tmp_path, 2, "retry", "two")
    assert [(run["graph"], run["run"]) for run in listed(tmp_path)] == [("one", 1), ("two", 2), ("two", 1)]
    assert call("runs", cwd=tmp_path).stdout.splitlines()[0] == "one:"


def test_no_runs_are_no_error_and_no_file_is_one(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    for words in ([], ["graph.toml"]):
        done = call("runs", *words, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (0, "")
        assert "no runs" in done.stderr
    assert listed(tmp_path) == []
    assert call("runs", "none.toml", cwd=tmp_path).returncode == 2


def test_only_the_newest_are_listed(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    for number in range(1, 24):
        place(tmp_path, number, "timeout")
    done = call("runs", "graph.toml", cwd=tmp_path)
    assert len(done.stdout.splitlines()) == 21
    assert "and 3 older runs: -n 0 shows them all" in done.stdout
    assert len(listed(tmp_path, "graph.toml", "-n", "0")) == 23
    assert [run["run"] for run in listed(tmp_path, "graph.toml", "-n", "1")] == [23]


def test_times_to_come_and_absurd_ones(tmp_path: Path):
    import time
    import zlib

    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    for number, when in enumerate((f"{time.time() + 3700:.3f}", "1e300", "-5.0", "NaN"), 1):
        run = place(tmp_path, number, "timeout")
        lines = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
        head = b'{"seq":1,"time":%b,"event":"journal","version":1' % when.encode()
        (run / "journal.jsonl").write_bytes(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)) + b"".join(lines[1:]))
    done = call("runs", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "in 1 h 01 m" in lines[3]
    assert all("?" in line for line in lines[:3])
    assert all(line.split()[1] == "failed" for line in lines)
    assert strict(call("runs", "--json", cwd=tmp_path).stdout)


@pytest.mark.parametrize("kind", ["file", "link"])
def test_something_else_in_the_place_of_the_directory(tmp_path: Path, kind: str):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    if kind == "file":
        (tmp_path / ".dagtui").write_text("x")
    else:
        (tmp_path / ".dagtui").symlink_to(tmp_path / "nowhere")
    for words in (["run", "graph.toml"], ["runs"]):
        done = call(*words, cwd=tmp_path)
        assert done.returncode == 2
        assert ("move it away" if kind == "file" else "remove the link") in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(ENVIRONMENT, "XDG_STATE_HOME", str(tmp_path / "state"))
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    (tmp_path / ".dagtui").mkdir()
    os.chown(tmp_path / ".dagtui", 12345, 12345)
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert list((tmp_path / ".dagtui").iterdir()) == []
    assert [run["state"] for run in listed(tmp_path, "graph.toml")] == ["completed"]


def test_two_runs_at_once_get_directories_of_their_own(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "sleep 0.2"\n')
    both = [
        subprocess.Popen([*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        for _ in range(3)
    ]
    assert [it.wait(60) for it in both] == [0, 0, 0]
    assert [(run["run"], run["state"]) for run in listed(tmp_path)] == [(n, "completed") for n in (3, 2, 1)]


def test_two_runs_compared(tmp_path: Path):
    write(tmp_path, '[params]\nsize = "s"\n[tasks.a]\nrun = "test {{ params.size }} = s"\n[tasks.b]\nneeds = ["a"]\n')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert call("run", "graph.toml", "--fresh", "-p", "size=l", "-j", "7", cwd=tmp_path).returncode == 1
    told = strict(call("runs", "graph.toml", "--compare", "2", "1", "--json", cwd=tmp_path).stdout)
    assert isinstance(told, dict)
    assert (told["new"]["run"], told["old"]["run"]) == (2, 1)
    assert told["definitions"] == [{"task": "a", "parts": ["params.size"]}]
    assert told["params"] == [{"name": "size", "old": "s", "new": "l"}]
    assert told["slots"]["new"] == 7
    assert [task["task"] for task in told["tasks"]] == ["a", "b"]
    assert told["nodes"] == [
        {"node": "a", "old": "COMPLETED", "new": "FAILED"},
        {"node": "b", "old": "COMPLETED", "new": "FAILED_PARENT"},
    ]
    assert (told["new_tasks"], told["gone_tasks"], told["cells"], told["problem"]) == ([], [], [], None)
    lines = call("runs", "--compare", "2", "1", cwd=tmp_path).stdout.splitlines()
    assert lines[0].startswith("run 2, ")
    assert lines[0].endswith(": a: exit 1")
    assert "parameters   size: s → l" in lines
    assert "a: done → failed" in lines
    missing = call("runs", "graph.toml", "--compare", "2", "5", cwd=tmp_path)
    assert (missing.returncode, "no run 5" in missing.stderr) == (2, True)


def test_a_comparison_with_a_damaged_run_says_what_can_not_be_compared(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    for number, name in enumerate(("demo", "retry"), 1):
        place(tmp_path, number, name)
    (tmp_path / ".dagtui/graph/runs/2/graph.toml").write_bytes(b"\x1b[31m\xff")
    (tmp_path / ".dagtui/graph/runs/1/journal.jsonl").unlink()
    done = call("runs", "graph.toml", "--compare", "2", "1", cwd=tmp_path)
    assert done.returncode == 0
    assert "can't be compared" in done.stdout
    assert "unreadable" in done.stdout
    assert "\x1b" not in done.stdout
