"""What prevents attempts on a machine: one sentence each, which names the remedy."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.small_disk import small_disk
from support.ssh_bench import SshBench, serving_bench
from support.ssh_server import SshServer
from support.waiting import until

from dagtui.engine.messages import Ended, EndKind, Silent
from dagtui.execution import shipped
from dagtui.execution.ssh import failures
from dagtui.execution.ssh.command import SshHost

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio
BOX = SshHost("box", ("-F", "my config"))


@pytest.fixture
def own_server(short_path: Path) -> Iterator[SshServer]:
    """A server of one test, which may be spoiled."""
    with SshServer(short_path / "ssh") as made:
        yield made


async def refusal(bench: SshBench) -> Ended:
    """Return how a node ends that can't start. Nothing is tried again, as a person has to do something."""
    async with serving_bench(bench):
        bench.start()
        [ended] = await bench.ended()
    assert (ended.kind, ended.lasting) == (EndKind.COULD_NOT_START, True)
    assert not bench.of(Silent)
    return ended


async def test_an_unknown_host_key(tmp_path: Path, own_server: SshServer):
    config = own_server.client_config("far", checking="ask")
    ended = await refusal(SshBench(tmp_path, own_server, "true", options=("-F", config)))
    assert ended.text == (
        f'far: its host key is not known here: call "ssh -F {config} far" once, and accept the key if it is right'
    )


async def test_a_changed_host_key(tmp_path: Path, own_server: SshServer):
    """The line to remove is named: known_hosts has another name for the machine than the configuration."""
    config = own_server.client_config("far")
    folder = Path(config).parent
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{own_server.port} {(folder / 'key.pub').read_text()}")
    ended = await refusal(SshBench(tmp_path, own_server, "true", options=("-F", config)))
    assert ended.text == (
        f"far: its host key has changed: if that is right, remove line 1 of {folder}/known_hosts, "
        f'and call "ssh -F {config} far" once'
    )


async def test_a_login_that_is_refused(tmp_path: Path, own_server: SshServer):
    options = ("-F", own_server.client_config("far"), "-o", "User=nobody-of-this-name")
    ended = await refusal(SshBench(tmp_path, own_server, "true", options=options))
    assert re.match(r"far refused the login \(publickey\S*\): dagtui answers no prompts, so make ", ended.text)
    assert ended.text.endswith(" work without one, for example with a key in ssh-agent")


async def test_no_python_there(tmp_path: Path, server: SshServer):
    ended = await refusal(SshBench(tmp_path, server, "true", python="python-of-nobody"))
    assert ended.text == (
        "far: there is no python-of-nobody there: install Python 3.8 or newer, "
        'or name one by "python" in the executor\'s table'
    )


async def test_a_python_that_is_too_old(tmp_path: Path, server: SshServer):
    old = tmp_path / "old python"
    old.write_text('#!/bin/sh\necho "dagtui: this is Python 3.6.8" >&2; exit 1\n')
    old.chmod(0o755)
    ended = await refusal(SshBench(tmp_path, server, "true", python=str(old)))
    assert "there is Python 3.6.8: install Python 3.8 or newer" in ended.text


async def test_a_folder_that_can_not_be_made(tmp_path: Path, own_server: SshServer):
    own_server.restart(XDG_CACHE_HOME="/dev/full/cache")
    ended = await refusal(SshBench(tmp_path, own_server, "true"))
    assert ended.text == ("far: can't use /dev/full/cache: Not a directory: mend that there, or set XDG_CACHE_HOME")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_a_folder_of_another_user_is_refused(tmp_path: Path, own_server: SshServer):
    """Whoever owns it could exchange the program that is executed there."""
    own_server.cache.mkdir()
    planted = own_server.cache / "dagtui"
    planted.mkdir()
    os.chown(planted, 4711, 4711)
    ended = await refusal(SshBench(tmp_path, own_server, "true"))
    assert ended.text == (f"far: {planted} belongs to another user (id 4711): remove it there, or set XDG_CACHE_HOME")
    assert not list(planted.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_an_archive_of_another_user_is_replaced(tmp_path: Path, own_server: SshServer):
    """It would be executed, and its owner could change it after it was looked at."""
    own = own_server.cache / "dagtui"
    own.mkdir(0o700, parents=True)
    archive = own / f"agent-{shipped.digest()}.zip"
    archive.write_bytes(shipped.agent())
    os.chown(archive, 4711, 4711)
    async with serving_bench(SshBench(tmp_path, own_server, "true")) as bench:
        bench.start()
        [ended] = await bench.ended()
    assert (ended.kind, ended.value) == (EndKind.EXIT, 0)
    assert archive.stat().st_uid == os.geteuid()


async def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path, own_server: SshServer):
    own_server.cache.mkdir()
    (own_server.cache / "dagtui").symlink_to(tmp_path)
    ended = await refusal(SshBench(tmp_path, own_server, "true"))
    assert ended.text.endswith("dagtui is not a folder: move it away there")


async def test_what_is_kept_there_is_closed_to_others(tmp_path: Path, own_server: SshServer):
    own_server.cache.mkdir()
    (own_server.cache / "dagtui").mkdir(mode=0o777)
    bench = SshBench(tmp_path, own_server, "true")
    async with serving_bench(bench):
        bench.start()
        await bench.began(0)
        for path in (own_server.cache / "dagtui", bench.spool.parent, bench.spool):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        await bench.ended()


async def test_a_full_disk_there(tmp_path: Path, own_server: SshServer):
    """Before anything is there, and after the hub has begun."""
    with small_disk() as disk:
        if disk is None:
            pytest.skip("namespaces are not allowed here")
        own_server.restart(XDG_CACHE_HOME=str(disk.path))
        disk.fill()
        ended = await refusal(SshBench(tmp_path, own_server, "true"))
        assert re.fullmatch(r"far: the disk with \S+/agent-\w+\.zip is full: make space there", ended.text)
        disk.make_room()
        bench = SshBench(tmp_path, own_server, "true", "true")
        async with serving_bench(bench):
            bench.start(0)
            await bench.ended(0)
            [ends] = disk.path.glob("dagtui/runs/*/ended")
            await until(lambda: not os.listdir(ends))  # what is forgotten makes room
            disk.fill()
            bench.start(1)
            [ended] = await bench.ended(1)
        assert ended.kind is EndKind.COULD_NOT_START
        assert re.fullmatch(r"the disk with \S+ on \S+ is full: make space there", ended.text)
        disk.make_room()
        await until(lambda: not bench.hubs)


@pytest.mark.parametrize(
    ("status", "printed", "text", "lasting"),
    [
        (255, "ssh: connect to host box port 22: No route to host", "box can't be reached: ssh: connect", False),
        (255, "ssh: Could not resolve hostname box: Name or service not known", "box: no machine has this name", True),
        (
            255,
            "ssh: Could not resolve hostname box: Temporary failure in name resolution",
            "box can't be reached",
            False,
        ),
        (
            255,
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @",
            "box: its host key has changed: if that is",
            True,
        ),
        (255, "my config: line 1: Bad configuration option: x\nmy config: terminating, 1 bad", "ssh refuses its", True),
        (1, "This account is currently not available.", "box ended the session with status 1: This account is", False),
        (127, "sh: python3: not found", "box: there is no python3 there", True),
        (2, "Unknown option: -I\nusage: python", "box: python3 there is too old", True),
        (None, "", "box can't be reached: the connection was closed", False),
        (255, "\x1b]0;title\x07\x1b[31mred\nlast \x1b[2Jline", "box can't be reached: last ", False),
    ],
)
def test_what_ssh_prints_is_told_in_a_sentence(status: int | None, printed: str, text: str, lasting: bool):
    failure = failures.of_ssh(BOX, status, printed)
    assert failure.text.startswith(text)
    assert failure.lasting == lasting
    assert "\x1b" not in failure.text
    assert "\n" not in failure.text
