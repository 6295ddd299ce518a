from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from execution.app import IMPATIENT, OTHERS
from support.descendants import KINDS
from support.executor_harness import IDLE, ExecutorHarness, python, served
from support.families import Gathering, family, present
from support.process_listing import alive, end, gone, is_alive, named, state
from support.waiting import SECONDS, until, wait_for

from dagtui.engine.messages import Ended, EndKind, Remark, Started
from dagtui.graph.model import ShellCommand, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = Path(__file__).with_name("app.py")
KEEPER = "run-reaper"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagtui.execution.local.link._LAUNCH", IMPATIENT)
    monkeypatch.setattr("dagtui.execution.local.link._NEEDED", ("SPARED_BY_SIGNALS",))


# --- The app dies


@contextmanager
def app(folder: Path, token: str) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """A live app with its reaper and supervisor, and with all processes of its nodes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(APP), str(folder), token], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            reaper, supervisor = map(int, process.stdout.readline().split())
            wait_for(Gathering(token, *OTHERS))
            yield process, reaper, supervisor
        finally:
            process.kill()


def log_process(supervisor: int) -> int:
    wait_for(lambda: named("dagtui-log", supervisor))
    return named("dagtui-log", supervisor)[0]


@pytest.mark.parametrize(
    "victims",
    [["app"], ["supervisor", "app"], ["reaper", "app"], ["log", "app"], ["app", "supervisor"], ["app", "reaper"]],
)
def test_nothing_survives_the_death_of_the_app(tmp_path: Path, token: str, victims: list[str]):
    with app(tmp_path, token) as (process, reaper, supervisor):
        log = log_process(supervisor)
        pids = {"app": process.pid, "reaper": reaper, "supervisor": supervisor, "log": log}
        for victim in victims:
            end(pids[victim])
        assert process.wait(SECONDS) == -signal.SIGKILL
        wait_for(lambda: gone(token))
        wait_for(lambda: not any(is_alive(pid) for pid in (reaper, supervisor, log)))


@pytest.mark.parametrize("victims", [["app", "supervisor"], ["supervisor", "app"], ["app", "stopped supervisor"]])
def test_nothing_survives_when_the_reaper_died_long_before(tmp_path: Path, token: str, victims: list[str]):
    with app(tmp_path, token) as (process, reaper, supervisor):
        log = log_process(supervisor)
        end(reaper)
        wait_for(lambda: named(KEEPER, supervisor))
        (substitute,) = named(KEEPER, supervisor)
        os.kill(supervisor, signal.SIGSTOP)
        for victim in victims:
            if victim != "stopped supervisor":
                end({"app": process.pid, "supervisor": supervisor}[victim])
        wait_for(lambda: gone(token))
        wait_for(lambda: not any(is_alive(pid) for pid in (substitute, supervisor, log)))


def test_a_log_process_that_hangs_does_not_survive_the_death_of_app_and_supervisor(tmp_path: Path, token: str):
    with app(tmp_path, token) as (process, reaper, supervisor):
        log = log_process(supervisor)
        os.kill(log, signal.SIGSTOP)
        end(supervisor)
        end(process.pid)
        wait_for(lambda: gone(token))
        wait_for(lambda: not any(is_alive(pid) for pid in (reaper, supervisor, log)))


def test_term_to_reaper_supervisor_and_log_process_changes_nothing(tmp_path: Path, token: str):
    with app(tmp_path, token) as (_, reaper, supervisor):
        log = log_process(supervisor)
        for pid in (reaper, supervisor, log):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(pid, number)
        pending = [Path(f"/proc/{pid}/status").read_text() for pid in (reaper, supervisor, log)]
        assert all("SigBlk" in text for text in pending)
        assert all(is_alive(pid) for pid in (reaper, supervisor, log))
        assert present(token) | {"hopper"} == {*KINDS, *OTHERS}


# --- The supervisor, the reaper or the log process dies


async def settled(harness: ExecutorHarness, *nodes: int) -> None:
    for node in nodes:
        await harness.ended(node)


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_when_the_supervisor_dies_begun_attempts_are_lost_and_the_run_continues(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay"), "exit 3", "exit 4", slots=1) as harness:
        harness.start(0, 1)
        await until(Gathering(token))
        await harness.begun(0)
        end(harness.executor.processes[1])
        lost = await harness.ended(0)
        assert lost.kind is EndKind.LOST
        assert gone(token), "no process is alive when an attempt is reported as lost"
        assert (await harness.ended(1)).value == 3
        harness.start(2)
        assert (await harness.ended(2)).value == 4
        assert harness.of(1)[0] == Started(1, 1)


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_what_a_dead_supervisor_leaves_hears_term_before_it_is_killed(tmp_path: Path):
    code = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "open('up', 'w').close()\n"
        "signal.sigwait({15})\n"
        "open('bye', 'w').close()"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        await harness.begun(0)
        await until((tmp_path / "up").exists)
        end(harness.executor.processes[1])
        assert (await harness.ended(0)).kind is EndKind.LOST
        assert (tmp_path / "bye").exists()


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_a_log_that_was_complete_stays_so_when_its_attempt_is_lost(tmp_path: Path):
    async with served(tmp_path, "echo x; exec >&- 2>&-; exec sleep 600") as harness:
        harness.start(0)
        assert await harness.log() == b"x\n"
        end(harness.executor.processes[1])
        assert (await harness.ended(0)).kind is EndKind.LOST
        assert harness.sizes == {(0, 1): 2}


@pytest.mark.anyio
async def test_supervisor_and_reaper_die_together(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay"), "exit 3") as harness:
        harness.start(0)
        await until(Gathering(token))
        await harness.begun(0)
        reaper, supervisor = harness.executor.processes
        os.kill(supervisor, signal.SIGSTOP)
        end(reaper)
        end(supervisor)
        assert (await harness.ended(0)).kind is EndKind.LOST
        assert gone(token)
        harness.start(1)
        assert (await harness.ended(1)).value == 3


@pytest.mark.anyio
async def test_a_reaper_that_dies_is_replaced_and_nothing_else_changes(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay"), "exit 3") as harness:
        harness.start(0)
        await until(Gathering(token))
        await harness.begun(0)
        first, supervisor = harness.executor.processes
        end(first)
        await until(lambda: harness.executor.processes[0] != first)
        second = harness.executor.processes[0]
        assert named(KEEPER, supervisor) == [second]
        assert remarks(harness) == [
            f"the reaper process ({first}) died; the supervisor process started another one ({second})"
        ]
        end(second)
        await until(lambda: harness.executor.processes[0] not in {first, second})
        assert not is_alive(second)
        assert state(first) == state(second) == "X", "both are reaped"
        assert len(remarks(harness)) == 2
        harness.start(1)
        assert (await harness.ended(1)).value == 3
        assert harness.end_of(0) is None
        await harness.executor.close()
        assert gone(token)
        assert not is_alive(supervisor)


def remarks(harness: ExecutorHarness) -> list[str]:
    """Return the remarks about the run as a whole."""
    return [result.text for result in harness.results if isinstance(result, Remark) and result.node < 0]


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_a_substitute_ends_what_a_dead_supervisor_leaves(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay"), "exit 3") as harness:
        harness.start(0)
        await until(Gathering(token))
        await harness.begun(0)
        first, supervisor = harness.executor.processes
        end(first)
        await until(lambda: harness.executor.processes[0] != first)
        end(supervisor)
        assert (await harness.ended(0)).kind is EndKind.LOST
        assert gone(token)
        harness.start(1)
        assert (await harness.ended(1)).value == 3
        assert remarks(harness)[-1] == f"the supervisor process ({supervisor}) died; another one takes over"


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_an_attempt_that_had_ended_when_the_supervisor_died_is_not_lost(tmp_path: Path):
    wait = "until [ -e go ]; do sleep 0.01; done; echo $$ > {name}; exit {status}"
    commands = [wait.format(name=name, status=status) for name, status in (("a", 0), ("b", 7))]
    async with served(tmp_path, *commands, python(IDLE)) as harness:
        harness.start_all()
        await harness.begun(2)
        os.kill(harness.executor.processes[1], signal.SIGSTOP)
        (tmp_path / "go").touch()
        await until(lambda: all(has_ended(tmp_path / name) for name in "ab"))
        end(harness.executor.processes[1])
        found = [await harness.ended(node) for node in range(3)]
        assert [(end.kind, end.value) for end in found] == [(EndKind.EXIT, 0), (EndKind.EXIT, 7), (EndKind.LOST, 0)]
        assert all(0 < end.seconds < SECONDS for end in found[:2])


def has_ended(pid_file: Path) -> bool:
    """Return whether a process that has written its pid is a zombie or does not exist."""
    words = pid_file.read_text() if pid_file.exists() else ""
    return words.endswith("\n") and not is_alive(int(words))


@pytest.mark.anyio
async def test_what_was_stopped_before_the_supervisor_died_does_not_begin_later(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "true", "exit 3", slots=1) as harness:
        harness.start(0)
        await harness.begun(0)
        os.kill(harness.executor.processes[1], signal.SIGSTOP)
        harness.start(1, 2)
        harness.stop(1, 0)
        end(harness.executor.processes[1])
        assert (await harness.ended(2)).value == 3
        await harness.withdrawn(1)
        assert not harness.has_begun(1)


@pytest.mark.anyio
async def test_nothing_begins_twice_when_the_supervisor_dies_before_it_has_said_so(tmp_path: Path):
    command = "echo begun >> trace; exec sleep 600"
    async with served(tmp_path, command) as harness:
        trace = tmp_path / "trace"
        harness.start(0)
        while not trace.exists():  # blocks the event loop, so that the message that it has begun is not read
            assert harness.results == []
        end(harness.executor.processes[1] or supervisor_of(harness))
        assert (await harness.ended(0)).kind is EndKind.LOST
        assert [type(result) for result in harness.of(0)] == [Started, Ended]
        assert trace.read_text() == "begun\n"


def supervisor_of(harness: ExecutorHarness) -> int:
    reaper = harness.executor.processes[0]
    wait_for(lambda: named("dag-supervisor", reaper))
    return named("dag-supervisor", reaper)[0]


@pytest.mark.anyio
async def test_supervisors_that_die_again_and_again(tmp_path: Path):
    async with served(tmp_path, python(IDLE), "exit 3") as harness:
        for attempt in (1, 2, 3, 4, 5):
            harness.start(0, attempt=attempt)
            await harness.begun(0, attempt)
            end(harness.executor.processes[1])
            assert (await harness.ended(0, attempt)).kind is EndKind.LOST
        harness.start(1)
        assert (await harness.ended(1)).value == 3


@pytest.mark.anyio
async def test_a_supervisor_that_never_starts_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.execution.local.link._LAUNCH", os.devnull)
    async with served(tmp_path, "true") as harness:
        harness.start(0)
        refused = await harness.ended(0)
        assert refused.kind is EndKind.COULD_NOT_START
        assert "supervisor" in refused.text
        monkeypatch.undo()
        harness.start(0, attempt=2)
        assert (await harness.ended(0, 2)).value == 0


@pytest.mark.anyio
async def test_when_the_log_process_dies_tasks_and_logs_continue(tmp_path: Path):
    command = "echo first; read x < fifo; echo second; exit 3"
    async with served(tmp_path, command, "echo x; exit 4") as harness:
        os.mkfifo(tmp_path / "fifo")
        harness.start(0)
        await harness.printed(b"first\n")
        await harness.begun(0)
        supervisor = harness.executor.processes[1]
        end(log_process(supervisor))
        (tmp_path / "fifo").write_text("go\n")
        assert (await harness.ended(0)).value == 3
        harness.start(1)
        assert (await harness.ended(1)).value == 4
        assert await harness.log(0) == b"first\nsecond\n"
        assert await harness.log(1) == b"x\n"


@pytest.mark.anyio
async def test_a_stopped_log_process_holds_up_no_status(tmp_path: Path):
    async with served(tmp_path, "echo x; sleep 600", *["echo y; exit 3"] * 20, slots=4) as harness:
        harness.start(0)
        await harness.printed(b"x\n")
        await harness.begun(0)
        log = log_process(harness.executor.processes[1])
        os.kill(log, signal.SIGSTOP)
        harness.start(*range(1, 21))
        for node in range(1, 21):
            assert (await harness.ended(node)).value == 3
        os.kill(log, signal.SIGCONT)
        assert [await harness.log(node) for node in range(1, 21)] == [b"y\n"] * 20


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_an_unkillable_process_delays_nothing_and_closing_is_bounded(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dagtui.execution.local.executor._BOUND", 1.0)
    monkeypatch.setenv("SPARED_BY_SIGNALS", token)
    tasks = [Task("x", python(IDLE, token), grace=0.1), Task("y", ShellCommand("exit 3"), grace=0.1)]
    async with served(tmp_path, *tasks) as harness:
        harness.start(0)
        await until(lambda: alive(token))
        harness.stop(0, 0)
        harness.start(1)
        assert (await harness.ended(1)).value == 3
        assert harness.end_of(0) is None
        reaper, supervisor = harness.executor.processes
        await harness.executor.close()
        assert harness.end_of(0) == Ended(0, 1, EndKind.LOST, text="a process of it can't be killed")
    await until(lambda: not is_alive(supervisor) and not is_alive(reaper))
    assert alive(token)
    for pid in alive(token):
        end(pid)
    await until(lambda: gone(token))


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_an_unkillable_leader_shields_no_other_process(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SPARED_BY_SIGNALS", token)
    monkeypatch.setattr("dagtui.execution.local.executor._BOUND", 1.0)
    code = "import os, sys\nif not os.fork(): os.execl(sys.executable, sys.executable, '-c', sys.argv[2], sys.argv[3])"
    word = token.replace("token", "child", 1)
    leader = python(f"{code}\n{IDLE}", token, IDLE, word)
    async with served(tmp_path, Task("x", leader, grace=0.1)) as harness:
        harness.start(0)
        await until(lambda: len(alive(word)) == 2)  # the leader's own arguments hold the word too
        harness.stop(0, 0)
        await until(lambda: alive(word) == alive(token))
        assert alive(token)
        for pid in alive(token):
            end(pid)
        await harness.ended(0)


@pytest.mark.anyio
async def test_closing_does_not_wait_for_a_log_process_that_hangs(tmp_path: Path):
    async with served(tmp_path, "echo first; read x < on; echo second") as harness:
        os.mkfifo(tmp_path / "on")
        harness.start(0)
        await harness.printed(b"first\n")
        await harness.begun(0)
        log = log_process(harness.executor.processes[1])
        os.kill(log, signal.SIGSTOP)
        (tmp_path / "on").write_text("go\n")
        await harness.ended(0)
        await harness.executor.close()
        assert harness.sizes == {(0, 1): -1}
        assert not is_alive(log)


@pytest.mark.anyio
async def test_the_log_process_finishes_when_supervisor_and_reaper_die_together(tmp_path: Path):
    async with served(tmp_path, "echo first; read x < on; echo second; : > said; exec sleep 600") as harness:
        os.mkfifo(tmp_path / "on")
        harness.start(0)
        await harness.printed(b"first\n")
        await harness.begun(0)
        reaper, supervisor = harness.executor.processes
        log = log_process(supervisor)
        os.kill(log, signal.SIGSTOP)
        (tmp_path / "on").write_text("go\n")
        await until((tmp_path / "said").exists)
        os.kill(supervisor, signal.SIGSTOP)
        end(reaper)
        end(supervisor)
        assert (await harness.ended(0)).kind is EndKind.LOST
        os.kill(log, signal.SIGCONT)
        await harness.printed(b"first\nsecond\n")
        await until(lambda: not is_alive(log))


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_kill_is_sent_until_it_is_heard(tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPARED_BY_SIGNALS", token)
    os.mkfifo(tmp_path / "on")
    code = "import os\nopen('on').close()\nos.execlp('sleep', 'sleep', '600')"
    async with served(tmp_path, python(code, token), *["exit 3"] * 2) as harness:
        harness.start(0)
        await until(lambda: alive(token))
        harness.stop(0, 0)
        for node in (1, 2):  # the supervisor began these after it had sent KILL
            harness.start(node)
            await harness.ended(node)
        assert harness.end_of(0) is None
        os.close(os.open(tmp_path / "on", os.O_WRONLY))
        assert (await harness.ended(0)).value == signal.SIGKILL


@pytest.mark.anyio
@pytest.mark.usefixtures("impatient")
async def test_closing_while_the_supervisor_is_stopped_ends_everything(tmp_path: Path, token: str):
    async with served(tmp_path, family(token, "stay")) as harness:
        harness.start(0)
        await until(Gathering(token))
        await harness.begun(0)
        os.kill(harness.executor.processes[1], signal.SIGSTOP)
        await harness.executor.close()
        assert gone(token)
        assert (await harness.ended(0)).kind is EndKind.LOST
