"""Starting programs with a Python whose `posix_spawn` can't begin a session."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING

import pytest

from dagtui.execution.local.spawn import fork_and_execute

if TYPE_CHECKING:
    from pathlib import Path


def test_a_program_is_started_in_a_session_of_its_own_with_plain_signals():
    told, tell = os.pipe()
    # A shell blocks signals for a moment while it starts a program: only in its place they are what it was given.
    text = 'cut -d " " -f 1,6 /proc/$$/stat; echo $WORD >&2; exec grep -E "SigBlk|SigIgn" /proc/self/status'
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        pid = fork_and_execute("/bin/sh", ("sh", "-c", text), {"WORD": "word", "PATH": os.defpath}, tell, "")
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    os.close(tell)
    with open(told) as file:
        ids, word, blocked, ignored = file.read().splitlines()
    assert os.waitpid(pid, 0)[1] == 0
    assert ids.split() == [str(pid)] * 2
    assert int(blocked.split()[1], 16) == 0
    assert not int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1
    assert word == "word"


@pytest.mark.parametrize(("name", "number"), [("none", errno.ENOENT), ("plain", errno.EACCES)])
def test_what_can_not_be_executed_is_told_by_its_number(tmp_path: Path, name: str, number: int):
    (tmp_path / "plain").touch(0o600)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        fork_and_execute(str(tmp_path / name), ("name",), {}, 1, "")
    assert caught.value.errno == number


def test_an_argument_that_no_program_can_get_is_told():
    with pytest.raises(ValueError, match="null byte"):
        fork_and_execute("/bin/true", ("true", "a\0b"), {}, 1, "")
