"""Names, spools, environments and links that the agent does not choose."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.far_side import FarWorker, recorded, shipped_agent
from support.waiting import SECONDS, wait_for

from dagtui.execution.agent.spool import Spool, SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("-rf", "a b", "$(touch gone)", "'\"`;&|<>*?", "ä\u202eß", "x" * 240, "%s{}", "a=b", "con:1")


def test_any_name_is_a_file_of_its_own(tmp_path: Path):
    folder = tmp_path / 'it\'s a "folder" $HOME\n*'
    folder.mkdir()
    with FarWorker(folder) as far:
        for key in NAMES:
            far.start(key, "/bin/sh", "-c", 'echo "$0:$LABEL"; pwd', key, cwd=str(folder), env={"LABEL": key + "\n"})
        for key in NAMES:
            assert far.log_of(key).decode() == f"{key}:{key}\n\n{folder}\n"
    assert {path.name for path in (folder / "spool" / "claims").iterdir()} == set(NAMES)


@pytest.mark.parametrize("key", ["", ".", "..", "../up", "a/b", ".hidden", "nul\0", "line\n", "x" * 241, 7, None])
def test_what_can_not_name_a_file_is_refused(tmp_path: Path, key: object):
    with FarWorker(tmp_path) as far:
        far.say(start={"key": key, "argv": ["true"]})
        assert "key" in str(far.hear(lambda message: "error" in message)["error"])
        far.say(look={str(key): 0})
        far.say(ack=str(key))
        far.say(stop=str(key))
        far.shell("node", "true")
        assert far.end_of("node")["kind"] == "exit"


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b"7", b'{"start": 7}', b'{"start": {"key": "k", "argv": "true"}}', b'{"look": [1]}', b"\xff",
     b'{"no":1}', b'{"slots": "many"}', b'{"start": {"key": "k", "env": {"A": 1}}}', b'{"stop": ["k"]}'],
)  # fmt: skip
def test_a_line_that_can_not_be_read_does_no_harm(tmp_path: Path, line: bytes):
    with FarWorker(tmp_path) as far:
        far.process.stdin.write(line + b"\n")
        far.shell("node", "true")
        assert far.end_of("node")["kind"] == "exit"


def open_to_others(spool: Path) -> None:
    spool.mkdir(0o700)
    spool.chmod(0o750)


def link(spool: Path) -> None:
    (spool.parent / "real").mkdir(0o700)
    spool.symlink_to(spool.parent / "real")


def of_another_user(spool: Path) -> None:
    spool.mkdir(0o700)
    os.chown(spool, 12345, -1)


def folder_open_to_others(spool: Path) -> None:
    spool.mkdir(0o700)
    (spool / "claims").mkdir()
    (spool / "claims").chmod(0o777)


@pytest.mark.parametrize("make", [open_to_others, link, of_another_user, folder_open_to_others])
def test_a_spool_that_is_not_this_users_alone_is_refused(tmp_path: Path, make: Callable[[Path], None]):
    if make is of_another_user and os.geteuid():
        pytest.skip("only root can give a folder away")
    make(tmp_path / "spool")
    with pytest.raises(SpoolError):
        Spool(str(tmp_path / "spool"))
    command = [sys.executable, "-I", "-S", str(shipped_agent()), "worker", str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(tmp_path / "spool") in done.stderr


def test_the_compiled_agent_of_another_user_is_not_executed(tmp_path: Path):
    agent = shipped_agent(tmp_path)
    with FarWorker(tmp_path, agent=agent):
        pass
    [compiled] = [path for path in tmp_path.iterdir() if path.name.startswith("agent.zip.")]
    compiled.write_bytes(b"not a zip file")
    compiled.chmod(0o666)
    with FarWorker(tmp_path, agent=agent) as far:
        far.shell("node", "true")
        assert far.end_of("node")["kind"] == "exit"


def test_a_side_that_does_not_read_holds_nothing_up(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        far.say(slots=20)
        for number in range(300):
            far.shell(f"node-{number}", "head -c 20000 /dev/zero")
            far.say(look={f"node-{number}": 0})
        far.shell("last", f"touch {tmp_path}/last")
        wait_for((tmp_path / "last").exists)  # nothing was read until now
        assert {far.end_of(f"node-{number}")["kind"] for number in range(300)} == {"exit"}
        assert len(far.log_of("node-299")) == 20000
        assert far.end_of("last")["kind"] == "exit"


def test_a_side_that_is_gone_while_it_is_told_something_ends_nothing_at_once(tmp_path: Path):
    with FarWorker(tmp_path, orphans=1.0) as far:
        far.shell("node", "sleep 0.3; kill -0 $PPID")
        far.shell("long", "sleep 60")
        far.hear(lambda message: message.get("began") == "long")
        far.process.stdout.close()
    assert recorded(tmp_path, "node")["kind"] == "exit"
    assert recorded(tmp_path, "long")["kind"] == "outside"


def test_the_environment_is_that_of_the_machine_with_what_is_sent(tmp_path: Path):
    env = {"PATH": os.environ["PATH"], "SITE": "there", "HOME": str(tmp_path), "LANG": "C"}
    with FarWorker(tmp_path, env=env) as far:
        far.start("node", "env", env={"SITE": "sent", "NEW": "1"}, cwd="~", run_dir="/run/dir")
        far.start("call", "os:system", '{"command": "echo $LC_CTYPE"}', call=True)
        found = dict(line.split("=", 1) for line in far.log_of("node").decode().splitlines())
        spool = str(tmp_path / "spool")
        assert found == {
            "PATH": env["PATH"],
            "HOME": str(tmp_path),
            "LANG": "C",
            "SITE": "sent",
            "NEW": "1",
            "PWD": str(tmp_path),
            "PYTHONUNBUFFERED": "1",
            "DAGTUI_RUN_DIR": "/run/dir",
            "DAGTUI_OUTPUT": f"{spool}/values/node",
        }
        assert far.log_of("call") == b"\n"


def test_attempts_do_not_ignore_signals_that_python_ignores(tmp_path: Path):
    with FarWorker(tmp_path) as far:
        far.start("node", "grep", "SigIgn", "/proc/self/status")
        ignored = int(far.log_of("node").split()[1], 16)
        assert not ignored & sum(1 << number - 1 for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP))


def test_a_setup_changes_the_environment_of_the_program_that_it_is_for(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "tool"
    tool.write_text('#!/bin/sh\necho "tool $WORD $*"\n')
    tool.chmod(0o755)
    with FarWorker(tmp_path) as far:
        setup = f"PATH='{tmp_path}/bin':$PATH\nexport WORD=set"
        far.start("good", "tool", "a  b", "$c", setup=setup)
        far.start("bad", "tool", setup="false\necho never")
        far.start("torn", "tool", setup="if")
        assert far.log_of("good") == b"tool set a  b $c\n"
        assert far.log_of("bad") == b"[dagtui: the setup of this executor failed with exit 1]\n"
        assert [far.end_of(key)["value"] for key in ("good", "bad")] == [0, 1]
        assert far.end_of("torn")["value"] != 0
