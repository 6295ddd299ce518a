"""Attempts with a terminal of their own: real programs, prompts, sizes, input that nobody reads, and their end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import python, served
from support.process_listing import is_alive
from support.waiting import until

from dagtui.engine.messages import EndKind
from dagtui.execution.local.pseudo_terminal import MOST_TYPED
from dagtui.graph.model import PythonCall, ShellCommand, Task

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Action

pytestmark = pytest.mark.anyio


def on_a_terminal(action: str | Action, name: str = "node", **fields: object) -> Task:
    return Task(name, ShellCommand(action) if isinstance(action, str) else action, tty=True, **fields)


async def test_all_three_streams_are_one_controlling_terminal_of_a_usual_size(tmp_path: Path):
    streams = "test -t 0; test -t 1; test -t 2; stty size"
    task = on_a_terminal(f'{streams}; echo "$TERM"; echo to me > /dev/tty; ps -o tpgid= -p $$; echo $$')
    async with served(tmp_path, task, environment={**os.environ, "TERM": "dumb"}) as harness:
        harness.start(0)
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, 0)
        size, term, direct, foreground, leader = (await harness.log()).split(b"\r\n")[:5]
        assert (size, term, direct) == (b"24 80", b"xterm-256color", b"to me")
        assert foreground.strip() == leader


@pytest.mark.parametrize(
    ("own", "outer", "term"),
    [({}, "vt220", b"vt220"), ({"TERM": "linux"}, "dumb", b"linux"), ({"TERM": "linux"}, "vt220", b"linux")],
)
async def test_the_kind_of_terminal_is_the_tasks_own_or_that_of_the_caller(
    tmp_path: Path, own: dict[str, str], outer: str, term: bytes
):
    async with served(tmp_path, on_a_terminal("echo $TERM", env=own), environment={**os.environ, "TERM": outer}) as run:
        run.start(0)
        await run.ended()
        assert await run.log() == term + b"\r\n"


async def test_a_password_is_read_and_is_not_in_the_log(tmp_path: Path):
    task = on_a_terminal(python("import getpass; print('got', len(getpass.getpass('Password: ')))"))
    async with served(tmp_path, task) as harness:
        harness.start(0)
        await harness.printed(b"Password: ")
        harness.executor.type_into(0, 1, b"hunter2\r")
        await harness.ended()
        assert await harness.log() == b"Password: \r\ngot 7\r\n"


async def test_interrupt_and_end_of_file_are_keys(tmp_path: Path):
    task = on_a_terminal("trap 'echo interrupted; exec cat' INT; echo up; while :; do sleep 0.05 || :; done")
    async with served(tmp_path, task) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.executor.type_into(0, 1, b"\x03")
        await harness.printed(b"interrupted")
        harness.executor.type_into(0, 1, b"line\r\x04")
        await harness.ended()
        assert b"line\r\nline\r\n" in await harness.log()


async def test_a_new_size_reaches_what_runs_and_what_comes(tmp_path: Path):
    line = "trap 'stty size; exit' WINCH; echo up; while :; do sleep 0.05; done"
    async with served(tmp_path, on_a_terminal(line), on_a_terminal("stty size", "other"), "echo plain") as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.executor.resize(31, 99)
        await harness.ended()
        assert b"31 99" in await harness.log()
        harness.start(1, 2)
        await harness.ended(1)
        await harness.ended(2)
        assert await harness.log(1) == b"31 99\r\n"
        assert await harness.log(2) == b"plain\n"


async def test_a_progress_bar_is_logged_as_it_was_printed(tmp_path: Path):
    async with served(tmp_path, on_a_terminal(r"printf '10 %%\r20 %%\r\033[2Kdone\n'")) as harness:
        harness.start(0)
        await harness.ended()
        assert await harness.log() == b"10 %\r20 %\r\x1b[2Kdone\r\n"


async def test_input_that_nobody_reads_is_bounded_and_holds_up_nothing(tmp_path: Path):
    reader = "import os, tty; tty.setraw(0); print('up', flush=True); os.system('sleep 1000')"
    async with served(tmp_path, on_a_terminal(python(reader)), "echo on time") as harness:
        harness.start(0)
        await harness.printed(b"up")
        for _ in range(40):
            harness.executor.type_into(0, 1, b"x" * MOST_TYPED)
        harness.start(1)
        await harness.ended(1)
        harness.stop(0, 5.0)
        await harness.ended(0)


async def test_what_waits_is_read_later_in_order(tmp_path: Path):
    code = (
        "import os, sys, tty; tty.setraw(0); print('up', flush=True); open('go', 'rb').read(1); n = 0\n"
        "while n < 30000: n += len(os.read(0, 65536))\n"
        "print('read', n, flush=True)"
    )
    os.mkfifo(tmp_path / "go")
    async with served(tmp_path, on_a_terminal(python(code))) as harness:
        harness.start(0)
        await harness.printed(b"up")
        harness.executor.type_into(0, 1, b"y" * 30000)
        await until(lambda: _opened(tmp_path / "go"))
        await harness.ended()
        assert b"read 30000" in await harness.log()


def _opened(fifo: Path) -> bool:
    """Open a pipe to a reader, if there is one, and let it read the end."""
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


async def test_nothing_survives_its_end_or_a_stop(tmp_path: Path):
    leaves = "(trap '' HUP TERM; exec setsid sleep 1000) & echo $! > pid; sleep 0.1"
    deaf = "trap '' HUP TERM INT; echo up; while :; do sleep 1; done"
    async with served(tmp_path, on_a_terminal(leaves), on_a_terminal(deaf, "other")) as harness:
        harness.start_all()
        await harness.ended(0)
        assert not is_alive(int((tmp_path / "pid").read_text()))
        await harness.printed(b"up", 1)
        harness.stop(1, 0.2)
        end = await harness.ended(1)
        assert end.kind is EndKind.SIGNAL


async def test_a_call_has_a_terminal_too(tmp_path: Path):
    (tmp_path / "asks.py").write_text("def main():\n    print('hello', input('Name? '))\n")
    task = on_a_terminal(PythonCall("asks:main"), env={"PYTHONPATH": str(tmp_path)})
    async with served(tmp_path, task) as harness:
        harness.start(0)
        await harness.printed(b"Name? ")
        harness.executor.type_into(0, 1, b"ada\r")
        end = await harness.ended()
        assert (end.kind, end.value) == (EndKind.EXIT, 0)
        assert b"hello ada" in await harness.log()


async def test_what_is_typed_into_something_else_is_dropped(tmp_path: Path):
    async with served(tmp_path, on_a_terminal("true"), "cat; echo end") as harness:
        harness.start_all()
        await harness.ended(0)
        await harness.ended(1)
        for node in (0, 1, 7):
            harness.executor.type_into(node, 1, b"x")
        harness.start(1, attempt=2)
        await harness.ended(1, 2)
