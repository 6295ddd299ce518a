"""Ends of attempts that no app could record: the start table, and the file in the run's directory."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.execution.local import undelivered
from dagtui.execution.local.start_table import StartTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagtui.execution.local.start_table import End

SOME: list[End] = [(0, 1, 0, 0.25), (7, 2, 256, 12.5), (2_000_000, 3, 9, 0.001)]


@pytest.fixture
def start_table() -> Iterator[StartTable]:
    with tempfile.TemporaryFile() as file:
        StartTable.allocate(file.fileno())
        found = StartTable(file.fileno())
        yield found
        found.close()


def test_ends_are_kept_until_they_are_on_record(start_table: StartTable):
    for end in SOME:
        start_table.end(*end)
    assert start_table.unrecorded() == SOME
    start_table.record(2)
    assert start_table.unrecorded() == SOME[2:]
    start_table.record(3)
    assert start_table.unrecorded() == []
    assert list(start_table.ends_from(1)) == SOME[1:]


def test_of_more_ends_than_there_is_room_for_the_latest_are_kept(start_table: StartTable):
    for number in range(40_000):
        start_table.end(number, 1, 0, 0.0)
    kept = [node for node, *_ in start_table.unrecorded()]
    assert kept == list(range(40_000 - len(kept), 40_000))
    assert len(kept) > 10_000


def test_an_attempt_is_known_by_the_latest_process_of_a_number(start_table: StartTable):
    start_table.lead(3, 1, 4711, 1.5)
    for number in range(20_000):
        start_table.lead(number, 2, 10_000 + number, 2.5)
    assert start_table.led_by(4711) is None, "too old to be kept"
    start_table.lead(5, 2, 29_999, 3.5)
    assert start_table.led_by(29_999) == (5, 2, 3.5)
    assert start_table.led_by(29_998) == (19_998, 2, 2.5)


def test_the_directory_does_not_run_into_what_follows_it(start_table: StartTable):
    start_table.directory = "/" + 4094 * "x"
    start_table.end(1, 1, 0, 0.0)
    assert start_table.directory == "/" + 4094 * "x"
    start_table.directory = "/" + 5000 * "y"
    assert len(start_table.unrecorded()) == 1


def test_what_was_written_is_read(tmp_path: Path):
    folder = str(tmp_path)
    assert list(undelivered.read(folder)) == []
    undelivered.reserve(folder)
    assert list(undelivered.read(folder)) == []
    undelivered.write(folder, SOME[:1])
    undelivered.write(folder, SOME[1:])
    assert list(undelivered.read(folder)) == SOME
    undelivered.discard(folder)
    assert list(undelivered.read(folder)) == SOME, "a file with ends stays"
    undelivered.reserve(folder)
    undelivered.discard(folder)
    assert os.listdir(folder) == []


def test_it_is_written_without_a_reserve_and_not_without_a_directory(tmp_path: Path):
    undelivered.write(str(tmp_path), SOME)
    assert list(undelivered.read(str(tmp_path))) == SOME
    undelivered.write(str(tmp_path / "gone"), SOME)
    undelivered.write("", SOME)
    assert os.listdir(tmp_path) == [undelivered.NAME]


def test_it_takes_the_room_that_it_has_reserved(tmp_path: Path):
    undelivered.reserve(str(tmp_path))
    before = os.stat(tmp_path / undelivered.NAME)
    undelivered.write(str(tmp_path), SOME * 100)
    after = os.stat(tmp_path / undelivered.NAME)
    assert (after.st_size, after.st_blocks) == (before.st_size, before.st_blocks)


@pytest.mark.parametrize(
    "fields",
    [
        b'"node":0,"attempt":1,"status":1e999,"seconds":1.0',
        b'"node":1e999,"attempt":1,"status":0,"seconds":1.0',
        b'"node":0,"attempt":1,"status":0,"seconds":1' + b"0" * 400,
        b'"node":0,"attempt":1,"status":0,"seconds":1e999',
        b'"node":0,"attempt":1,"status":0,"seconds":NaN',
        b'"node":0,"attempt":1,"status":1' + b"0" * 30 + b',"seconds":1.0',
    ],
)
def test_numbers_that_no_attempt_has_are_skipped(tmp_path: Path, fields: bytes):
    head = b"{" + fields
    (tmp_path / undelivered.NAME).write_bytes(b'%b,"crc":"%08x"}\n' % (head, crc32(head)))
    assert list(undelivered.read(str(tmp_path))) == []
    undelivered.write(str(tmp_path), SOME)
    assert list(undelivered.read(str(tmp_path))) == SOME


@given(cut=st.integers(0, 250), flipped=st.none() | st.tuples(st.integers(0, 250), st.integers(1, 255)))
def test_a_torn_or_damaged_line_says_nothing_and_those_that_follow_count(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: tuple[int, int] | None
):
    folder = tmp_path_factory.mktemp("run")
    path = folder / undelivered.NAME
    undelivered.reserve(str(folder))
    undelivered.write(str(folder), SOME)
    content = bytearray(path.read_bytes())
    whole = content.rstrip(b"\0")
    content[cut : len(whole)] = bytes(max(0, len(whole) - cut))
    if flipped is not None and flipped[0] < min(cut, len(whole)):
        content[flipped[0]] ^= flipped[1]
    path.write_bytes(content)
    left = list(undelivered.read(str(folder)))
    assert [end for end in SOME if end in left] == left, "a damaged line is skipped, not misread"
    undelivered.write(str(folder), [(5, 5, 0, 5.0)])
    assert list(undelivered.read(str(folder))) == [*left, (5, 5, 0, 5.0)]
