"""Attempts over a real ssh: logs, stops, timeouts, many at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.process_listing import alive
from support.ssh_bench import SshBench, serving_bench
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Started, Withdrawn
from dagtui.graph.model import ArgumentList, ShellCommand, Task

if TYPE_CHECKING:
    from pathlib import Path

    from support.ssh_server import SshServer

pytestmark = pytest.mark.anyio


def tree(token: str, **fields: object) -> Task:
    """A node whose processes have sessions of their own, ignore TERM, or are orphans."""
    sleeper = f"exec -a {token} sleep 600"
    script = f"""
    (setsid bash -c '{sleeper}' &)
    (setsid bash -c 'trap "" TERM; (sleep 600; :) & wait' {token} &)
    bash -c '{sleeper}' & echo up
    bash -c 'while :; do sleep 600; done' {token}
    """
    return Task("tree", ArgumentList(("bash", "-c", script, token)), **{"grace": 0.5, **fields})


async def test_a_log_is_here_while_it_grows(tmp_path: Path, server: SshServer):
    release = tmp_path / "release"
    os.mkfifo(release)
    bench = SshBench(tmp_path, server, f"echo one; read line < {release}; echo $line")
    async with serving_bench(bench):
        bench.start()
        await until(lambda: bench.log() == b"one\n")
        assert not bench.of(Ended)
        release.write_text("two\n")
        await bench.ended()
    assert bench.log() == b"one\ntwo\n"


async def test_a_log_of_many_lines_is_whole(tmp_path: Path, server: SshServer):
    bench = SshBench(tmp_path, server, "i=0; while [ $i -lt 60000 ]; do echo line $i; i=$((i+1)); done")
    async with serving_bench(bench):
        bench.start()
        [end] = await bench.ended()
    assert (end.kind, end.value) == (EndKind.EXIT, 0)
    assert bench.log().splitlines() == [b"line %d" % number for number in range(60_000)]


async def test_a_cancel_ends_the_tree_and_no_other(tmp_path: Path, server: SshServer, token: str):
    bench = SshBench(tmp_path, server, tree(token), Task("other", ShellCommand("sleep 600")))
    async with serving_bench(bench):
        bench.start()
        await until(lambda: b"up" in bench.log() and len(alive(token)) >= 4)
        bench.stop(0)
        [end] = await bench.ended(0)
        assert not alive(token)
        assert set(bench.ends()) == {0}
        await bench.executor.close()
    assert end.kind is EndKind.SIGNAL


async def test_a_timeout_is_kept_there(tmp_path: Path, server: SshServer, token: str):
    bench = SshBench(tmp_path, server, tree(token, timeout=0.3))
    async with serving_bench(bench):
        bench.start()
        [end] = await bench.ended()
        assert not alive(token)
    assert end.kind is EndKind.TIMEOUT


async def test_two_hundred_at_once_are_stopped_at_any_moment(tmp_path: Path, server: SshServer):
    """Both sides have much to write at once, and stops meet attempts that wait, begin, run and end."""
    trace = tmp_path / "trace"
    bench = SshBench(tmp_path, server, *[f"echo {number} >> {trace}; exec sleep 600" for number in range(200)])
    async with serving_bench(bench):
        bench.start()
        await bench.got(Started)
        bench.stop(*range(200), grace=5)
        await until(lambda: len(bench.of(Ended)) + len(bench.of(Withdrawn)) == 200)
    assert {end.kind for end in bench.of(Ended)} == {EndKind.SIGNAL}
    ran = trace.read_text().split() if trace.exists() else []
    assert len(ran) == len(set(ran)) <= len(bench.of(Started)) == len(bench.of(Ended))


async def test_two_hundred_short_nodes_beside_twenty_long_ones(tmp_path: Path, server: SshServer):
    trace = tmp_path / "trace"
    scripts = [f"sleep 1; echo {number} >> {trace}" for number in range(20)]
    bench = SshBench(tmp_path, server, *scripts, *[f"echo {number} >> {trace}" for number in range(20, 220)])
    async with serving_bench(bench):
        bench.start()
        ends = await bench.ended(seconds=120)
    assert {(end.kind, end.value) for end in ends} == {(EndKind.EXIT, 0)}
    assert sorted(map(int, trace.read_text().split())) == list(range(220))
