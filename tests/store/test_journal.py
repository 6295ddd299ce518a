"""The journal: what was written is read, torn or damaged ends are found at any byte, and a full disk tears nothing."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.journals import read_journal, read_through

from dagtui.store import journal
from dagtui.store.errors import JournalError, StoreError
from dagtui.store.journal import JournalFollower, JournalReader, JournalWriter, set_aside

if TYPE_CHECKING:
    from pathlib import Path

WRITE_FOR_EVER = """
import os, sys, pathlib
from dagtui.store.journal import JournalWriter
writer = JournalWriter(pathlib.Path(sys.argv[1]))
number = 0
while True:
    writer.write([(1.5, f'"event":"note","text":"{number + i}"') for i in range(number % 7 + 1)])
    number += number % 7 + 1
    os.write(1, b"%d\\n" % number)  # only after the lines are written
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def write(path: Path, *texts: str) -> None:
    writer = JournalWriter(path)
    writer.write((1.25 + number, f'"event":"note","text":{json.dumps(text)}') for number, text in enumerate(texts))
    writer.close()


def texts(records: list[dict[str, object]]) -> list[object]:
    return [record["text"] for record in records if record["event"] == "note"]


def test_lines_are_numbered_timed_and_checksummed(path: Path):
    write(path, "a", "é")
    first, second, third = path.read_bytes().splitlines()
    assert json.loads(first)["event"] == "journal"
    assert json.loads(first)["version"] == 1
    body, _, check = second.rpartition(b',"crc":"')
    assert body == b'{"seq":2,"time":1.250,"event":"note","text":"a"'
    assert check == b'%08x"}' % zlib.crc32(body)
    assert json.loads(third)["seq"] == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_is_read(path: Path):
    write(path, "a", "é\n\udcff", "c" * 100_000)
    reading = read_journal(path)
    assert texts(reading.records) == ["a", "é\n\udcff", "c" * 100_000]
    assert (reading.torn, reading.problem, reading.size) == (b"", None, path.stat().st_size)


def test_write_returns_what_it_appended(path: Path):
    writer = JournalWriter(path)
    before = path.read_bytes()
    assert before + writer.write([(1.0, '"event":"note"'), (2.0, '"event":"note"')]) == path.read_bytes()
    assert writer.write([]) == b""
    writer.sync()
    writer.close()


def test_a_record_with_a_line_break_is_refused(path: Path):
    writer = JournalWriter(path)
    with pytest.raises(ValueError, match="line break"):
        writer.write([(1.0, '"event":"note","text":"a\nb"')])
    writer.write([(1.0, '"event":"note","text":"ok"')])
    writer.close()
    assert texts(read_journal(path).records) == ["ok"]


def test_a_journal_cut_at_any_byte_keeps_its_whole_lines(path: Path):
    write(path, "first", "second", "third")
    whole = path.read_bytes()
    starts = [0, *(i + 1 for i, byte in enumerate(whole) if byte == 10)]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        reading = read_journal(path)
        kept = max(start for start in starts if start <= length)
        assert len(reading.records) == starts.index(kept)
        assert reading.torn == whole[kept:length]
        assert reading.size == kept
        assert (reading.problem is None) == (length in starts and length > 0)


def test_a_flipped_bit_anywhere_is_found(path: Path):
    write(path, "first", "second", "third")
    whole = path.read_bytes()
    second = len(whole.splitlines(keepends=True)[0])
    for position in range(second, len(whole)):
        for bit in range(8):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            path.write_bytes(damaged)
            reading = read_journal(path)
            line = whole[:position].count(b"\n") + 1
            assert reading.problem is not None
            assert reading.problem.startswith(f"line {line}, ")
            assert len(reading.records) == line - 1
            assert bytes(damaged).endswith(reading.torn)


@pytest.mark.parametrize("change", ["swap", "drop", "repeat"])
def test_lines_out_of_order_are_found(path: Path, change: str):
    write(path, "first", "second", "third")
    head, one, two, three = path.read_bytes().splitlines(keepends=True)
    lines = {"swap": [head, two, one, three], "drop": [head, two, three], "repeat": [head, one, one, two]}[change]
    path.write_bytes(b"".join(lines))
    assert len(read_journal(path).records) == (2 if change == "repeat" else 1)


def test_a_torn_end_is_set_aside_and_the_journal_goes_on(path: Path):
    write(path, "first", "second")
    whole = path.read_bytes()
    assert set_aside(read_through(path)) is None
    for number in (1, 2):
        with path.open("ab") as file:
            file.write(b'{"seq":')
        with pytest.raises(JournalError, match="torn or damaged"):
            JournalWriter.reopen(read_through(path))
        assert set_aside(read_through(path)) == path.with_name(f"journal.jsonl.torn-{number}")
        assert path.with_name(f"journal.jsonl.torn-{number}").read_bytes() == b'{"seq":'
        assert path.read_bytes() == whole
    writer = JournalWriter.reopen(read_through(path))
    writer.write([(9.0, '"event":"note","text":"third"')])
    writer.close()
    reading = read_journal(path)
    assert texts(reading.records) == ["first", "second", "third"]
    assert [record["seq"] for record in reading.records] == [1, 2, 3, 4]
    assert reading.problem is None


def test_nothing_is_cut_off_before_its_copy_is_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch):
    write(path, "first")
    whole = path.read_bytes()
    path.write_bytes(whole + b"torn")
    aside = path.with_name("journal.jsonl.torn-1")
    steps: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(os, "fsync", lambda _descriptor: steps.append((path.read_bytes(), aside.read_bytes())))
    assert set_aside(read_through(path)) == aside
    assert steps == [(whole + b"torn", b"torn"), (whole, b"torn")]


def test_a_torn_end_that_can_not_be_copied_stays(path: Path, monkeypatch: pytest.MonkeyPatch):
    write(path, "first")
    path.write_bytes(torn := path.read_bytes() + b"torn")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    reader = read_through(path)
    with pytest.raises(JournalError, match="can't set aside the torn end of"):
        set_aside(reader)
    assert path.read_bytes() == torn
    assert list(path.parent.iterdir()) == [path]
    assert reader.problem is not None


def test_a_journal_that_somebody_has_written_to_since_it_was_read_is_not_gone_on_with(path: Path):
    write(path, "first", "second")
    reader = read_through(path)
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(JournalError, match="another process has written to it"):
        JournalWriter.reopen(reader)
    path.write_bytes(whole)
    JournalWriter.reopen(reader).close()


def test_a_journal_is_read_in_little_memory(path: Path):
    import tracemalloc

    write(path, *("text " * 20 for _ in range(50_000)))
    reader = JournalReader(path)
    tracemalloc.start()
    try:
        assert sum(1 for _ in reader) == 50_001
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
    assert (reader.lines, reader.size, reader.problem) == (50_001, path.stat().st_size, None)


def test_a_journal_of_a_later_version_is_no_damage(path: Path):
    head = b'{"seq":1,"time":1.0,"event":"journal","version":2'
    path.write_bytes(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
    with pytest.raises(JournalError, match="later version of dagtui"):
        read_journal(path)
    with pytest.raises(JournalError, match="later version of dagtui"):
        set_aside(read_through(path))


def test_a_journal_is_never_overwritten_or_written_through_a_link(path: Path, tmp_path: Path):
    write(path, "a")
    with pytest.raises(StoreError, match="File exists"):
        JournalWriter(path)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    with pytest.raises(StoreError):
        JournalWriter(link)
    assert not (tmp_path / "target").exists()
    with pytest.raises(StoreError, match="symbolic link"):
        read_journal(link)
    with pytest.raises(StoreError, match="symbolic link"):
        JournalWriter.reopen(JournalReader(link))


def test_a_full_disk_tears_nothing_and_writing_goes_on_later(path: Path):
    writer = JournalWriter(path)
    writer.write([(1.0, '"event":"note","text":"before"')])
    size = path.stat().st_size
    batch = [(2.0, f'"event":"note","text":"{number}"') for number in range(20)]
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (0, 1, 100, 300):  # the last two have room for some whole lines
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, old[1]))
        try:
            with pytest.raises(JournalError, match="can't write the journal"):
                writer.write(batch)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert path.stat().st_size == size
    writer.write(batch)
    writer.close()
    reading = read_journal(path)
    assert texts(reading.records) == ["before", *map(str, range(20))]
    assert reading.problem is None


def test_a_torn_line_that_could_not_be_removed_at_once_is_removed_before_the_next(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    writer = JournalWriter(path)
    real_write, real_truncate = os.write, os.ftruncate

    def torn_write(descriptor: int, data: memoryview) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return real_write(descriptor, data[: len(data) // 2])

    def no_truncate(_descriptor: int, _size: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "write", torn_write)
    monkeypatch.setattr(os, "ftruncate", no_truncate)
    for _ in range(2):
        with pytest.raises(JournalError):
            writer.write([(1.0, '"event":"note","text":"a"')])
    monkeypatch.setattr(os, "write", real_write)
    monkeypatch.setattr(os, "ftruncate", real_truncate)
    writer.write([(1.0, '"event":"note","text":"b"')])
    writer.close()
    reading = read_journal(path)
    assert (texts(reading.records), reading.problem) == (["b"], None)


def test_kill_loses_nothing_that_was_written(tmp_path: Path):
    pick = random.Random(7)
    for attempt in range(8):
        path = tmp_path / f"{attempt}.jsonl"
        writer = subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, path], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(pick.randrange(1, 400)):
            line = writer.stdout.readline()
        writer.kill()
        acknowledged = int(line) if not (rest := writer.stdout.read()).strip() else int(rest.split()[-1])
        writer.stdout.close()
        writer.wait()
        found = texts(read_journal(path).records)
        assert len(found) >= acknowledged
        assert found == list(map(str, range(len(found))))


def test_a_follower_sees_each_record_once(path: Path):
    follower = JournalFollower(path)
    assert follower.poll() == []
    writer = JournalWriter(path)
    seen: list[object] = []
    for number in range(50):
        writer.write([(1.0, f'"event":"note","text":"{number}-{part}"') for part in range(number % 3)])
        seen += texts(follower.poll(budget_bytes=1000) or [])
    while new := follower.poll(budget_bytes=10):
        seen += texts(new)
    assert seen == [f"{number}-{part}" for number in range(50) for part in range(number % 3)]
    assert follower.problem is None
    writer.close()
    follower.close()


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_follower_sees_lines_only_when_they_are_whole(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    path = tmp_path_factory.mktemp("follow") / "journal.jsonl"
    write(path, "a", "b" * 50, "c")
    whole = path.read_bytes()
    path.write_bytes(b"")
    follower = JournalFollower(path)
    seen: list[object] = []
    position = 0
    while position < len(whole):
        step = data.draw(st.integers(1, 80))
        with path.open("ab") as file:
            file.write(whole[position : position + step])
        position += step
        seen += texts(follower.poll(data.draw(st.integers(1, 200))) or [])
    while new := follower.poll():
        seen += texts(new)
    assert seen == ["a", "b" * 50, "c"]
    follower.close()


def test_a_follower_starts_again_when_lines_were_taken_back(path: Path, tmp_path: Path):
    write(path, "a", "b")
    kept = path.read_bytes()
    other = tmp_path / "other.jsonl"
    for taken_back, instead in ((["x", "y"], ["z"]), (["x"], ["long" * 10, "er"])):
        path.unlink(missing_ok=True)
        other.unlink(missing_ok=True)
        write(path, "a", "b", *taken_back)
        write(other, "a", "b", *instead)
        follower = JournalFollower(path)
        assert texts(follower.poll() or []) == ["a", "b", *taken_back]
        with path.open("rb+") as file:
            file.truncate(len(kept))
            file.seek(len(kept))
            file.write(other.read_bytes()[len(kept) :])
        assert follower.poll() is None
        assert texts(follower.poll() or []) == ["a", "b", *instead]
        assert follower.problem is None
        follower.close()


def test_a_follower_stops_at_a_damaged_line(path: Path):
    write(path, "a", "b", "c")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"b"', b'"B"')
    path.write_bytes(b"".join(lines))
    follower = JournalFollower(path)
    assert texts(follower.poll() or []) == ["a"]
    assert follower.poll() is None
    assert texts(follower.poll() or []) == ["a"]
    assert follower.poll() == []
    assert follower.problem == "line 3 is damaged"
    follower.close()


def test_a_line_longer_than_the_budget_is_read(path: Path):
    write(path, "x" * 3_000_000)
    follower = JournalFollower(path)
    assert texts(follower.poll(1000) or []) == []
    assert texts(follower.poll(1000) or []) == ["x" * 3_000_000]
    follower.close()


def test_the_check_of_a_line_is_exact():
    assert journal.parse_line(b"", 1) is None
    assert journal.parse_line(b"[]", 1) is None
    head = b'{"seq":1'
    good = b'%b,"crc":"%08x"}' % (head, zlib.crc32(head))
    assert journal.parse_line(good, 1) == {"seq": 1}
    assert journal.parse_line(good, 2) is None
    for more in (b"} ", b"},", b'}{"seq":1', b" "):
        head = b'{"seq":1' + more
        expected = {"seq": 1} if more == b" " else None
        assert journal.parse_line(b'%b,"crc":"%08x"}' % (head, zlib.crc32(head)), 1) == expected
