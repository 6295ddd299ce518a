from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.executor_harness import python, served
from support.waiting import until

from dagtui.engine.messages import EndKind
from dagtui.graph.model import ArgumentList, ShellCommand, Task

pytestmark = pytest.mark.anyio

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("echo out; echo err >&2; echo out", b"out\nerr\nout\n"),
        ("echo a; echo b > /dev/stderr; echo c", b"a\nb\nc\n"),
        ("echo a; echo b | tee /dev/stderr; echo c >> /dev/stdout", b"a\nb\nb\nc\n"),
        ("printf 'no newline'", b"no newline"),
        (r"printf '\377\376\000\033[31mx'", b"\xff\xfe\x00\x1b[31mx"),
    ],
)
async def test_everything_printed_is_in_the_log(tmp_path: Path, command: str, content: bytes):
    async with served(tmp_path, command) as harness:
        harness.start(0)
        await harness.ended()
        printed = await harness.log()
        assert sorted(printed.splitlines()) == sorted(content.splitlines())
        assert len(printed) == len(content)


async def test_a_silent_attempt_has_no_log(tmp_path: Path):
    async with served(tmp_path, "true", "exec >&- 2>&-; echo lost", "sleep 0.1") as harness:
        harness.start_all()
        for node in range(3):
            await harness.ended(node)
        assert [await harness.silent(node) for node in range(3)] == [True] * 3
        assert not (tmp_path / "logs").exists()


async def test_logs_are_private_and_so_is_their_directory(tmp_path: Path):
    async with served(tmp_path, "echo x", "echo y") as harness:
        for node in (0, 1):  # for the second, the directory exists
            harness.start(node)
            await harness.log(node)
            assert harness.log_path(node, 1).stat().st_mode & 0o777 == 0o600
        assert harness.log_path(0, 1).parent.stat().st_mode & 0o777 == 0o700


async def test_a_burst_of_50_megabytes(tmp_path: Path):
    code = "import os\nblock = bytes(range(256)) * 4096\nfor _ in range(50): os.write(1, block)"
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        assert (await harness.ended()).value == 0
        assert await harness.log() == bytes(range(256)) * 4096 * 50


async def test_200_chatty_nodes_at_once(tmp_path: Path):
    command = "for i in 1 2 3 4 5 6 7 8 9 10; do echo $DAGTUI_NODE line $i; done"
    async with served(tmp_path, *[command] * 200, slots=200) as harness:
        harness.start_all()
        for node in range(200):
            expected = "".join(f"node {node} line {i}\n" for i in range(1, 11)).encode()
            assert await harness.log(node) == expected


async def test_a_flood_starves_no_other_attempt(tmp_path: Path):
    async with served(tmp_path, "exec yes", *["echo hi; sleep 0.1; echo ho"] * 10) as harness:
        harness.start_all()
        for node in range(1, 11):
            assert await harness.log(node) == b"hi\nho\n"
        harness.stop(0, 0)
        await harness.ended(0)


async def test_a_node_killed_in_mid_line(tmp_path: Path):
    async with served(tmp_path, "printf 'half a li'; sleep 600") as harness:
        harness.start(0)
        await harness.printed(b"half a li")
        harness.stop(0, 0)
        assert (await harness.ended()).value == signal.SIGKILL
        assert await harness.log() == b"half a li"


async def test_output_of_what_a_leader_leaves_behind(tmp_path: Path):
    code = (
        "import os, signal, sys\n"
        "reader, writer = os.pipe()\n"
        "if os.fork(): os.read(reader, 1); os._exit(4)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"  # a handler may run just before a pause
        "print('up', flush=True)\n"
        "os.write(writer, b'x')\n"
        "signal.sigwait([signal.SIGTERM])\n"
        "print('bye', flush=True)\n"
    )
    async with served(tmp_path, python(code)) as harness:
        harness.start(0)
        assert (await harness.ended()).value == 4
        assert await harness.log() == b"up\nbye\n[dagtui: ended 1 process that it left behind]\n"


async def test_output_that_arrives_while_it_is_watched(tmp_path: Path):
    async with served(tmp_path, "echo first; read x < fifo; echo second") as harness:
        os.mkfifo(tmp_path / "fifo")
        harness.start(0)
        await harness.printed(b"first\n")
        assert harness.end_of(0) is None
        (tmp_path / "fifo").write_text("go\n")
        assert await harness.log() == b"first\nsecond\n"


async def test_times_are_noted_beside_the_log(tmp_path: Path):
    async with served(tmp_path, "echo first; sleep 0.25; echo second; sleep 0.25; echo third") as harness:
        began = time.time()
        harness.start(0)
        await harness.log()
        content = harness.log_path(0, 1).with_name("0-1.log.times").read_bytes()
        records = list(struct.iter_unpack("<Qd", content))
        assert [offset for offset, _ in records] == [0, 6, 13]
        times = [when for _, when in records]
        assert times == sorted(times)
        assert began <= times[0] <= times[-1] <= time.time()


async def test_a_log_of_one_moment_has_no_times(tmp_path: Path):
    async with served(tmp_path, "echo only") as harness:
        harness.start(0)
        await harness.log()
        assert [path.name for path in (tmp_path / "logs").iterdir()] == ["0-1.log"]


async def test_a_full_disk_stops_no_task(tmp_path: Path):
    async with served(tmp_path, "yes | head -c 5000000", "echo x") as harness:
        harness.executor._log_path = lambda node, _: Path("/dev/full") if node == 0 else tmp_path / "1"
        harness.start_all()
        end = await harness.ended(0)
        assert (end.kind, end.value) == (EndKind.EXIT, 0)
        await until(lambda: (0, 1) in harness.sizes)
        await until(lambda: (1, 1) in harness.sizes)
        assert (tmp_path / "1").read_bytes() == b"x\n"


async def test_a_log_that_can_not_be_made_stops_no_task(tmp_path: Path):
    (tmp_path / "logs").write_text("a file where the directory should be")
    async with served(tmp_path, "yes | head -c 300000; exit 3") as harness:
        harness.start(0)
        assert (await harness.ended()).value == 3
        await until(lambda: harness.sizes == {(0, 1): 0})


async def test_a_symbolic_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "0-1.log").symlink_to(tmp_path / "victim")
    async with served(tmp_path, "echo x") as harness:
        harness.start(0)
        await until(lambda: (0, 1) in harness.sizes)
        assert not (tmp_path / "victim").exists()


async def test_more_attempts_than_default_descriptors_allow(tmp_path: Path):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = max(map(int, os.listdir("/dev/fd"))) + 50  # earlier tests may have left some open
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        command = "ulimit -n; read x < fifo"
        os.mkfifo(tmp_path / "fifo")
        count = limit + 20
        async with served(tmp_path, *[command] * count, slots=count) as harness:
            harness.start_all()
            await until(lambda: all(harness.has_begun(node) for node in range(count)))
            for node in range(count):
                await harness.printed(b"%d\n" % limit, node)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("program", [sys.executable])
async def test_binary_programs_flush_into_the_log(tmp_path: Path, program: str):
    task = Task("x", ArgumentList((program, "-c", "print('unbuffered', end=''); import os; os._exit(0)")))
    async with served(tmp_path, task, ShellCommand("true")) as harness:
        harness.start(0)
        assert await harness.log() == b"unbuffered"


async def test_relative_paths_mean_the_directory_that_the_app_was_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    task = Task("x", ShellCommand('echo "$DAGTUI_RUN_DIR"; sleep 0.1'), cwd=str(tmp_path / "elsewhere"))
    async with served(Path("run"), task) as harness:
        (tmp_path / "run").mkdir()
        harness.start(0)
        assert await harness.log() == f"{tmp_path}/run\n".encode()


SHORT_OF_FILES = """
import array, os, resource, socket, sys
from dagtui.execution.local.frames import encode
from dagtui.execution.local.log_process import LogProcess, plain_log
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
ours, theirs = socket.socketpair()
process = LogProcess(theirs.fileno(), plain_log)
reading, writing = os.pipe()

def hand(nodes):
    frames = [("log", node, 1, f"{sys.argv[1]}/{node}.log", b"up\\n", 0, True) for node in nodes]
    ours.sendmsg([encode(frames)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [reading] * len(nodes)))])
    process._receive(0.0)

hand(range(15))
hand(range(15, 40))
"""


def test_logs_that_were_opened_early_leave_descriptors_to_those_that_come(tmp_path: Path):
    # 15 pipes with open logs and 25 more pipes use all descriptors.
    subprocess.run([sys.executable, "-c", SHORT_OF_FILES, str(tmp_path)], check=True, timeout=30)
    assert {node: (tmp_path / f"{node}.log").exists() for node in range(40)} == dict.fromkeys(range(40), True)
