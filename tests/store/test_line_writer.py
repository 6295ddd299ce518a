"""Lines for readers that are slow, stopped, or gone."""

from __future__ import annotations

import os
import re
import threading

import pytest

from dagtui.store import line_writer
from dagtui.store.line_writer import LineWriter


def read_all(descriptor: int) -> bytes:
    data = b""
    while part := os.read(descriptor, 65536):
        data += part
    return data


def test_everything_is_written_in_order_and_what_can_t_be_encoded_is_replaced():
    reading, writing = os.pipe()
    writer = LineWriter(writing, "ascii")
    for number in range(1000):
        writer.say(f"line {number} ✓")
    writer.close()
    os.close(writing)
    assert read_all(reading).splitlines() == [b"line %d ?" % number for number in range(1000)]
    os.close(reading)


def test_a_stopped_reader_gets_what_fits_and_is_told_what_was_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line_writer, "MOST_WAITING", 100_000)
    reading, writing = os.pipe()
    writer = LineWriter(writing, "utf-8")
    for number in range(3000):
        writer.say(f"{number:099}")  # returns although nobody reads
    closing = threading.Thread(target=writer.close)
    closing.start()
    got = b""
    while b"left out" not in got:
        got += os.read(reading, 65536)
    closing.join(30)
    os.close(writing)
    lines = (got + read_all(reading)).splitlines()
    os.close(reading)
    remark = re.compile(rb"\[dagtui: ([0-9,]+) lines? left out because they were not read in time\]")
    told = [int(match[1].replace(b",", b"")) for match in map(remark.fullmatch, lines) if match]
    kept = [int(line) for line in lines if not remark.fullmatch(line)]
    assert kept == sorted(set(kept))
    assert kept[:600] == list(range(600)), "what fits is not left out"
    assert len(kept) + sum(told) == 3000
    assert sum(told) > 1000


def test_a_reader_that_has_gone_is_no_error(capfd: pytest.CaptureFixture[str]):
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing, "utf-8")
    writer.say("one")
    writer.say("two")
    writer.close()
    writer.say("three")
    os.close(writing)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("refusals", [2, 10])
def test_without_a_thread_to_be_had_the_lines_wait_for_one_or_for_the_end(
    monkeypatch: pytest.MonkeyPatch, refusals: int
):
    left = iter(range(refusals))
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if next(left, None) is not None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    reading, writing = os.pipe()
    writer = LineWriter(writing, "utf-8")
    for number in range(5):
        writer.say(f"line {number}")
    writer.close()
    os.close(writing)
    assert read_all(reading) == b"line 0\nline 1\nline 2\nline 3\nline 4\n"
    os.close(reading)


def test_a_descriptor_that_does_not_block_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    writer = LineWriter(writing, "utf-8")
    for number in range(2000):
        writer.say(f"{number:099}")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(read_all(reading)))
    reader.start()
    writer.close()
    os.close(writing)
    reader.join(30)
    os.close(reading)
    assert got[0].splitlines() == [f"{number:099}".encode() for number in range(2000)]
