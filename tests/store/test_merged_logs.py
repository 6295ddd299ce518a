"""Merged logs: the same entries in the same order from every position, and only what is shown is read."""

from __future__ import annotations

import os
from collections import Counter
from math import inf
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.store.line_times import RECORD
from dagtui.store.log_pieces import PIECE
from dagtui.store.merged_logs import BEGAN, ENDED, FIRST, LAST, EntryKey, Kept, LogEntry, MergedLogs, Tracks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LINES = st.one_of(
    st.binary(max_size=12).map(lambda line: line.replace(b"\n", b".")),
    st.integers(1, 5).map(lambda pieces: b"x" * (pieces * PIECE // 2 + pieces % 2)),
)
CHUNKS = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.lists(LINES, min_size=1, max_size=3)), max_size=5)
Attempt = tuple[int, bool, list[tuple[float, list[bytes]]], bool]
"""When it began, whether it has ended, its output, and whether that ends with a newline."""
ATTEMPTS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), CHUNKS, st.booleans()), max_size=5)


def write_log(path: Path, begin: float, chunks: list[tuple[float, list[bytes]]], *, closed: bool) -> float:
    """Write a log in chunks, each some seconds after the one before, and return the time of the last one."""
    at, data, records = begin, b"", b""
    for after, lines in chunks:
        at += after
        records += RECORD.pack(len(data), at)
        data += b"\n".join(lines) + b"\n"
    path.write_bytes(data if closed else data[:-1])
    if len(chunks) > 1:
        path.with_name(path.name + ".times").write_bytes(records)
    os.utime(path, (at, at))
    return at


def made(folder: Path, attempts: list[Attempt]) -> Tracks:
    """Return tracks with their logs on disk."""
    tracks = Tracks()
    for number, (begin, ended, chunks, closed) in enumerate(sorted(attempts, key=lambda one: one[0])):
        path = folder / f"{number}.log"
        last = write_log(path, begin, chunks, closed=closed) if chunks else float(begin)
        tracks.add(begin, last + 0.25 if ended else inf, path)
    return tracks


def all_entries(tracks: Tracks) -> list[LogEntry]:
    """Return all entries, read in the simplest way and sorted."""
    found: list[LogEntry] = []
    for track in range(len(tracks)):
        path = tracks.path(track)
        begin, end = tracks.begins[track], tracks.ends[track]
        found.append(LogEntry(EntryKey(begin, track, BEGAN)))
        if end < inf:
            found.append(LogEntry(EntryKey(end, track, ENDED)))
        if path is None or not path.exists():
            continue
        data = path.read_bytes()
        times = path.with_name(path.name + ".times")
        records = list(RECORD.iter_unpack(times.read_bytes())) if times.exists() else [(0, path.stat().st_mtime)]
        newlines = {at for at, byte in enumerate(data) if byte == 10}
        starts = {0, *(at + 1 for at in newlines)} | {
            at for at in range(PIECE, len(data), PIECE) if b"\n" not in data[at - PIECE : at + 1]
        }
        starts = sorted(start for start in starts if start < len(data))
        for start, end_ in zip(starts, [*starts[1:], len(data)][: len(starts)], strict=True):
            at = next(time for offset, time in reversed(records) if offset <= start)
            line = data[start:end_].removesuffix(b"\n")
            found.append(LogEntry(EntryKey(min(max(at, begin), end), track, start), line, end_))
    return sorted(found)


@settings(max_examples=150, deadline=None)
@given(ATTEMPTS, st.data())
def test_the_same_entries_from_every_position(
    tmp_path_factory: pytest.TempPathFactory, attempts: list[Attempt], data: st.DataObject
) -> None:
    """What is read forwards and backwards from any position is what sorting everything gives."""
    tracks = made(tmp_path_factory.mktemp("logs"), attempts)
    expected = all_entries(tracks)
    logs = MergedLogs(tracks)
    assert logs.forward(FIRST).take(10_000) == expected
    assert logs.backward(LAST).take(10_000) == expected[::-1]
    if expected:
        at = data.draw(st.integers(0, len(expected) - 1))
        key = expected[at].key
        assert logs.forward(key).take(10_000) == expected[at:]
        assert logs.backward(key).take(10_000) == expected[:at][::-1]
        between = EntryKey(key.time + 0.1, data.draw(st.sampled_from([-1, len(tracks)])), 0)
        after = next((index for index, one in enumerate(expected) if one.key >= between), len(expected))
        assert logs.forward(between).take(10_000) == expected[after:]
        assert logs.backward(between).take(10_000) == expected[:after][::-1]


def many_logs(folder: Path, count: int, *, at_once: int, size: int) -> Tracks:
    """Return tracks of 10 seconds each, with logs of one size that are the same file."""
    tracks = Tracks()
    source = folder / "log"
    line = b"a line of output, as logs have many of them\n"
    source.write_bytes(line * (size // len(line)))
    for number in range(count):
        begin = number // at_once * 10.0
        path = folder / f"{number}.log"
        os.link(source, path)
        records = (RECORD.pack(chunk * size // 100, begin + chunk / 10) for chunk in range(100))
        path.with_name(path.name + ".times").write_bytes(b"".join(records))
        tracks.add(begin, begin + 10.0, path)
    return tracks


def test_what_is_not_shown_is_not_read(tmp_path: Path) -> None:
    """A screen costs some blocks of the logs that have lines on it, wherever it is, and however much there is."""
    tracks = many_logs(tmp_path, 400, at_once=4, size=1 << 20)
    for key in (FIRST, LAST, EntryKey(505.0, -1, 0), EntryKey(507.5, 203, 0)):
        logs = MergedLogs(tracks)
        shown = logs.backward(key).take(60) if key == LAST else logs.forward(key).take(60)
        opened = len({entry.key.track for entry in shown})
        assert len(shown) == 60
        assert opened <= 5
        assert logs.read.logs <= 60 * 50 + (opened + 4) * 3 * 4_096
        assert logs.read.times <= (opened + 4) * 4 * 2_048


def test_many_attempts_that_end_together_are_hardly_read(tmp_path: Path) -> None:
    """Each has few lines on the screen."""
    logs = MergedLogs(many_logs(tmp_path, 100, at_once=100, size=1 << 20))
    assert len(logs.backward(LAST).take(60)) == 60
    assert logs.read.logs <= 100 * 1_024


def test_more_of_the_same_costs_what_is_shown(tmp_path: Path) -> None:
    """Page after page, the bytes that are read are those of the lines."""
    tracks = many_logs(tmp_path, 4, at_once=4, size=1 << 20)
    logs = MergedLogs(tracks)
    merge = logs.forward(EntryKey(5.0, -1, 0))
    shown = sum(len(entry.data) for _ in range(100) for entry in merge.take(60))
    assert logs.read.logs <= 1.3 * shown + 4 * 2 * 65_536


def test_a_huge_line_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    tracks = Tracks()
    tracks.add(0.0, 1.0, path)
    logs = MergedLogs(tracks)
    assert len(logs.backward(LAST).take(10)) == 10
    assert len(logs.forward(EntryKey(0.5, -1, 0)).take(1)) == 1
    assert logs.read.logs < 1 << 20


def test_lines_of_a_clock_that_was_set_back_keep_their_order(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(b"one\ntwo\nthree\n")
    path.with_name("0.log.times").write_bytes(RECORD.pack(0, 5.0) + RECORD.pack(4, 2.0) + RECORD.pack(8, 6.0))
    tracks = Tracks()
    tracks.add(0.0, 9.0, path)
    there = [entry.data for entry in MergedLogs(tracks).forward().take(9) if entry.is_line]
    back = [entry.data for entry in MergedLogs(tracks).backward().take(9) if entry.is_line]
    assert there == [b"one", b"two", b"three"] == back[::-1]


def test_a_track_without_a_log_has_its_marks(tmp_path: Path) -> None:
    tracks = Tracks()
    tracks.add(0.0, 1.0, tmp_path / "nothing.log")
    tracks.add(2.0, 2.0, None)
    marks = [entry.key.offset for entry in MergedLogs(tracks).forward().take(9)]
    assert Counter(marks) == Counter({BEGAN: 1, ENDED: 2})


def test_only_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(b"".join(b"%s %d\n" % (b"error" if n % 1000 == 999 else b"fine", n) for n in range(10_000)))
    os.utime(path, (1.0, 1.0))
    tracks = Tracks()
    tracks.add(0.0, 1.0, path)
    logs = MergedLogs(tracks, only=Kept(lambda line: b"error" in line, lambda data: b"error" in data, lambda _: False))
    there = [entry.data for entry in logs.forward().take(99)]
    assert there == [b"error %d" % n for n in range(999, 10_000, 1000)]
    assert [entry.data for entry in logs.backward().take(99)] == there[::-1]


def test_of_a_recording_only_what_was_written_until_then(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_bytes(b"one\ntwo\nthree\n")
    path.with_name("0.log.times").write_bytes(RECORD.pack(0, 1.0) + RECORD.pack(4, 2.0) + RECORD.pack(8, 6.0))
    tracks = Tracks()
    tracks.add(0.0, inf, path)
    tracks.until = 3.0
    there = [entry.data for entry in MergedLogs(tracks).forward().take(9) if entry.is_line]
    assert there == [b"one", b"two"]
    assert [entry.data for entry in MergedLogs(tracks).backward().take(9) if entry.is_line] == there[::-1]
