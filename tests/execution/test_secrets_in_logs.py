"""Secrets never reach a log, however they are printed. All tests use real processes."""

from __future__ import annotations

import os
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.executor_harness import IDLE, python, served
from support.process_listing import named
from support.waiting import until

from dagtui.execution.local import log_file, reaper
from dagtui.execution.local.log_file import RedactedLogWriter
from dagtui.text.redaction import RedactedStream, Redaction
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from support.executor_harness import ExecutorHarness

    from dagtui.graph.model import Action

pytestmark = pytest.mark.anyio

TOKEN = "hunter2-hunter3"
# This program writes its arguments one after another, each after the previous one is in the log.
STEPS = """
import os, sys, time
log, *steps = sys.argv[1:]
for step in steps:
    text, _, seen = step.partition("|")
    os.write(1, text.encode())
    end = time.monotonic() + 30
    while seen and time.monotonic() < end:
        try:
            if open(log, "rb").read() == seen.encode(): break
        except OSError: pass
        time.sleep(0.005)
    else:
        if seen: sys.exit(3)
"""


def secretive(folder: Path, action: str | Action) -> AbstractAsyncContextManager[ExecutorHarness]:
    """Serve a harness whose environment holds a secret."""
    return served(folder, action, environment={**os.environ, "TOKEN": TOKEN}, secrets=Secrets([TOKEN]))


@pytest.mark.parametrize(
    ("command", "log"),
    [
        ("echo $TOKEN", "***\n"),
        ("echo $TOKEN >&2; echo x", "***\nx\n"),
        ("printf 'a%sb' $TOKEN", "a***b"),
        ("printf %s $TOKEN | base64", "***\n"),
        ("printf 'ends like hunter2-hunt'", "ends like ***"),
        ("sleep 0.1; echo $TOKEN; echo on", "***\non\n"),
        ("test $TOKEN = hunter2-hunter3 && echo real", "real\n"),
        ("echo nothing else", "nothing else\n"),
    ],
)
async def test_short_and_long_attempts_get_the_value_and_their_logs_do_not(tmp_path: Path, command: str, log: str):
    async with secretive(tmp_path, command) as harness:
        harness.start(0)
        assert (await harness.ended()).value == 0
        assert (await harness.log()).decode() == log


async def test_a_secret_in_pieces_and_a_prompt_that_begins_like_one(tmp_path: Path):
    log = os.fspath(tmp_path / "logs" / "0-1.log")
    steps = [
        "wait\n|wait\n",
        "hunter2-",
        "hunt|wait\n",  # too long to be shown
        "er3\n|wait\n***\n",
        "Password: hu|wait\n***\nPassword: hu",  # shown once the output pauses
        "nter2-hunter3|wait\n***\nPassword: hu***",
        " hunter2-hu",
    ]
    async with secretive(tmp_path, python(STEPS, log, *steps)) as harness:
        harness.start(0)
        assert (await harness.ended()).value == 0
        assert await harness.log() == b"wait\n***\nPassword: hu*** ***"


async def test_a_burst_with_a_secret_across_every_border(tmp_path: Path):
    code = "import os, sys\nline = os.environ['TOKEN'] + ' and more\\n'\nsys.stdout.write(line * 200_000)"
    async with secretive(tmp_path, python(code)) as harness:
        harness.start(0)
        assert (await harness.ended()).value == 0
        assert await harness.log() == b"*** and more\n" * 200_000


async def test_times_of_lines_are_those_of_the_redacted_log(tmp_path: Path):
    first = f"{TOKEN} one\n"
    async with secretive(tmp_path, f"echo {TOKEN} one; sleep 0.3; echo two; sleep 0.3; echo three") as harness:
        harness.start(0)
        content = await harness.log()
        assert content == b"*** one\ntwo\nthree\n"
        records = harness.log_path(0, 1).with_name("0-1.log.times").read_bytes()
        offsets = [offset for offset, _ in struct.iter_unpack("<Qd", records)]
        assert offsets == [0, len("*** one\n"), len("*** one\ntwo\n")]
        assert offsets[1] < len(first)


async def test_the_successor_of_a_log_process_masks_too(tmp_path: Path):
    command = "echo $TOKEN; while ! test -e go; do sleep 0.01; done; echo $TOKEN again"
    async with secretive(tmp_path, command) as harness:
        harness.start(0)
        await harness.printed(b"***\n")
        os.kill(await log_process_of(harness), signal.SIGKILL)
        (tmp_path / "go").touch()
        assert (await harness.ended()).value == 0
        assert await harness.log() == b"***\n*** again\n"


async def log_process_of(harness: ExecutorHarness) -> int:
    """Return the pid of the log process."""
    await until(lambda: harness.executor.processes[1])
    supervisor = harness.executor.processes[1]

    await until(lambda: named("dagtui-log", supervisor))
    return named("dagtui-log", supervisor)[0]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


async def test_no_process_has_a_secret_on_its_command_line(tmp_path: Path):
    async with secretive(tmp_path, python(f"print('up', flush=True)\n{IDLE}")) as harness:
        harness.start(0)
        await harness.printed(b"up\n")
        await log_process_of(harness)
        for pid in harness.executor.processes:
            assert TOKEN not in command_line(pid)
        harness.stop(0, 0)
        await harness.ended()


@pytest.mark.parametrize("forms", [[TOKEN.encode()], [TOKEN.encode(), b"x" * 40]])
def test_a_note_of_a_crash_is_redacted(tmp_path: Path, forms: list[bytes]):
    try:
        {}[TOKEN]
    except KeyError:
        reaper._note_crash(os.fspath(tmp_path), "test", Redaction(forms).mask)
    (note,) = tmp_path.iterdir()
    text = note.read_text(encoding="utf-8")
    assert "KeyError: '***'" in text
    assert TOKEN not in text


def test_a_log_that_is_full_keeps_no_secret_in_its_last_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = RedactedLogWriter(os.fspath(tmp_path / "log"), RedactedStream(Redaction([TOKEN.encode()])))
    monkeypatch.setattr(log_file, "MOST", 100)
    for _ in range(50):
        log.write(b"line hunter2-", 1.0)
        log.write(b"hunter3 end\n", 1.0)
    log.write(b"hunter2-", 2.0)
    size = log.close()
    content = (tmp_path / "log").read_bytes()
    assert len(content) == size
    assert TOKEN.encode() not in content
    assert content.count(b"***") == 51
    assert content.endswith(b"end\n***")


def test_nothing_is_imported_for_it_before_it_is_needed():
    launch = os.path.join(os.path.dirname(reaper.__file__), "launch.py")
    code = (
        "import sys\n"
        f"names = {{'__name__': 'launch', '__file__': {launch!r}}}\n"
        f"exec(open({launch!r}).read(), names)\n"
        "import dagtui.execution.local.reaper\n"
        "assert not [name for name in sys.modules if name.endswith(('redaction', 'secrets'))]\n"
        "import dagtui.text.redaction\n"
        "assert 'json' not in sys.modules and 'dagtui.text.labels' not in sys.modules\n"
    )
    assert os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-I", "-S", "-c", code]) == 0
