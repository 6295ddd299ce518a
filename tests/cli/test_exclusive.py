"""`[run] exclusive`: one live run of a graph, however many are started at once."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

WAITS = "[tasks.a]\nrun = 'until [ -e go ]; do sleep 0.02; done; echo ran >> runs; test ! -e bad'\n"
REFUSED = 'is live, and "exclusive = true" in [run] allows one live run of this graph'


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [*DAGTUI, "run", *options, "graph.toml"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True)


def test_of_several_that_start_at_once_one_runs(tmp_path: Path):
    write(tmp_path, f"[run]\nexclusive = true\n{WAITS}")
    runs = [started(tmp_path) for _ in range(4)]
    wait_for(lambda: sum(run.poll() is not None for run in runs) == 3, "three refusals")
    (tmp_path / "go").touch()
    said = [run.communicate(timeout=60) for run in runs]
    assert sorted(run.returncode for run in runs) == [0, 2, 2, 2]
    assert [REFUSED in errors for _, errors in said].count(True) == 3
    assert (tmp_path / "runs").read_text() == "ran\n"
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0  # nothing of the first one is left in the way


def test_a_resume_is_refused_and_a_killed_run_is_not_in_the_way(tmp_path: Path):
    write(tmp_path, WAITS)
    (tmp_path / "go").touch()
    (tmp_path / "bad").touch()
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 1
    (tmp_path / "go").unlink()
    (tmp_path / "bad").unlink()
    with started(tmp_path) as other:
        wait_for((tmp_path / ".dagtui/graph/runs/2/journal.jsonl").exists, "the second run")
        write(tmp_path, f"[run]\nexclusive = true\n{WAITS}")  # from now on
        done = call("run", "--resume", "1", "graph.toml", cwd=tmp_path)
        assert (done.returncode, REFUSED in done.stderr) == (2, True)
        other.send_signal(signal.SIGKILL)
    (tmp_path / "go").touch()
    done = call("run", "--resume", "1", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
