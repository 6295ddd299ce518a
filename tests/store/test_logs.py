"""The log reader against the naive one, on real files that grow, are cut, replaced, huge or hostile."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagtui.store import line_index, log_lines, log_search, logs
from dagtui.store.errors import StoreError
from dagtui.store.line_times import RECORD
from dagtui.store.log_lines import LogLine
from dagtui.store.log_queries import ErrorLine, Substring, query
from dagtui.store.log_search import Found
from dagtui.store.logs import Change, LogReader
from dagtui.text.lines import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.store.log_queries import Query

LIMIT = 20

CHUNKS = st.lists(
    st.binary(max_size=60).map(lambda data: data.replace(b"\x1b", b"["))
    | st.sampled_from([b"\n", b"\n\n\n", b"a\n" * 30, b"x" * 50, b"1 %\r2 %\r", b"\r\n", b"y" * 45 + b"\r100 %"]),
    max_size=25,
)


@contextlib.contextmanager
def small_sizes(limit: int = LIMIT) -> Iterator[None]:
    """Every threshold so small that a file of some hundred bytes crosses them all."""
    with (
        mock.patch.multiple(logs, _BLOCK=7, _TAIL=40, _WHOLE=100, _LAG=200),
        mock.patch.multiple(log_lines, GAP=16, LINE_LIMIT=limit, PAGE_OVERLAP=8, PAGE_STEP=limit - 8),
        mock.patch.multiple(log_search, LINE_LIMIT=limit, _BLOCK=50, _PAGES=2),
        mock.patch.multiple(line_index, GAP=16),
    ):
        yield


def naive_lines(content: bytes) -> list[bytes]:
    parts = content.split(b"\n")
    return parts if parts[-1] else parts[:-1]


def shown(line: bytes) -> LogLine:
    if len(line) <= LIMIT:
        return LogLine(line)
    end = line[-LIMIT:].rstrip(b"\r")
    if b"\r" in end:
        return LogLine(end[end.find(b"\r") + 1 :])
    return LogLine(line[:LIMIT], len(line) - LIMIT)


def settle(log: LogReader) -> None:
    for _ in range(10_000):
        log.refresh(1)
        if log.complete:
            return
    raise AssertionError("the index never meets the end")


@settings(max_examples=300, deadline=None)
@given(CHUNKS, st.data())
def test_lines_are_those_of_a_naive_split(chunks: list[bytes], data: st.DataObject):
    with small_sizes(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        log = LogReader(path)
        content = b""
        for chunk in chunks:
            content += chunk
            with path.open("ab") as file:
                file.write(chunk)
            if data.draw(st.booleans()):
                log.refresh(data.draw(st.sampled_from([1, 10, 1000])))
        settle(log)
        expected = [shown(line) for line in naive_lines(content)]
        assert log.line_count == len(expected)
        assert log.numbered
        assert log.lines(0, len(expected) + 5) == expected
        first = data.draw(st.integers(0, len(expected)))
        count = data.draw(st.integers(0, 20))
        assert log.lines(first, count) == expected[first : first + count]
        assert log.tail(count) == (expected[-count:] if count else [])
        log.close()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=12).map(lambda b: b.translate(None, b"\r\x1b")), min_size=30, max_size=90))
def test_the_end_is_there_at_once_and_what_is_before_is_inserted(parts: list[bytes]):
    content = b"early\n" * 20 + b"\n".join(parts)
    with small_sizes(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(content)
        expected = naive_lines(content)
        with LogFileOf(path) as log:
            log.refresh(1)
            while not log.complete:
                seen = [line.data for line in log.lines(max(0, log.line_count - 3), 3)]
                assert not log.numbered
                # The first line of the part may be cut.
                assert seen[1:] == expected[len(expected) - len(seen) + 1 :]
                before, position = log.line_count, log.line_count - 1
                last = log.lines(position, 1)
                change = log.refresh(1)
                assert not change.replaced
                assert log.lines(position + change.inserted, 1) == last
                assert log.line_count == before + change.inserted
            assert [line.data for line in log.lines(0, 1000)] == expected


@contextlib.contextmanager
def LogFileOf(path: Path) -> Iterator[LogReader]:  # noqa: N802 - reads as the class it wraps
    log = LogReader(path)
    try:
        yield log
    finally:
        log.close()


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b"b", b"\n", b"A", b"\r\n", b"x" * 30, b"\xc3\xa9"]), max_size=120),
    st.sampled_from(["a", "ab", "A", "é", "!a", "!x", "aé", "!"]),
    st.integers(0, 40),
    st.integers(1, 50),
)
def test_find_hits_what_a_scan_of_all_lines_hits(parts: list[bytes], text: str, start: int, budget: int):
    with small_sizes(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(b"".join(parts))
        with LogFileOf(path) as log:
            settle(log)
            wanted = query(text)
            hits = [n for n, line in enumerate(naive_lines(b"".join(parts))) if wanted.matches(line)]
            following = [n for n in hits if n >= start]
            assert run_search(log.find_next, wanted, start, budget) == (following[0] if following else None)


def run_search(step, wanted, start: int, budget: int) -> int | None:  # noqa: ANN001 - a bound method of the reader
    found = step(wanted, start, budget)
    for _ in range(1000):
        if found.resume is None:
            return found.line
        found = step(wanted, found.resume, budget)
    raise AssertionError("the search never ends")


def test_a_log_may_come_later_grow_and_be_replaced(tmp_path: Path):
    path = tmp_path / "log"
    with LogFileOf(path) as log:
        assert log.refresh() == Change()
        assert not log.exists
        assert log.complete
        assert log.lines(0, 10) == []
        assert log.tail(5) == []
        path.write_bytes(b"one\ntw")
        assert log.refresh() == Change(grown=True)
        assert log.lines(0, 10) == [LogLine(b"one"), LogLine(b"tw")]
        assert not log.refresh()
        with path.open("ab") as file:
            file.write(b"o\nthree\n")
        assert log.refresh()
        assert log.lines(1, 10) == [LogLine(b"two"), LogLine(b"three")]
        path.write_bytes(b"cut\n")
        assert log.refresh().replaced
        assert log.lines(0, 10) == [LogLine(b"cut")]
        other = tmp_path / "other"
        other.write_bytes(b"another\nfile\n")
        other.rename(path)
        assert log.refresh().replaced
        assert log.lines(0, 10) == [LogLine(b"another"), LogLine(b"file")]
        path.unlink()
        assert not log.refresh()
        assert log.lines(1, 1) == [LogLine(b"file")]


def test_a_file_cut_behind_the_reader_s_back_does_no_harm(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"a\n" * 100 + b"x" * 40_000)
    with LogFileOf(path) as log:
        log.refresh()
        path.write_bytes(b"")
        assert {line.data for line in log.lines(0, 200)} == {b""}
        assert log.time_of(50) == path.stat().st_mtime
        assert log.find_next(Substring("a"), 0) == Found()


@pytest.mark.parametrize("plant", ["symlink", "fifo", "folder"])
def test_only_regular_files_are_read(tmp_path: Path, plant: str):
    path = tmp_path / "log"
    if plant == "symlink":
        (tmp_path / "secret").write_text("secret")
        path.symlink_to(tmp_path / "secret")
    elif plant == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    log = LogReader(path)
    with pytest.raises(StoreError, match="can't read the log"):
        log.refresh()
    assert not log.exists


def test_a_progress_bar_without_newlines_shows_its_last_state(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"start\n" + b"".join(b"\r%6d of 1000000" % number for number in range(400_000)))
    with LogFileOf(path) as log:
        log.refresh()
        assert plain_line(*log.tail(1)[0]) == "399999 of 1000000"
        while not log.complete:
            log.refresh()
        assert [plain_line(*line) for line in log.lines(0, 5)] == ["start", "399999 of 1000000"]
        with path.open("ab") as file:
            file.write(b"\rdone\r\nnext\n")
        log.refresh()
        assert [plain_line(*line) for line in log.lines(1, 5)] == ["done99 of 1000000", "next"]


def test_a_long_line_is_cut_and_its_rest_is_known(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"x" * 10_000_000 + b"\nend\n")
    with LogFileOf(path) as log:
        while not log.refresh() or not log.complete:
            pass
        assert log.line_count == 3
        first, long, last = log.lines(0, 10)
        assert (first.data, last.data) == (b"a", b"end")
        assert long == LogLine(b"x" * 16_384, 10_000_000 - 16_384)
        assert run_search(log.find_next, Substring("end"), 0, 10**6) == 2


def test_a_large_log_opens_at_its_end(tmp_path: Path):
    path = tmp_path / "log"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)  # a hole: the reader sees one line of NUL bytes
        file.seek(0)
        file.write(b"first\n")
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + b"".join(b"line %d\n" % number for number in range(1000)))
    with LogFileOf(path) as log, mock.patch.object(os, "pread", wraps=os.pread) as pread:
        log.refresh(1_000_000)
        assert log.tail(2) == [LogLine(b"line 998"), LogLine(b"line 999")]
        assert sum(call.args[1] for call in pread.call_args_list) < 5_000_000
        assert 0 < log.progress < 0.1
        assert not log.numbered


def test_a_log_that_outgrows_the_reader_is_seen_at_its_new_end(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"early\n")
    with small_sizes(), LogFileOf(path) as log:
        log.refresh()
        with path.open("ab") as file:
            file.write(b"flood\n" * 100 + b"last\n")
        assert log.refresh(1).replaced
        assert log.tail(1) == [LogLine(b"last")]
        settle(log)
        assert log.line_count == 102
        assert log.lines(0, 1) == [LogLine(b"early")]


def test_the_index_stays_small(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"\n" * 3_000_000)
    with LogFileOf(path) as log:
        log.refresh()
        assert log.line_count == 3_000_000
        assert len(log._index._offsets) < 100
        assert log.lines(2_999_999, 5) == [LogLine(b"")]


def test_small_steps_of_growth_leave_few_checkpoints():
    index = line_index.LineIndex(0, inside_line=False)
    for _ in range(20_000):
        index.extend(b"ten bytes\n")
    assert index.line_count == 20_000
    assert len(index._offsets) < 10


def whole_index(data: bytes, start: int, *, inside_line: bool, step: int) -> line_index.LineIndex:
    index = line_index.LineIndex(start, inside_line=inside_line)
    for position in range(0, len(data), step):
        index.extend(data[position : position + step])
    return index


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from([b"\n", b"a\n", b"x" * 9, b"y" * 50]), max_size=40).map(b"".join),
    st.integers(0, 300),
    st.integers(1, 40),
)
def test_two_stretches_joined_are_one_index(data: bytes, cut: int, step: int):
    cut = min(cut, len(data))
    inside_line = cut > 0 and data[cut - 1 : cut] != b"\n"
    with small_sizes():
        index = whole_index(data[:cut], 0, inside_line=False, step=step)
        index.join(whole_index(data[cut:], cut, inside_line=inside_line, step=step))
        assert (index.row, index.end) == (data.count(b"\n"), len(data))
        assert index.open_start == data.rfind(b"\n") + 1
        starts = [0, *(position + 1 for position, byte in enumerate(data) if byte == 10)]
        for line in range(index.line_count):
            gap = index.gap_of(line)
            assert starts[gap.first_line] == gap.offset
            assert gap.first_line <= line < gap.first_line + gap.line_count
            # Or the reader, which looks no further, would miss the line.
            assert starts[line] - gap.offset < 2 * 16


def test_stretches_that_do_not_meet_are_not_joined():
    with pytest.raises(ValueError, match="does not follow"):
        line_index.LineIndex(0, inside_line=False).join(line_index.LineIndex(5, inside_line=True))


def test_a_long_last_line_is_there_at_once(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"early\n" * 20 + b"x" * 60 + b"\n")
    with small_sizes(), LogFileOf(path) as log:
        log.refresh(1)
        assert not log.numbered
        assert log.tail(1)[0].data.strip(b"x") == b""
        assert log.line_count == 1
        settle(log)
        assert log.line_count == 21
        assert log.lines(20, 1) == [LogLine(b"x" * LIMIT, 60 - LIMIT)]


def test_the_end_of_one_huge_line_says_when_its_beginning_is_known(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"x" * 300)
    with small_sizes(), LogFileOf(path) as log:
        log.refresh(1)
        shown = log.lines(0, 1)
        changes = []
        while not log.complete:
            changes.append(log.refresh(1))
        assert log.lines(0, 1) == [LogLine(b"x" * LIMIT, 300 - LIMIT)] != shown
        assert changes[-1] == Change(joined=True)
        assert not any(changes[:-1])


def test_times_of_lines(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\nthree\nfour")
    sidecar = tmp_path / "log.times"
    with LogFileOf(path) as log:
        log.refresh()
        assert log.time_of(0) == path.stat().st_mtime
        assert log.time_of(4) is None
        sidecar.write_bytes(RECORD.pack(0, 10.5) + RECORD.pack(6, 11.5) + RECORD.pack(14, 12.5) + b"torn")
        assert [log.time_of(line) for line in range(-1, 5)] == [None, 10.5, 10.5, 11.5, 12.5, None]


@pytest.mark.parametrize(
    ("line", "is_error"),
    [
        (b"ERROR: no such file", True),
        (b"\x1b[31merror\x1b[0m: oops", True),
        (b"Traceback (most recent call last):", True),
        (b"ValueError: bad", True),
        (b"make: *** [all] Error 2", True),
        (b"3 failed, 2 passed", True),
        (b"10 failed", True),
        (b"fatal: not a repository", True),
        (b"thread 'main' panicked at src/main.rs", True),
        (b"java.lang.NullPointerException", True),
        (b"0 errors, 0 failed", False),
        (b"no errors", False),
        (b"ok=3 failed=0", False),
        (b"compiling error_codes.rs", False),
        (b"error-prone is a linter", False),
        (b"all good", False),
    ],
)
def test_lines_that_report_errors(line: bytes, is_error: bool):
    assert ErrorLine().matches(line) is is_error


def test_the_first_error_is_found(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"compiling\n0 errors\n" * 50_000 + b"main.c:3: error: x\nerror: y\n")
    with LogFileOf(path) as log:
        log.refresh()
        assert run_search(log.find_next, ErrorLine(), 0, 10**6) == 100_000
        assert log.find_next(ErrorLine(), 0, budget_bytes=1000).resume is not None


class Counted:
    """A query that counts the lines and pieces that it examined closely."""

    def __init__(self, wanted: Query) -> None:
        self._wanted = wanted
        self.every = wanted.every
        self.count = 0

    def may_match(self, lines: bytes, /) -> bool:
        return self._wanted.may_match(lines)

    def matches(self, line: bytes, /) -> bool:
        self.count += 1
        return self._wanted.matches(line)


@pytest.mark.parametrize("wanted", [ErrorLine(), query("zzz"), query("!e")], ids=["error", "text", "without"])
@pytest.mark.parametrize(
    "line",
    [
        b"loss=0.12 error_rate=0.013\n",
        b"abc error_x\rabd\rabe def\n",
        b"\x1b[1A\re error_x %d\n",
        b"e error_x \x1b[1A\x1b[1B \n",
        b"e error_x " * 10_000,
    ],
    ids=["words", "overwritten", "redrawn", "up and down", "one line"],
)
def test_a_step_of_a_search_examines_few_lines_closely(tmp_path: Path, line: bytes, wanted: Query):
    path = tmp_path / "log"
    path.write_bytes(line * (1_000_000 // len(line)))
    counted = Counted(wanted)
    with LogFileOf(path) as log:
        log.refresh()
        resume: int | None = 0
        steps = 0
        while resume is not None and steps < 20:
            counted.count = 0
            found = log.find_next(counted, resume, budget_bytes=100_000)
            assert found.line is None
            assert counted.count <= 200
            resume, steps = found.resume, steps + 1


@given(st.text(st.sampled_from("no 0errorsfailedpanic_:=-\t\r\b\x1b[31m\x00é\u0301"), max_size=40))
@example("no error")
@example("errors\t0")
@example("\x1b[1merror\x1b[0m: 0")
@example("éno error")
def test_a_line_reports_an_error_as_it_is_shown(text: str):
    for line in (text, f"{text}error{text}", f"no {text} failed"):
        shown = plain_line(line.encode())
        found = ErrorLine()
        assert found.matches(line.encode()) == (found.may_match(line.encode()) and found.span(shown) is not None)


def test_search_sees_through_colours_and_what_was_overwritten():
    assert query("error").matches(b"er\x1b[1mROR\x1b[0m")
    assert not query("Error").matches(b"error")
    for line in (b"ten\r20", b"ten\x1b[2K\r20", b"ten\b\b\b20 ", b"\x1b[31mt\x1b[0men\x1b[1G20", b"20\rten\rx"):
        assert query("ten").matches(line), "it was to be seen once"
        assert not query("!ten").matches(line)
    assert query("OK ]ng").may_match(b"Starting\r[ OK ]\n"), "what is left was never printed like that"
    assert query("OK ]ng").matches(b"Starting ...\r[ OK ]")
    assert not query("ten").matches(b"t\ren"), "these two never stood side by side"
    assert not query("ten").may_match(b"many\r\nlines\r\n"), "the end of a line overwrites nothing"
    assert query("É").matches("É".encode())
    assert query("é").matches("É".encode())


def test_a_log_is_cut_at_what_was_written_until_a_time(tmp_path: Path):
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\nthree\n")
    path.with_name("a.log.times").write_bytes(RECORD.pack(0, 10.0) + RECORD.pack(4, 20.0) + RECORD.pack(8, 30.0))
    reader = LogReader(path)
    expected = {9.0: [], 10.0: [b"one"], 29.5: [b"one", b"two"], None: [b"one", b"two", b"three"]}
    for until in (None, 10.0, 29.5, 9.0, None, 9.0, 10.0, 29.5):
        before = reader.line_count
        reader.show_until(until)
        change = reader.refresh()
        assert [line.data for line in reader.lines(0, 9)] == expected[until]
        assert change.replaced is (reader.line_count < before)
        assert change.grown is (reader.line_count > (0 if change.replaced else before))


def test_a_log_that_was_printed_in_one_go_is_as_old_as_its_file(tmp_path: Path):
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntwo\n")
    os.utime(path, (20.0, 20.0))
    reader = LogReader(path)
    for until, lines in ((19.0, 0), (20.0, 2), (19.0, 0), (None, 2)):
        reader.show_until(until)
        reader.refresh()
        assert reader.line_count == lines
