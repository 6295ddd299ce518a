"""Output that nobody would want: one huge line, endless progress, bytes that are no text, logs that grow for ever."""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from pathlib import Path

import pytest
from faults.program import Headless, OnScreen, release, write_graph
from support.executor_harness import python, served
from support.process_listing import named
from support.waiting import until, wait_for

MEGABYTE = 1 << 20
PROGRAM = """
import os, sys
kind, megabytes = sys.argv[1], int(sys.argv[2])
open("hold").close()
if kind == "line":
    for _ in range(megabytes):
        os.write(1, b"x" * (1 << 20))
    os.write(1, b"END")
elif kind == "progress":
    step = b"".join(b"\\rprogress %07d" % number for number in range(65536))
    for _ in range(megabytes):
        os.write(1, step)
    os.write(1, b"\\rprogress DONE")
else:
    for _ in range(megabytes):
        os.write(1, bytes(range(256)) * 4096)
    os.write(1, b"\\xff\\x00\\x9b2J VISIBLE")
"""


def memory(pid: int, field: str) -> int:
    """Bytes of memory of a process: now (VmRSS), or at most so far (VmHWM)."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.parametrize("megabytes", [64, pytest.param(1000, marks=pytest.mark.torture)])
def test_no_output_takes_memory_or_reaches_the_terminal(tmp_path: Path, megabytes: int):
    os.mkfifo(tmp_path / "hold")
    sizes = {"line": megabytes, "progress": megabytes // 4, "bytes": megabytes // 4}
    text = "".join(
        f"[tasks.{kind}]\nrun = {json.dumps([sys.executable, '-I', '-S', '-c', PROGRAM, kind, str(size)])}\n"
        for kind, size in sizes.items()
    )
    write_graph(tmp_path, text)
    with OnScreen(tmp_path, "-j4") as run:
        run.wait_for_screen()
        run.wait_for(line="RUNNING", progress="RUNNING", bytes="RUNNING")
        log, before = run.log_process, memory(run.pid, "VmRSS")

        def is_over() -> bool:
            run.terminal.read()
            return set(run.statuses.values()) == {"COMPLETED"}

        release(tmp_path / "hold", is_over)
        for text in ("…[+", "progress DONE", "VISIBLE"):
            run.terminal.wait_for_text(text)
            run.terminal.send("j")
        assert memory(log, "VmHWM") < 40 * MEGABYTE
        assert memory(run.pid, "VmHWM") - before < 40 * MEGABYTE
        run.terminal.send("q")
        assert run.end() == 0, run.terminal.text
        assert run.terminal.foreign_codes() == []
        printed, kept = megabytes * MEGABYTE + 3, len(run.log("line"))
        assert kept == printed if megabytes < 256 else 256 * MEGABYTE < kept < 258 * MEGABYTE


@pytest.mark.anyio
async def test_a_log_that_grows_for_ever_keeps_its_head_and_its_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    launch = str(Path(__file__).with_name("launch_with_small_logs.py"))
    monkeypatch.setattr("dagtui.execution.local.link._LAUNCH", launch)
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'\\nlast words\\n'), os._exit(0)))\n"
        "os.write(1, b'first words\\n')\n"
        "while True: os.write(1, b'y\\n' * 30000)"
    )
    async with served(tmp_path, python(code), "echo other") as harness:
        harness.start_all()
        await harness.printed(b"the log is full")
        (log,) = named("dagtui-log", harness.executor.processes[1])
        written = Path(f"/proc/{log}/io")
        so_far = read_bytes(written)
        await until(lambda: read_bytes(written) > so_far + 100 * MEGABYTE)
        size = harness.log_path(0, 1).stat().st_size
        assert memory(log, "VmHWM") < 40 * MEGABYTE
        harness.stop(0, 600.0)
        assert (await harness.ended(0)).value == 0
        printed = await harness.log(0)
        assert printed.startswith(b"first words\ny\ny\n")
        assert printed.endswith(b"y\n\nlast words\n")
        assert re.search(rb"\n\[dagtui: \d{9,} bytes left out\]\n", printed)
        assert size < len(printed) < MEGABYTE + 2 * 4096
        assert await harness.log(1) == b"other\n"


def read_bytes(file: Path) -> int:
    """How much a process has read."""
    return int(file.read_text().split()[1])


def test_a_limit_of_file_sizes_stops_no_task(tmp_path: Path):
    code = "import os\nfor _ in range(40): os.write(1, b'x' * 99999 + b'\\n')"
    write_graph(
        tmp_path,
        f"[tasks.much]\nrun = {json.dumps([sys.executable, '-I', '-S', '-c', code])}\n"
        '[tasks.after]\nneeds = ["much"]\nrun = "echo after"\n',
    )
    with Headless(tmp_path, limits="ulimit -f 2048") as run:
        assert run.end() == 0, run.printed
        assert run.statuses == {"much": "COMPLETED", "after": "COMPLETED"}
        assert len(run.log("much")) == MEGABYTE
        assert run.log("after") == b"after\n"
        (note,) = [event for event in run.journal() if event["event"] == "note"]
        lost = 40 * 100_000 - MEGABYTE
        assert (note["node"], note["attempt"]) == ("much", 1)
        assert note["text"] == f"lost {lost:,} bytes of its log: file size limit reached"
        assert f"much: {note['text']}" in run.printed


def test_a_log_that_lost_its_end_says_so_when_there_is_room_again(tmp_path: Path):
    for name in ("hold", "on"):
        os.mkfifo(tmp_path / name)
    write_graph(
        tmp_path,
        "[tasks.loud]\nrun = 'echo begun; cat hold; echo the end'\n[tasks.after]\nneeds = ['loud']\nrun = 'cat on'\n",
    )
    with Headless(tmp_path) as run:
        wait_for(lambda: run.log("loud") == b"begun\n")
        resource.prlimit(run.log_process, resource.RLIMIT_FSIZE, (6, resource.RLIM_INFINITY))
        release(tmp_path / "hold", lambda: run.statuses.get("after") == "RUNNING")
        wait_for(lambda: "loud: lost 8 bytes of its log: file size limit reached" in run.printed)
        assert run.log("loud") == b"begun\n"
        resource.prlimit(run.log_process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        wait_for(lambda: run.log("loud") == b"begun\n[dagtui: 8 bytes lost: file size limit reached]\n")
        release(tmp_path / "on", lambda: run.statuses.get("after") == "COMPLETED")
        assert run.end() == 0, run.printed
        assert run.statuses["loud"] == "COMPLETED"
        assert run.crashes == []
