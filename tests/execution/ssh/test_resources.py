"""Secrets, hostile names, GPUs and several hosts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.process_listing import alive, end
from support.ssh_bench import SshBench, serving_bench
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Queued, Silent, Started
from dagtui.graph.model import ArgumentList, ShellCommand, Task
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from support.ssh_server import SshServer

pytestmark = pytest.mark.anyio
SECRET = "hunter2-and-more"


def reveals_secret(folder: Path) -> list[str]:
    """Return the files below a folder, and the command lines of processes, that contain the secret."""
    found = [str(path) for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if SECRET.encode() in Path("/proc", pid, "cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


async def test_a_secret_is_on_no_disk_and_in_no_argument_list_there(tmp_path: Path, server: SshServer):
    """Only what the node itself writes to a disk is there."""
    release = tmp_path / "release"
    os.mkfifo(release)
    node = Task(
        "node",
        ShellCommand(f"echo $TOKEN; echo v=$TOKEN >> $DAGTUI_OUTPUT; read line < {release}"),
        env={"TOKEN": SECRET},
    )
    bench = SshBench(tmp_path, server, node, secrets_=Secrets([SECRET]))
    async with serving_bench(bench):
        bench.start()
        await until(lambda: bench.log() == b"***\n")
        assert [path for path in reveals_secret(server.cache) if "/values/" not in path] == []
        release.write_text("\n")
        [ended] = await bench.ended()
    assert ended.outputs == {"v": "***"}


async def test_names_are_data(tmp_path: Path, server: SshServer):
    names = ["../../etc/$(touch pwned)", "a b;'\"`\\", "-rf", "\u202eslash/", "x" * 300]
    nodes = [Task(name, ArgumentList(("printf", "%s", name, "$HOME", "'"))) for name in names]
    bench = SshBench(tmp_path, server, *nodes)
    async with serving_bench(bench):
        bench.start()
        ends = await bench.ended()
    assert {(each.kind, each.value) for each in ends} == {(EndKind.EXIT, 0)}
    assert [bench.log(node).decode() for node in range(len(names))] == [f"{name}$HOME'" for name in names]


async def test_what_a_login_shell_prints_is_passed_over(tmp_path: Path, server: SshServer):
    """A greeting without a line break, and one that looks like a message."""
    talker = tmp_path / "python"
    talker.write_text('#!/bin/sh\nprintf \'{"hello": 1}\\nWelcome! \'\nexec python3 "$@"\n')
    talker.chmod(0o755)
    bench = SshBench(tmp_path, server, "echo ran", python=str(talker))
    async with serving_bench(bench):
        bench.start()
        await bench.ended()
    assert bench.log() == b"ran\n"


async def test_gpus_are_given_out_by_their_numbers(tmp_path: Path, server: SshServer):
    script = "echo $CUDA_VISIBLE_DEVICES; sleep 0.2"
    nodes = [Task(f"n{number}", ShellCommand(script), resources={"gpus": 10}) for number in range(5)]
    bench = SshBench(tmp_path, server, *nodes, Task("wide", ShellCommand("true"), resources={"gpus": 25}))
    async with serving_bench(bench):
        bench.start()
        ends = await bench.ended()
    given = [[int(number) for number in bench.log(node).decode().split(",")] for node in range(5)]
    assert all(len(set(numbers)) == 10 and set(numbers) <= set(range(24)) for numbers in given)
    assert not set(given[0]) & set(given[1])
    assert "GPUs free, it asks for 10" in bench.of(Queued)[0].why
    assert (ends[5].kind, ends[5].lasting) == (EndKind.COULD_NOT_START, True)
    assert re.fullmatch(r"it asks for 25 GPUs, and .* has 24", ends[5].text)


async def test_attempts_go_to_the_host_with_free_slots(tmp_path: Path, server: SshServer):
    release = tmp_path / "release"
    scripts = [f"while ! test -e {release}; do sleep 0.05; done"] * 6
    bench = SshBench(tmp_path, server, *scripts, hosts=("far", "near"), jobs=6)
    async with serving_bench(bench):
        bench.start()
        await bench.got(Started, 6)
        release.touch()
        await bench.ended()
    where = [result.where for result in bench.of(Started)]
    assert (where.count("far"), where.count("near")) == (3, 3)


def config_with_a_dead_host(folder: Path, server: SshServer) -> str:
    config = Path(server.client_config("far", "near")).read_text()
    path = folder / "config"
    path.write_text(f"Host gone\n  HostName 127.0.0.1\n  Port 1\n{config}")
    return str(path)


async def test_a_host_that_does_not_answer_leaves_its_share_to_none(tmp_path: Path, server: SshServer):
    options = ("-F", config_with_a_dead_host(tmp_path, server))
    bench = SshBench(tmp_path, server, *["sleep 0.2"] * 4, hosts=("far", "gone"), options=options, jobs=4)
    async with serving_bench(bench):
        bench.start()
        silent = await bench.got(Silent)
        await bench.ended()
    assert silent.why.startswith("gone can't be reached: ")
    assert {result.where for result in bench.of(Started)} == {"far"}


async def test_the_next_process_finds_attempts_on_each_host(tmp_path: Path, server: SshServer, token: str):
    nodes = [Task(f"n{number}", ArgumentList(("sh", "-c", "sleep 600", token))) for number in range(4)]
    first = SshBench(tmp_path, server, *nodes, hosts=("far", "near"), jobs=4)
    async with serving_bench(first):
        first.start()
        await first.got(Started, 4)
    assert len(alive(token)) == 4
    second = first.taken_up(hosts=("far", "near"))
    async with serving_bench(second):
        await second.got(Started, 4)
        for pid in alive(token):
            end(pid)
        await second.ended()
    assert sorted(result.where for result in second.of(Started)) == ["far", "far", "near", "near"]
    assert {each.kind for each in second.of(Ended)} == {EndKind.SIGNAL}
