from __future__ import annotations

import errno
import os
import struct
from typing import TYPE_CHECKING

import pytest

from dagtui.execution.local import log_file
from dagtui.execution.local.log_file import LogWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WALL = 1_000_000.0


class Disk:
    """A disk with a number of bytes left."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write = os.write

    def write(self, fd: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(fd, bytes(data[: self.room]))
        self.room -= written
        return written


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Disk]:
    def make(room: int) -> Disk:
        found = Disk(room)
        monkeypatch.setattr("dagtui.execution.local.log_file.os.write", found.write)
        return found

    return make


def test_a_log_is_made_at_its_first_byte_with_its_directories(tmp_path: Path):
    path = tmp_path / "a" / "b" / "log"
    log = LogWriter(str(path))
    assert not path.exists()
    log.write(b"x", WALL)
    assert path.read_bytes() == b"x"
    assert log.close() == 1


def test_a_successor_continues_where_the_log_ends(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    log = LogWriter(str(path))
    log.write(b"after\n", WALL)
    assert log.close() == 13
    assert path.read_bytes() == b"before\nafter\n"


def test_a_log_that_is_overwritten_is_emptied_once(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    log = LogWriter(str(path), anew=True)
    log.write(b"one\n", WALL)
    log.release()
    log.write(b"two\n", WALL)
    log.close()
    assert path.read_bytes() == b"one\ntwo\n"


def test_what_a_full_disk_takes_is_counted_and_said_when_there_is_room_again(
    tmp_path: Path, disk: Callable[[int], Disk]
):
    path = tmp_path / "log"
    log, full = LogWriter(str(path)), disk(4)
    log.write(b"a line\n", WALL)
    log.write(b"lost altogether\n", WALL)
    assert path.read_bytes() == b"a li"
    full.room = 1000
    log.write(b"back\n", WALL)
    size = log.close()
    assert path.read_bytes() == b"a li\n[dagtui: 19 bytes lost: disk full]\nback\n"
    assert size == path.stat().st_size


def test_a_loss_at_the_end_is_said_at_the_end(tmp_path: Path, disk: Callable[[int], Disk]):
    path = tmp_path / "log"
    log, full = LogWriter(str(path)), disk(3)
    log.write(b"ab\ncd\n", WALL)
    full.room = 1000
    log.close()
    assert path.read_bytes() == b"ab\n[dagtui: 3 bytes lost: disk full]\n"


def test_a_closed_log_says_its_loss_later_when_there_was_no_room(tmp_path: Path, disk: Callable[[int], Disk]):
    path = tmp_path / "log"
    log, full = LogWriter(str(path)), disk(3)
    log.write(b"ab\ncd\n", WALL)
    assert log.close() == 3
    assert (log.lost, log.reason) == (3, "disk full")
    assert not log.say_loss()
    full.room = 1000
    assert log.say_loss()
    assert log.say_loss()
    assert path.read_bytes() == b"ab\n[dagtui: 3 bytes lost: disk full]\n"
    assert log.lost == 3, "reported bytes still count as lost"


def test_a_remark_that_finds_no_room_does_not_count_as_output(tmp_path: Path, disk: Callable[[int], Disk]):
    path = tmp_path / "log"
    log, full = LogWriter(str(path)), disk(0)
    log.write(b"12345", WALL)
    log.write(b"67890", WALL)
    full.room = 1000
    log.write(b"x", WALL)
    log.close()
    assert path.read_bytes() == b"[dagtui: 10 bytes lost: disk full]\nx"


def test_a_directory_that_can_not_be_made_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    now = 100.0
    monkeypatch.setattr("dagtui.execution.local.log_file.time.monotonic", lambda: now)
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    log = LogWriter(str(blocked / "log"))
    log.write(b"12345", WALL)
    blocked.unlink()
    log.write(b"67890", WALL)
    now += 2
    log.write(b"x", WALL)
    log.close()
    assert (blocked / "log").read_bytes() == b"[dagtui: 10 bytes lost: not a directory]\nx"


def records(path: Path) -> list[tuple[int, float]]:
    return list(struct.iter_unpack("<Qd", path.with_name(path.name + ".times").read_bytes()))


def test_times_are_a_tenth_of_a_second_apart(tmp_path: Path):
    path = tmp_path / "log"
    log = LogWriter(str(path))
    for tick in range(30):
        log.write(b"12345", WALL + tick / 100 * 1.0001)
    log.close()
    assert [offset for offset, _ in records(path)] == [0, 50, 100]


def test_times_follow_a_clock_that_jumps_back(tmp_path: Path):
    path = tmp_path / "log"
    log = LogWriter(str(path))
    for wall in (WALL, WALL - 3600, WALL - 3599.95):
        log.write(b"12345", wall)
    log.close()
    assert records(path) == [(0, WALL), (5, WALL - 3600)]


def test_times_are_written_now_and_then(tmp_path: Path):
    path = tmp_path / "log"
    log = LogWriter(str(path))
    log.write(b"1", WALL)
    log.write_times()
    assert not path.with_name("log.times").exists(), "a log of one moment needs no times"
    log.write(b"2", WALL + 1)
    log.write_times()
    assert len(records(path)) == 2
    log.write(b"3", WALL + 2)
    log.close()
    assert records(path) == [(0, WALL), (1, WALL + 1), (2, WALL + 2)]


def test_a_log_that_is_too_long_keeps_its_head_and_its_tail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log_file, "TAIL", 8)
    monkeypatch.setattr(log_file, "MOST", 10)
    path = tmp_path / "log"
    log = LogWriter(str(path))
    log.write(b"head\n", WALL)
    for number in range(100):
        log.write(b"%08d\n" % number, WALL)
    size = log.close()
    assert path.read_bytes() == (
        b"head\n[dagtui: the log is full; its last part follows when the attempt has ended]\n"
        b"[dagtui: 892 bytes left out]\n0000099\n"
    )
    assert size == path.stat().st_size
