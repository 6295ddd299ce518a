"""The copy of the journal for those who asked for events: on a disk that is full for a while, and for readers."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest

from dagtui.runs import events_copy
from dagtui.runs.events_copy import EventsFile, EventsStream, copy_to
from dagtui.store import line_writer

if TYPE_CHECKING:
    from pathlib import Path

LINES = [b'{"seq":%d}\n' % number for number in range(1, 200)]


class Disk:
    """Stands in for write(2) to a file on a disk with so many bytes left."""

    def __init__(self, file: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room = 25
        self._file = file
        self._write = os.write
        monkeypatch.setattr(events_copy.os, "write", self.write)

    def write(self, descriptor: int, data: bytes) -> int:
        if descriptor != self._file:
            return self._write(descriptor, data)
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._write(descriptor, bytes(data[: self.room]))
        self.room -= written
        return written


@pytest.fixture
def disk(file: int, monkeypatch: pytest.MonkeyPatch):
    return Disk(file, monkeypatch)


@pytest.fixture
def file(tmp_path: Path):
    descriptor = os.open(tmp_path / "events", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def content(descriptor: int) -> bytes:
    return os.pread(descriptor, 1 << 20, 0)


def test_a_full_disk_is_said_once_and_nothing_is_lost_when_there_is_room_again(
    disk: Disk, file: int, capfd: pytest.CaptureFixture[str]
):
    copy = EventsFile(file)
    for line in LINES[:50]:
        copy.write(line)
    assert content(file) == b"".join(LINES)[:25], "a part of the third line"
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert "can't write the events (--events): No space left on device; the run continues" in said
    disk.room = 1 << 20
    copy.flush()
    for line in LINES[50:]:
        copy.write(line)
    assert content(file) == b"".join(LINES)
    assert capfd.readouterr().err == ""


def test_what_waits_is_bounded_and_only_whole_lines_are_left_out(
    disk: Disk, file: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(events_copy, "MOST_WAITING", 100)
    copy = EventsFile(file)
    for first in range(0, 190, 3):
        copy.write(b"".join(LINES[first : first + 3]))
    disk.room = 1 << 20
    copy.write(LINES[-1])
    written = content(file).splitlines(keepends=True)
    assert written[:10] == LINES[:10]
    assert set(written) < set(LINES)
    assert len(written) < 15
    copy.write(LINES[-1])
    assert content(file).endswith(LINES[-1]), "when nothing waits any more, nothing is left out"


def test_a_reader_that_has_gone_is_no_error(capfd: pytest.CaptureFixture[str]):
    reading, writing = os.pipe()
    copy = EventsStream(writing)
    os.close(reading)
    copy.write(LINES[0])
    copy.write(LINES[1])
    copy.flush()
    copy.close()
    assert capfd.readouterr().err == ""


def test_a_reader_that_reads_nothing_delays_nobody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line_writer, "MOST_WAITING", 300_000)
    reading, writing = os.pipe()
    copy = EventsStream(writing)
    for _ in range(1_000):
        copy.write(b"".join(LINES))
    closing = threading.Thread(target=copy.close)
    closing.start()
    with open(reading, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    closing.join()
    assert lines[: len(LINES)] == LINES
    assert 100 * len(LINES) < len(lines) < 1_000 * len(LINES)
    assert set(lines) == set(LINES), "only whole lines are left out, and nothing is said among them"


def test_what_a_descriptor_is_tells_how_it_is_written(file: int):
    reading, writing = os.pipe()
    assert isinstance(copy_to(file), EventsFile)
    stream = copy_to(writing)
    assert isinstance(stream, EventsStream)
    stream.close()
    os.close(reading)
