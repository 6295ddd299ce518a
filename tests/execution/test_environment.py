"""The environment of an attempt: descriptors, signals, variables, directory, limits."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import python, served
from support.process_listing import is_alive
from support.waiting import SECONDS, wait_for

from dagtui.graph.model import ShellCommand, Task

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

KNOWN = sum(1 << number - 1 for number in signal.valid_signals())
BASE = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "LANG": "C"}


async def variables(folder: Path, env: dict[str, str], base: dict[str, str], *, colour: bool = False) -> dict[str, str]:
    """Return the variables of an attempt."""
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    task = Task("the node", python(code), env=env, colour=colour)
    async with served(folder, task, environment=base) as harness:
        harness.start(0)
        found: dict[str, str] = json.loads(await harness.log())
        return found


async def test_the_environment_is_the_frozen_one_and_the_nodes_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LATER", "not frozen")
    found = await variables(tmp_path, {"OWN": "value", "HOME": "/own"}, BASE)
    found.pop("LC_CTYPE", None)  # the Python of this task adds it to its own environment
    assert found == {
        "PATH": BASE["PATH"],
        "HOME": "/own",
        "LANG": "C",
        "OWN": "value",
        "PWD": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
        "DAGTUI_RUN_ID": "run-1",
        "DAGTUI_RUN_DIR": str(tmp_path),
        "DAGTUI_NODE": "the node",
        "DAGTUI_ATTEMPT": "1",
        "DAGTUI_OUTPUT": str(tmp_path / "0-1.env"),
    }


@pytest.mark.parametrize(
    ("env", "base", "expected"),
    [
        ({}, {}, ("1", "1", "1")),
        ({}, {"NO_COLOR": "1"}, (None, None, "1")),
        ({"NO_COLOR": ""}, {"NO_COLOR": "1"}, ("1", "1", "1")),
        ({}, {"NO_COLOR": ""}, ("1", "1", "1")),
        ({"NO_COLOR": "1"}, {}, (None, None, "1")),
        ({"NO_COLOR": "1", "FORCE_COLOR": "3"}, {}, ("3", None, "1")),
        ({"NO_COLOR": "1"}, {"FORCE_COLOR": "2"}, ("2", None, "1")),
        ({}, {"FORCE_COLOR": "0"}, ("0", "1", "1")),
        ({"PYTHONUNBUFFERED": ""}, {}, ("1", "1", "")),
    ],
)
async def test_a_task_that_asks_for_colours_gets_them_unless_a_variable_forbids_them(
    tmp_path: Path, env: dict[str, str], base: dict[str, str], expected: tuple[str | None, ...]
):
    found = await variables(tmp_path, env, BASE | base, colour=True)
    assert tuple(map(found.get, ("FORCE_COLOR", "CLICOLOR_FORCE", "PYTHONUNBUFFERED"))) == expected


@pytest.mark.parametrize("base", [{}, {"FORCE_COLOR": "2", "CLICOLOR_FORCE": ""}, {"NO_COLOR": "1"}])
async def test_without_the_key_colours_are_as_the_caller_has_them(tmp_path: Path, base: dict[str, str]):
    found = await variables(tmp_path, {}, BASE | base)
    assert {name: value for name, value in found.items() if "COLOR" in name} == base


async def test_bytes_that_are_no_text_pass_through_variables_and_arguments(tmp_path: Path):
    raw = os.fsdecode(b"\xff\xfe")
    code = "import os, sys; os.write(1, os.environb[b'RAW'] + b' ' + os.fsencode(sys.argv[1]))"
    async with served(tmp_path, Task("x", python(code, raw), env={"RAW": raw})) as harness:
        harness.start(0)
        assert await harness.log() == b"\xff\xfe \xff\xfe"


async def test_standard_input_is_empty(tmp_path: Path):
    async with served(tmp_path, "cat; echo end") as harness:
        harness.start(0)
        assert await harness.log() == b"end\n"


@pytest.mark.parametrize("slots", [8, 1000])
async def test_no_other_descriptor_is_inherited(tmp_path: Path, slots: int):
    code = (
        "import os\n"
        "def is_open(fd):\n"
        "    try: return os.fstat(fd)\n"
        "    except OSError: return False\n"
        "print([fd for fd in range(5000) if is_open(fd)])"
    )
    ours = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(ours, True)
    try:
        async with served(tmp_path, "echo x; sleep 600", *[python(code)] * 8, slots=slots) as harness:
            harness.start_all()
            for node in range(1, 9):
                assert await harness.log(node) == b"[0, 1, 2]\n"
    finally:
        os.close(ours)


async def test_signals_are_as_a_login_shell_has_them(tmp_path: Path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        async with served(tmp_path, "cat /proc/self/status") as harness:
            harness.start(0)
            status = dict(line.split(":\t") for line in (await harness.log()).decode().splitlines())
            assert [int(status[name], 16) & KNOWN for name in ("SigBlk", "SigIgn", "SigCgt")] == [0, 0, 0]
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGHUP, before[1])


async def test_umask_directory_and_limits_are_those_of_the_app(tmp_path: Path):
    (tmp_path / "there").mkdir()
    task = Task("x", ShellCommand("umask; pwd; ulimit -n; ulimit -c"), cwd="there")
    before = os.umask(0o027)
    try:
        async with served(tmp_path, task) as harness:
            harness.start(0)
            lines = (await harness.log()).decode().splitlines()
    finally:
        os.umask(before)
    assert lines[:2] == ["0027", str(tmp_path / "there")]
    assert lines[2] == str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


async def test_each_attempt_leads_a_session_of_its_own_without_a_terminal(tmp_path: Path):
    code = (
        "import os; print(os.getsid(0) == os.getpid() == os.getpgrp())\n"
        "try: os.open('/dev/tty', 2)\n"
        "except OSError: print('no tty')"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        assert await harness.log() == b"True\nno tty\n"


async def test_a_logical_working_directory_stays_logical(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    tasks = [Task(str(i), ShellCommand(text), cwd="link") for i, text in enumerate(["pwd", "echo $PWD | cat"])]
    async with served(tmp_path, *tasks, environment=BASE | {"PWD": "/elsewhere"}) as harness:
        harness.start_all()
        assert [await harness.log(node) for node in (0, 1)] == [f"{tmp_path}/link\n".encode()] * 2


def test_an_app_that_ends_without_closing_leaves_no_process(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from support.executor_harness import ExecutorHarness\n"
        "harness = ExecutorHarness(Path(sys.argv[1]), 'true'); harness.open(); print(*harness.executor.processes)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    reaper = int(done.stdout.split()[0])
    wait_for(lambda: not is_alive(reaper))
