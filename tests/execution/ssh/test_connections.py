"""Connections that break, and hubs that outlive them, end, or are killed."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from support.process_listing import alive, children, end
from support.ssh_bench import SshBench, serving_bench
from support.waiting import until
from support.wire import Wire

from dagtui.engine.messages import Ended, EndKind, Heard, Queued, Silent, Started
from dagtui.graph.model import ArgumentList, Task

if TYPE_CHECKING:
    from pathlib import Path

    from support.ssh_server import SshServer

pytestmark = pytest.mark.anyio
EXITED = (EndKind.EXIT, 0)


def steps(number: int, trace: Path, lines: int = 20) -> str:
    return f"echo {number} >> {trace}; for i in $(seq {lines}); do echo $i; sleep 0.1; done"


def check_steps(bench: SshBench, trace: Path, lines: int = 20) -> None:
    """Check that each node ran once, and that no log has a gap."""
    count = len(bench.graph)
    assert sorted(map(int, trace.read_text().split())) == list(range(count))
    whole = [b"%d" % line for line in range(1, lines + 1)]
    assert {node: bench.log(node).split() for node in range(count)} == dict.fromkeys(range(count), whole)


def sleeper(token: str, **fields: object) -> Task:
    return Task("sleeper", ArgumentList(("sh", "-c", "echo up; sleep 600 & sleep 600 & wait", token)), **fields)


@pytest.mark.parametrize("cuts", [3, pytest.param(8, marks=pytest.mark.torture)])
async def test_cuts_of_the_connection_lose_nothing_and_double_nothing(tmp_path: Path, server: SshServer, cuts: int):
    trace = tmp_path / "trace"
    with Wire(server.port) as wire:
        bench = SshBench(tmp_path, server, *[steps(number, trace) for number in range(20)], port=wire.port)
        async with serving_bench(bench):
            bench.start()
            for _ in range(cuts):
                received = wire.received
                await until(lambda: wire.received > received + 5000)  # noqa: B023
                wire.cut()
            ends = await bench.ended()
    assert {(each.kind, each.value) for each in ends} == {EXITED}
    check_steps(bench, trace)


async def test_a_server_that_is_killed_is_connected_to_when_it_is_back(tmp_path: Path, server: SshServer):
    trace = tmp_path / "trace"
    bench = SshBench(tmp_path, server, *[steps(number, trace, 15) for number in range(5)])
    async with serving_bench(bench):
        bench.start()
        await bench.began(*range(5))
        server.kill()
        try:
            silent = await bench.got(Silent)
        finally:
            server.start()
        await bench.ended()
    assert (
        silent.why
        == "far can't be reached: ssh: connect to host 127.0.0.1 port " + f"{server.port}: Connection refused"
    )
    assert len(bench.of(Heard)) == 1
    check_steps(bench, trace, 15)


async def test_a_machine_that_can_not_be_reached_at_first_gets_its_nodes_when_it_answers(
    tmp_path: Path, server: SshServer
):
    bench = SshBench(tmp_path, server, "echo ran")
    server.kill()
    try:
        async with serving_bench(bench):
            bench.start()
            queued = await bench.got(Queued)
            assert queued.why == "no connection"
            assert "Connection refused" in (await bench.got(Silent)).why
            server.start()
            await bench.ended()
            kinds = [type(result) for result in bench.results]
            assert kinds == [Queued, Silent, Heard, Started, Ended]
    finally:
        server.kill()
        server.start()


async def test_a_hub_that_hangs_is_said_although_ssh_is_connected(
    tmp_path: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dagtui.execution.ssh.host._PINGS_APART", 0.1)
    trace = tmp_path / "trace"
    bench = SshBench(tmp_path, server, f"echo ran >> {trace}; sleep 0.5")
    async with serving_bench(bench):
        bench.start()
        await bench.began(0)
        hubs = bench.hubs
        for pid in hubs:
            os.kill(pid, signal.SIGSTOP)
        hangs = "far: ssh is connected, but what watches the nodes there hangs"
        await until(lambda: [silent for silent in bench.of(Silent) if silent.why.startswith(hangs)])
        for pid in hubs:
            os.kill(pid, signal.SIGCONT)
        await bench.ended()
    assert len(bench.of(Heard)) == len(bench.of(Silent))
    assert trace.read_text() == "ran\n"


async def test_a_login_that_hangs_is_said_and_waited_for(
    tmp_path: Path, server: SshServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dagtui.execution.ssh.host._PINGS_APART", 0.1)
    python, go = tmp_path / "python", tmp_path / "go"
    python.write_text(f'#!/bin/sh\nwhile ! test -e {go}; do sleep 0.05; done\nexec python3 "$@"\n')
    python.chmod(0o755)
    bench = SshBench(tmp_path, server, "true", python=str(python))
    async with serving_bench(bench):
        bench.start()
        silent = await bench.got(Silent)
        assert (await bench.got(Queued)).why == "no connection"
        go.touch()
        await bench.ended()
    assert silent.why.startswith('far: ssh gets no answer and does not fail: see whether "ssh -F ')
    assert [type(result) for result in bench.results][-3:] == [Heard, Started, Ended]


async def test_the_newest_connection_holds(tmp_path: Path, server: SshServer):
    """The first process hangs, and a second one takes its run over."""
    trace, release = tmp_path / "trace", tmp_path / "release"
    os.mkfifo(release)
    with Wire(server.port) as wire:
        first = SshBench(tmp_path, server, f"echo ran >> {trace}; read line < {release}", port=wire.port)
        async with serving_bench(first):
            first.start()
            await first.began(0)
            wire.stall()
            second = first.taken_up(port=server.port)
            async with serving_bench(second):
                await second.began(0)
                wire.resume()
                release.write_text("\n")
                await second.ended()
    assert trace.read_text() == "ran\n"


async def test_what_runs_is_taken_up_by_another_process(tmp_path: Path, server: SshServer):
    trace = tmp_path / "trace"
    first = SshBench(tmp_path, server, *[steps(number, trace, 10) for number in range(40)])
    async with serving_bench(first):
        first.start()
        await first.got(Started, 4)
    assert not first.of(Ended) or len(first.ends()) < 40
    second = first.taken_up()
    async with serving_bench(second):
        await until(lambda: len(first.ends()) + len(second.ends()) == 40)
    check_steps(second, trace, 10)
    assert {(each.kind, each.value) for each in (first.ends() | second.ends()).values()} == {EXITED}


async def test_a_timeout_holds_while_nobody_is_connected(tmp_path: Path, server: SshServer, token: str):
    first = SshBench(tmp_path, server, sleeper(token, timeout=1.0, grace=0.2))
    async with serving_bench(first):
        first.start()
        await first.began(0)
        begun_by = time.time()
    await until(lambda: not alive(token))
    await anyio.sleep(0.5)  # how long it ran is not how long ago it began
    second, again_at = first.taken_up(), time.time()
    async with serving_bench(second):
        [ended] = await second.ended()
    assert ended.kind is EndKind.TIMEOUT
    [started] = second.of(Started)
    assert started.where == "far"
    assert started.ago >= again_at - begun_by, "its begin is not reckoned from when its end was told"
    assert second.log() == b"up\n"


async def test_a_stop_reaches_what_an_earlier_process_has_started(tmp_path: Path, server: SshServer, token: str):
    first = SshBench(tmp_path, server, sleeper(token))
    async with serving_bench(first):
        first.start()
        await first.began(0)
    second = first.taken_up()
    second.stop(0)
    async with serving_bench(second):
        [ended] = await second.ended()
        assert not alive(token)
    assert (ended.kind, ended.value) == (EndKind.SIGNAL, signal.SIGTERM)


async def test_what_never_arrived_is_handed_over_by_the_next_process(tmp_path: Path, server: SshServer):
    first = SshBench(tmp_path, server, "echo ran", "echo not wanted")
    first.start()  # it is never served
    second = first.taken_up()
    second.stop(1)
    async with serving_bench(second):
        await second.ended(0)
        await until(lambda: len(second.results) == 3)
    assert second.log() == b"ran\n"
    assert second.log(1) == b""


@pytest.mark.parametrize("with_its_parent", [False, True])
async def test_a_killed_hub_leaves_no_process_and_its_attempts_are_lost(
    tmp_path: Path, server: SshServer, token: str, with_its_parent: bool
):
    bench = SshBench(tmp_path, server, sleeper(token), "echo again")
    async with serving_bench(bench):
        bench.start(0)
        await until(lambda: b"up" in bench.log())
        [hub] = {parent for pid in alive(token) for parent in bench.hubs if pid in children(parent)}
        [reaper] = [pid for pid in bench.hubs if hub in children(pid)]
        if with_its_parent:
            os.kill(reaper, signal.SIGSTOP)
        end(hub)
        if with_its_parent:
            end(reaper)
        [ended] = await bench.ended(0)
        assert not alive(token)
        bench.start(1)
        await bench.ended(1)
    assert ended.kind is EndKind.LOST
    assert "died" in ended.text
    assert bench.log(1) == b"again\n"


async def test_attempts_end_when_nobody_connects_for_long(tmp_path: Path, server: SshServer, token: str):
    first = SshBench(tmp_path, server, sleeper(token, grace=0.2), orphans=1.0)
    async with serving_bench(first):
        first.start()
        await until(lambda: b"up" in first.log())
    assert alive(token)
    await until(lambda: not alive(token) and not first.hubs)
    second = first.taken_up()
    async with serving_bench(second):
        [ended] = await second.ended()
    assert (ended.kind, ended.text) == (EndKind.OUTSIDE, "nobody was connected to its machine for 1 s")


async def test_attempts_end_with_the_connection_if_they_are_not_to_outlive_it(
    tmp_path: Path, server: SshServer, token: str
):
    bench = SshBench(tmp_path, server, sleeper(token, grace=0.2), orphans=None)
    assert not bench.executor.keeps_going
    async with serving_bench(bench):
        bench.start()
        await until(lambda: b"up" in bench.log())
        for pid in bench.links:
            end(pid)
        [ended] = await bench.ended()
        assert not alive(token)
    assert (ended.kind, ended.text) == (EndKind.OUTSIDE, "the connection to it has ended")


@pytest.mark.torture
async def test_a_connection_that_says_nothing_counts_as_ended(tmp_path: Path, server: SshServer, token: str):
    """As after a network broke: sshd would take two hours to notice."""
    bench = SshBench(tmp_path, server, sleeper(token, grace=0.2), orphans=None)
    async with serving_bench(bench):
        bench.start()
        await until(lambda: b"up" in bench.log())
        links = bench.links
        for pid in links:
            os.kill(pid, signal.SIGSTOP)
        await until(lambda: not alive(token), seconds=200.0)
        for pid in links:
            os.kill(pid, signal.SIGCONT)
        [ended] = await bench.ended()
    assert (ended.kind, ended.text) == (EndKind.OUTSIDE, "the connection to it has ended")


async def test_nothing_is_left_of_a_run_that_is_over(tmp_path: Path, server: SshServer):
    bench = SshBench(tmp_path, server, "echo ran")
    async with serving_bench(bench):
        bench.start()
        await bench.ended()
        spool = bench.spool
        assert bench.hubs
    await until(lambda: not bench.hubs and not spool.exists())


async def test_the_server_does_not_wait_for_the_hub(tmp_path: Path, server: SshServer, token: str):
    """The hub and its attempts have none of the pipes of the session that began it."""
    bench = SshBench(tmp_path, server, sleeper(token))
    async with serving_bench(bench):
        bench.start()
        await bench.began(0)
        assert children(server.process.pid)
    await until(lambda: not children(server.process.pid))
    assert alive(token)
    again = bench.taken_up()
    async with serving_bench(again):
        again.stop(0)
        await again.ended()
