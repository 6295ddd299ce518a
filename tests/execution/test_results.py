from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio.lowlevel
import pytest
from support.executor_harness import ExecutorHarness, kept_open, python, served, serving
from support.waiting import SECONDS, until

from dagtui.engine.messages import Ended, EndKind, Result, Started, Withdrawn
from dagtui.execution.local.link import SupervisorLink
from dagtui.graph.model import ArgumentList, ShellCommand, Task

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [0, 1, 2, 255])
async def test_an_exit_status_is_delivered(tmp_path: Path, status: int):
    async with served(tmp_path, f"exit {status}") as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, status)
        assert end.seconds > 0
        assert harness.of(0) == [Started(0, 1), end]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
async def test_a_signal_is_delivered(tmp_path: Path, number: signal.Signals):
    async with served(tmp_path, f"kill -{number.value} $$") as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.SIGNAL, number.value)


async def test_a_node_without_an_action_begins_and_ends_well(tmp_path: Path):
    async with served(tmp_path, Task("join")) as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, 0)
        assert harness.of(0) == [Started(0, 1), end]
        assert await harness.silent()


async def test_attempts_of_one_node_are_distinguished(tmp_path: Path):
    async with served(tmp_path, "echo $DAGTUI_ATTEMPT; exit $DAGTUI_ATTEMPT") as harness:
        for attempt in (1, 2, 3):
            harness.start(0, attempt=attempt)
        assert [(await harness.ended(0, attempt)).value for attempt in (1, 2, 3)] == [1, 2, 3]
        assert [await harness.log(0, attempt) for attempt in (1, 2, 3)] == [b"1\n", b"2\n", b"3\n"]


async def test_requests_before_anybody_serves_are_carried_out(tmp_path: Path):
    async with kept_open(ExecutorHarness(tmp_path, "exit 4")) as harness:
        harness.start(0)
        async with serving(harness):
            assert (await harness.ended()).value == 4


async def test_serving_in_turns_loses_no_result(tmp_path: Path):
    async with kept_open(ExecutorHarness(tmp_path, *["true"] * 60, slots=2)) as harness:
        harness.start_all()
        while sum(isinstance(result, Ended) for result in harness.results) < 60:
            async with serving(harness):
                seen = len(harness.results)
                while len(harness.results) == seen:
                    await anyio.lowlevel.checkpoint()
    assert sorted(result.node for result in harness.results if isinstance(result, Started)) == list(range(60))


async def test_a_start_that_fails_before_serving_is_delivered_when_served(tmp_path: Path):
    async with kept_open(ExecutorHarness(tmp_path, "true", ArgumentList(("no-such-thing",)))) as harness:
        for node in (0, 1):
            harness.start(node)
            assert harness.end_of(node) is None
            async with serving(harness):
                await harness.ended(node)


async def test_more_requests_than_the_socket_holds(tmp_path: Path):
    async with served(tmp_path, "true", "true", slots=0) as harness:
        harness.start(0)
        await until(lambda: harness.executor.processes[1])
        supervisor = harness.executor.processes[1]
        os.kill(supervisor, signal.SIGSTOP)
        for attempt in range(2, 5000):
            harness.start(1, attempt=attempt)
        os.kill(supervisor, signal.SIGCONT)
        for attempt in range(2, 5000):
            harness.executor.withdraw(1, attempt)
        harness.executor.flush()
        await until(lambda: len(harness.results) == 4998)
        assert harness.results == [Withdrawn(1, attempt) for attempt in range(2, 5000)]


async def test_exceptions_of_a_listener_are_raised_by_serve(tmp_path: Path):
    refused: list[Result] = []

    def refuse(result: Result) -> None:
        refused.append(result)
        if len(refused) == 1:
            raise RuntimeError("no")

    harness = ExecutorHarness(tmp_path, "true")
    harness.executor.open(refuse, 1)
    harness.start(0)
    with pytest.raises(RuntimeError, match="no"):
        await harness.executor.serve()
    await harness.executor.close()
    assert [type(result) for result in refused] == [Started, Ended]


# --- Could not start


def script(folder: Path, text: str, mode: int = 0o755) -> str:
    path = folder / "program"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


async def refused(folder: Path, action: ArgumentList | Task | ShellCommand, *, lasting: bool = False) -> str:
    async with served(folder, action, "true") as harness:
        harness.start(0)
        end = await harness.ended()
        assert harness.of(0) == [end]
        assert end.kind is EndKind.COULD_NOT_START
        assert end.lasting is lasting
        harness.start(1)
        assert (await harness.ended(1)).value == 0
        return end.text


async def test_a_program_that_is_not_in_path(tmp_path: Path):
    assert await refused(tmp_path, ArgumentList(("no-such-thing",))) == 'program "no-such-thing" not found in PATH'


async def test_a_program_in_path_that_is_not_executable(tmp_path: Path):
    script(tmp_path, "", 0o644)
    task = Task("x", ArgumentList(("program",)), env={"PATH": str(tmp_path)})
    assert await refused(tmp_path, task) == f'program "program" is not executable: {tmp_path}/program'


async def test_a_program_path_that_does_not_exist(tmp_path: Path):
    assert await refused(tmp_path, ArgumentList(("./gone",))) == 'program "./gone" does not exist'


async def test_a_program_path_that_is_not_executable(tmp_path: Path):
    path = script(tmp_path, "", 0o644)
    assert "is not executable" in await refused(tmp_path, ArgumentList((path,)))


async def test_a_directory_as_a_program(tmp_path: Path):
    assert "is not executable" in await refused(tmp_path, ArgumentList((str(tmp_path),)))


async def test_an_interpreter_that_does_not_exist(tmp_path: Path):
    path = script(tmp_path, "#!/no/such/interpreter\n")
    assert await refused(tmp_path, ArgumentList((path,))) == (
        f'the interpreter that program "{path}" names in its "#!" line does not exist'
    )


async def test_a_path_through_a_file(tmp_path: Path):
    path = script(tmp_path, "")
    assert "part of its path is not a directory" in await refused(tmp_path, ArgumentList((path + "/x",)))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            ArgumentList(("/bin/true", "x" * (1 << 20))),
            "a script or argument has 1,048,576 bytes, the kernel takes at most 131,071: put it in a file",
        ),
        (
            ShellCommand("true; " * 30_000),
            "a script or argument has 180,000 bytes, the kernel takes at most 131,071: put it in a file",
        ),
        (
            Task("x", ArgumentList(("/bin/true",)), env={"LONG": "x" * (1 << 18)}),
            'the variable "LONG" has 262,149 bytes, the kernel takes at most 131,071: put it in a file',
        ),
        (
            ArgumentList(("/bin/true", *["x" * 100_000] * 200)),
            "the arguments and the environment are too long together: put arguments in a file",
        ),
    ],
)
async def test_what_is_too_long_says_the_way_out(
    tmp_path: Path, task: ArgumentList | ShellCommand | Task, message: str
):
    assert await refused(tmp_path, task, lasting=True) == message


async def test_a_null_byte(tmp_path: Path):
    assert "null byte" in await refused(tmp_path, ArgumentList(("/bin/true", "a\0b")), lasting=True)


async def test_a_variable_without_a_proper_name(tmp_path: Path):
    task = Task("x", ArgumentList(("/bin/true",)), env={"a=b": "c"})
    assert "proper name" in await refused(tmp_path, task, lasting=True)


async def test_a_missing_working_directory(tmp_path: Path):
    text = await refused(tmp_path, Task("x", ShellCommand("true"), cwd="gone"))
    assert text == f'working directory "{tmp_path}/gone" does not exist'


async def test_a_file_as_working_directory(tmp_path: Path):
    script(tmp_path, "")
    assert "is not a directory" in await refused(tmp_path, Task("x", ShellCommand("true"), cwd="program"))


async def test_a_working_directory_that_vanishes_between_attempts(tmp_path: Path):
    (tmp_path / "here").mkdir()
    async with served(tmp_path, Task("x", ShellCommand("true"), cwd="here")) as harness:
        harness.start(0)
        assert (await harness.ended(0)).kind is EndKind.EXIT
        (tmp_path / "here").rmdir()
        harness.start(0, attempt=2)
        assert (await harness.ended(0, 2)).kind is EndKind.COULD_NOT_START


async def test_a_name_cannot_carry_control_characters_into_the_message(tmp_path: Path):
    text = await refused(tmp_path, ArgumentList(("evil\x1b]52;c;x\x07\n",)))
    assert text.isprintable()


def test_without_descriptors_attempts_wait_for_those_of_others(tmp_path: Path):
    # In a separate process, because the limit must hold for the supervisor from its start.
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("few_descriptors.py")), str(tmp_path), "40"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    said = ["no file descriptors left (see ulimit -n); nodes begin as others end"]
    assert done.stdout.splitlines() == [f"{said} {{{EndKind.SIGNAL!r}}}", "later: 3"], done.stderr


# --- Scripts


async def test_a_script_without_an_interpreter_line_is_read_by_sh(tmp_path: Path):
    path = script(tmp_path, 'echo "script $1"\n')
    async with served(tmp_path, ArgumentList((path, "a b")), f"{path} ab") as harness:
        harness.start_all()
        assert await harness.log(0) == b"script a b\n"
        assert await harness.log(1) == b"script ab\n"


async def test_a_program_that_a_shell_line_does_not_find_is_the_shells_to_report(tmp_path: Path):
    async with served(tmp_path, "no-such-thing now") as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, 127)
        assert b"no-such-thing" in await harness.log()


async def test_the_end_of_a_busy_program_is_not_waited_for_by_others(tmp_path: Path):
    async with served(tmp_path, python("import signal; signal.pause()"), "exit 5") as harness:
        harness.start_all()
        assert (await harness.ended(1)).value == 5
        assert harness.end_of(0) is None


def test_a_supervisor_that_is_not_needed_ends_before_its_caller():
    link = SupervisorLink()
    link.dismiss()
    with pytest.raises(ChildProcessError):  # it has been reaped
        os.waitpid(link.reaper, os.WNOHANG)
    link.dismiss()  # as after a run, which has closed it
