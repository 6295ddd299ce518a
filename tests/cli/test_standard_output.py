"""Standard output that is closed, full, slow, or that nobody reads: no traceback, and a run goes on to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.process_listing import fresh_token, processes_with
from support.program import DAGTUI, ENVIRONMENT, call, shell, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAILS = '[tasks.a]\nrun = "echo hello; touch ran"\n[tasks.b]\nneeds = ["a"]\nrun = "touch ended; exit 3"\n'
TOLD = ["check graph.toml", "plan graph.toml", "plan --json graph.toml", "runs", "runs --json", "logs graph.toml a"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    write(folder, FAILS)
    assert call("run", "graph.toml", cwd=folder).returncode == 1
    return folder


@pytest.mark.parametrize("words", TOLD)
def test_a_reader_that_leaves_ends_a_command_that_only_tells(ran: Path, words: str):
    # The reader is gone before anything is written.
    late = f"(while [ ! -e gone ]; do sleep 0.01; done; dagtui {words}; echo $? > status)"
    piped = shell(f"{late} | (exec 0<&-; touch gone)", ran)
    (ran / "gone").unlink()
    assert piped.stderr == ""
    assert (ran / "status").read_text() == "141\n"


@pytest.mark.parametrize("words", [*TOLD, "init $RANDOM.toml"])
def test_a_full_disk_is_one_clear_line(ran: Path, words: str):
    done = shell(f"dagtui {words} > /dev/full", ran)
    assert done.returncode == 2
    assert done.stderr == "dagtui: can't write to standard output: No space left on device\n"


@pytest.mark.parametrize(
    "words", [*TOLD[1:], "schema", "help", "help start", "ps", "--help", "--version", "run --help"]
)
def test_what_only_tells_fails_if_nobody_can_be_told(ran: Path, words: str):
    done = shell(f"dagtui {words} >&-", ran)
    assert (done.returncode, done.stderr) == (2, "dagtui: can't write to standard output: it is closed\n")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
def test_what_answers_by_its_exit_status_needs_no_output(ran: Path, closed: str):
    answers = shell(f"dagtui check {closed}; echo $?; dagtui init new.toml {closed}; echo $?; rm new.toml", ran)
    assert answers.stdout == "0\n0\n"
    assert shell(f"dagtui plan {closed}", ran).returncode == 2


def runs_to_its_end(folder: Path, line: str) -> str:
    """Run a line of bash with a run in it; what it left on standard error."""
    write(folder, FAILS)
    done = shell(f"{line}; echo ${{PIPESTATUS[0]}} > status", folder)
    assert (folder / "ran").exists()
    assert (folder / "ended").exists()
    assert (folder / "status").read_text() == "1\n"
    (run,) = json.loads(call("runs", "--json", cwd=folder).stdout)
    assert run["state"] == "failed"
    assert run["counts"] == {"COMPLETED": 1, "FAILED": 1}
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "dagtui run graph.toml | head -1",
        "dagtui run graph.toml | head -c 0",
        "dagtui run graph.toml >&-",
        "dagtui run graph.toml >&- 2>&- <&-",
        "dagtui run graph.toml <&-",
        "dagtui run graph.toml --events - 2> /dev/null | head -1",
        "dagtui run graph.toml --events - 2> /dev/null > /dev/full",
        "dagtui run graph.toml --events - 2> /dev/full > /dev/null",
        "dagtui run graph.toml --events - >&- 2> /dev/null",
        "dagtui run graph.toml --events /dev/full 2> /dev/null",
    ],
)
def test_a_run_goes_on_to_its_end(tmp_path: Path, line: str):
    assert runs_to_its_end(tmp_path, line) == ""


def test_a_run_says_that_its_lines_can_t_be_written(tmp_path: Path):
    errors = runs_to_its_end(tmp_path, "dagtui run graph.toml > /dev/full")
    assert errors == "dagtui: can't write the plain lines: No space left on device; the run continues without them\n"


@pytest.mark.parametrize("more", [[], ["--events", "-"]], ids=["lines", "events"])
def test_a_reader_that_stopped_does_not_delay_the_run(tmp_path: Path, more: list[str]):
    names = "".join(f'[tasks."{"n" * 150}{number}"]\nrun = "true"\n' for number in range(600))
    write(tmp_path, names)
    words = [*DAGTUI, "run", "graph.toml", *more]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, env=ENVIRONMENT) as it:
        assert it.stdout is not None
        # Nobody reads; the lines are more than a pipe holds.
        journal = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
        wait_for(lambda: journal.exists() and b'"what":"ended"' in journal.read_bytes(), "the run ended")
        assert it.poll() is None
        output = it.stdout.read()
        assert it.wait(60) == 0
    assert output.count(b"\n") > 1200
    assert (b'"what":"ended"' if more else b"600 done") in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_reader_that_never_comes_back_does_not_keep_the_program_from_a_signal(tmp_path: Path, number: int):
    names = "".join(f'[tasks."{"n" * 150}{number}"]\nrun = "true"\n' for number in range(600))
    write(tmp_path, names)
    words = [*DAGTUI, "run", "graph.toml"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=tmp_path, stdout=pipe, stderr=pipe, env=ENVIRONMENT) as it:
        assert it.stderr is not None
        journal = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
        wait_for(lambda: journal.exists() and b'"what":"ended"' in journal.read_bytes(), "the run ended")
        wait_for(lambda: it.send_signal(number) or it.poll() is not None, "the program ended")
        assert it.returncode == -number
        assert it.stderr.read() == b""


def test_a_signal_while_the_event_loop_ends_is_quiet(tmp_path: Path):
    """It comes when the clean-up of the loop has made a coroutine that it has not awaited yet."""
    write(tmp_path, '[tasks.a]\nrun = "true"\n')
    code = (
        "import asyncio, os, signal\n"
        "made = asyncio.BaseEventLoop.shutdown_asyncgens\n"
        "def interrupted(loop):\n"
        "    coroutine = made(loop)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('interrupted')\n"
        "    return coroutine\n"
        "asyncio.BaseEventLoop.shutdown_asyncgens = interrupted\n"
        "from dagtui.cli.main import command\ncommand(['run', 'graph.toml'])"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "interrupted" in done.stdout
    assert "1 done" in done.stdout


@contextmanager
def run_into_a_pipe(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run with events for a named pipe that nobody reads yet."""
    os.mkfifo(folder / "pipe")
    words = [*DAGTUI, "run", "graph.toml", "--events", "pipe"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, env=ENVIRONMENT) as it:
        try:
            yield it
        finally:
            it.kill()


@pytest.mark.parametrize("place", [".", "nowhere/events", ""])
def test_events_that_can_t_be_written_stop_the_run_before_it_begins(tmp_path: Path, place: str):
    write(tmp_path, FAILS)
    done = call("run", "graph.toml", "--events", place, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"dagtui: --events {place}: can't be written: ")
    assert "Errno" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["graph.toml"]


def test_a_named_pipe_gets_every_event_when_somebody_reads_it(tmp_path: Path):
    write(tmp_path, FAILS)
    with run_into_a_pipe(tmp_path) as it:
        wait_for((tmp_path / "ended").exists, "the run goes on though nobody reads yet")
        events = [json.loads(line) for line in (tmp_path / "pipe").read_text().splitlines()]
        assert it.wait(60) == 1
    assert events[-1]["what"] == "ended"
    assert [event["seq"] for event in events] == list(range(events[0]["seq"], events[-1]["seq"] + 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_named_pipe_that_nobody_reads_does_not_keep_the_program_from_a_signal(tmp_path: Path, number: int):
    write(tmp_path, FAILS)
    with run_into_a_pipe(tmp_path) as it:
        journal = tmp_path / ".dagtui/graph/runs/1/journal.jsonl"
        wait_for(lambda: journal.exists() and b'"what":"ended"' in journal.read_bytes(), "the run ended")
        wait_for(lambda: it.send_signal(number) or it.poll() is not None, "the program ended")
        assert it.returncode == -number


def test_plain_lines_have_no_control_codes_and_one_line_for_each_event(tmp_path: Path):
    write(tmp_path, "[tasks.a]\nrun = \"printf '\\\\033[31mred\\\\033[0m\\\\r50%%\\\\n'; exit 1\"\n")
    done = call("run", "graph.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == f"graph run 1: 1 node, {lines[0].split(', ')[1]}, {tmp_path}/.dagtui/graph/runs/1"
    assert lines[1].endswith("▶ a  started")
    assert "✗ a  failed: exit 1" in lines[2]
    assert "  │ 50%" in lines


def test_a_long_silence_is_broken(tmp_path: Path):
    path = write(
        tmp_path, '[tasks.a]\nrun = "while [ ! -e go ]; do sleep 0.02; done"\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n'
    )
    code = (
        "import sys\nfrom dagtui.report import headless\nheadless.SILENCE = 0.2\n"
        "from dagtui.cli.main import command\ncommand(['run', sys.argv[1]])"
    )
    words = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as it:
        assert it.stdout is not None
        still = [line for line in (it.stdout.readline() for _ in range(4)) if "still running" in line]
        (tmp_path / "go").touch()
        assert len(still) == 2
        assert "still running: a 0." in still[0]
        assert still[0].endswith("; 0 / 2 settled\n")
        it.stdout.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_a_run_in_a_broken_pipe(tmp_path: Path, number: int):
    token = fresh_token()
    write(tmp_path, f"""[tasks.a]\nrun = "sh -c 'sleep 60 # {token}'"\n""")
    reading, writing = os.pipe()
    it = subprocess.Popen(
        [*DAGTUI, "run", "graph.toml"], cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    os.close(writing)
    os.close(reading)
    wait_for(lambda: processes_with(token), "the node runs")
    it.send_signal(number)
    _, errors = it.communicate(timeout=60)
    assert it.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert errors == b""
    assert processes_with(token) == []
