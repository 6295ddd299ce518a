"""App, supervisor and reaper are killed together: a resumed run ends what they left before it starts anything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from faults.program import Headless, write_graph
from support.process_listing import alive, all_gone, end_all, gone
from support.waiting import wait_for

from dagtui.execution.local import tagged_processes
from dagtui.runs import previous_processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has tags")
GRAPH = """[tasks.a]
run = '''
[ -e on ] && { [ -e {token} ] || exit 3; exit 0; }
env -i setsid sh -c "{trap} : > {token}; while :; do sleep 0.1; done" {token} < /dev/null > /dev/null 2>&1 &
sleep 600
'''
"""


@pytest.fixture(autouse=True)
def nothing_left(token: str) -> Iterator[None]:
    yield
    end_all(token)


def leave(folder: Path, token: str, trap: str) -> Path:
    """Leave a daemon of a run of which every helper was killed. Return the run's directory."""
    write_graph(folder, GRAPH, token=token, trap=trap)
    with Headless(folder) as run:
        wait_for((folder / token).exists)
        helpers = [run.reaper, run.supervisor, run.log_process]
        keepers = run.directory / previous_processes.NAME
        wait_for(lambda: keepers.exists() and "tag" in keepers.read_text())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in (*helpers[:2], run.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        run.end()
        wait_for(lambda: all_gone(helpers[:2]))
        assert alive(token)
        return run.directory.resolve()


def test_a_resumed_run_ends_what_the_killed_one_left(tmp_path: Path, token: str):
    leave(tmp_path, token, "")
    (tmp_path / "on").touch()
    with Headless(tmp_path, "--resume") as run:
        assert run.end() == 0, run.printed
        assert gone(token)
        assert "processes of run 1 have outlived it; the resumed run ends them first" in run.printed
        assert "that an earlier session had left" in str(run.journal())


def test_what_ignores_term_is_killed(tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch):
    directory = leave(tmp_path, token, "trap '' TERM;")
    monkeypatch.setattr(tagged_processes, "GRACE", 0.3)
    assert previous_processes.left_behind(directory) == []
    assert "that an earlier session had left" in previous_processes.end_survivors(directory)
    assert gone(token)
    assert previous_processes.end_survivors(directory) == ""


def test_it_is_said_that_a_process_waited_for_is_stopped(tmp_path: Path):
    write_graph(tmp_path, "[tasks.a]\nrun = '[ -e on ] || { : > began; sleep 600; }'\n")
    with Headless(tmp_path) as killed:
        wait_for((tmp_path / "began").exists)
        reaper = killed.reaper
        keepers = killed.directory / previous_processes.NAME
        wait_for(lambda: keepers.exists() and f"{reaper} " in keepers.read_text())
        os.kill(reaper, signal.SIGSTOP)
        killed.signal(signal.SIGKILL)
        killed.end()
    (tmp_path / "on").touch()
    try:
        with Headless(tmp_path, "--resume") as run:
            wait_for(lambda: f"(by process {reaper}, which is stopped: kill -CONT {reaper});" in run.printed)
            os.kill(reaper, signal.SIGCONT)
            assert run.end() == 0, run.printed
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(reaper, signal.SIGCONT)


TAGGED = """
import os, resource, subprocess, sys
from pathlib import Path
from dagtui.runs.previous_processes import survivors

tag = 1 << 39 | int.from_bytes(os.urandom(4), "big")
Path("keepers").write_text(f"tag {tag}\\n")
resource.setrlimit(10, (tag, resource.getrlimit(10)[1]))
child = subprocess.Popen(["sleep", "600"])
print(survivors(Path()) == [child.pid])
child.kill()
"""


def test_a_process_of_the_run_that_resumes_it_does_not_end_itself(tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", TAGGED], cwd=tmp_path, env=environment, capture_output=True, timeout=60
    )
    assert done.stdout == b"True\n", done.stderr


def test_other_numbers_are_no_tags(tmp_path: Path):
    (tmp_path / previous_processes.NAME).write_text("tag 0\ntag -1\ntag 9223372036854775807\ntag\ntag x\n7 tag\n")
    assert previous_processes.survivors(tmp_path) == []
    assert previous_processes.left_behind(tmp_path) == []
