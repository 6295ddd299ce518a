"""Logs whose lines are redrawn by moving the cursor up: the reader against a terminal, in any pieces."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from store.test_logs import LogFileOf, run_search, settle, small_sizes

from dagtui.store import line_index, log_lines
from dagtui.store.log_queries import query
from dagtui.text.lines import plain_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.store.logs import LogReader

PIECES = st.lists(
    st.sampled_from(["\n", "\n", "\n", "\r", "\x1b[2K", "\x1b[K", "\x1b[J", "\x1b[?25l", "\x1b[3G", "\x1bM"])
    | st.text("abcd", min_size=1, max_size=12)
    | st.builds("\x1b[{}{}".format, st.sampled_from(["", 1, 2, 3, 7]), st.sampled_from("AAAFBE")),
    max_size=50,
)
SHORT = settings(max_examples=60, deadline=None)


class Printed:
    """What is printed, without moves down that lead below the lowest row: there a terminal does not say what it has."""

    def __init__(self, pieces: list[str]) -> None:
        self.row = self.bottom = 0
        self.parts: list[str] = []
        self.in_row: dict[int, list[str]] = {}
        """What was printed in each row."""
        for piece in pieces:
            self._add(piece)

    def _add(self, piece: str) -> None:
        count = int(piece[2:-1] or 1) if piece[-1] in "ABEF" and piece.startswith("\x1b[") else 1
        if piece == "\n":
            self.row += 1
        elif piece == "\x1bM" and self.row == 0:
            return  # a terminal scrolls
        elif piece[-1] in "AFM" and piece.startswith("\x1b"):
            self.row = max(0, self.row - count)
        elif piece[-1] in "BE":
            if self.row + count > self.bottom:
                return
            self.row += count
        elif piece.isalpha():
            self.in_row.setdefault(self.row, []).append(piece)
        self.bottom = max(self.bottom, self.row)
        self.parts.append(piece)

    @property
    def data(self) -> bytes:
        return "".join(self.parts).encode()

    @property
    def rows(self) -> list[str]:
        """What a terminal shows of it."""
        screen = pyte.Screen(800, 70)
        screen.set_mode(pyte.modes.LNM)
        pyte.Stream(screen).feed("".join(self.parts))
        shown = range(self.bottom + 2)
        return ["".join(screen.buffer[y][x].data for x in range(800)).rstrip() for y in shown]


def shown(log: LogReader, first: int = 0) -> list[str]:
    return [plain_line(*line).rstrip() for line in log.lines(first, 1_000_000)]


def cut(data: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    while data:
        size = next(sizes)
        yield data[:size]
        data = data[size:]


@SHORT
@given(PIECES, st.data())
def test_a_log_shows_what_a_terminal_shows(pieces: list[str], data: st.DataObject):
    printed = Printed(pieces)
    with small_sizes(limit=10_000), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        with LogFileOf(path) as log:
            for chunk in cut(printed.data, iter(lambda: data.draw(st.integers(1, 40)), 0)):
                with path.open("ab") as file:
                    file.write(chunk)
                known, before = log.line_count, [] if log.line_count == 0 else shown(log)
                change = log.refresh(1)
                if not (change.replaced or change.joined) and known:
                    # What is said not to have changed has not.
                    stable = known - 1 if change.redrawn is None else change.redrawn
                    assert shown(log)[:stable] == before[:stable]
            settle(log)
            expected = printed.rows
            assert shown(log) == expected[: log.line_count]
            assert not any(expected[log.line_count :])
            assert log.line_count in {printed.bottom, printed.bottom + 1}


@SHORT
@given(PIECES, st.sampled_from(["a", "ab", "B", "!a", "!bc", "ca"]), st.integers(0, 10), st.integers(1, 60))
def test_find_sees_all_that_was_ever_printed_in_a_line(pieces: list[str], text: str, start: int, budget: int):
    printed = Printed(pieces)
    with small_sizes(limit=10_000), tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(printed.data)
        with LogFileOf(path) as log:
            settle(log)
            now = shown(log)
            inverted = text.startswith("!")
            wanted = text.lstrip("!")
            hits = [
                row
                for row in range(log.line_count)
                if any(wanted in part for part in [now[row], *printed.in_row.get(row, [])]) != inverted
            ]
            expected = next((hit for hit in hits if hit >= start), None)
            found = run_search(log.find_next, query(text), start, budget)
            # Two parts that were printed side by side make a text too.
            assert found == expected or (found is not None and len(wanted) > 1 and not inverted) or inverted


def read_all(log: LogReader) -> None:
    log.refresh()
    while not log.complete:
        log.refresh()


def frames(count: int, rows: int = 3) -> bytes:
    """What docker prints: rows, and again and again the same ones, which it goes back up to."""
    first = b"".join(b"layer %d waits\n" % row for row in range(rows))
    again = b"\x1b[%dA" % rows
    return first + b"".join(
        again + b"".join(b"\x1b[2K\x1b[0Glayer %d: %d\n" % (row, number) for row in range(rows))
        for number in range(count)
    )


def test_a_block_that_is_redrawn_for_long_is_a_few_lines_in_little_memory(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"begin\n" + frames(5_000) + b"end\n")
    with LogFileOf(path) as log:
        read_all(log)
        assert shown(log) == ["begin", *(f"layer {row}: 4999" for row in range(3)), "end"]
        assert len(log._index._offsets) < 10
        assert run_search(log.find_next, query("layer 1: 777"), 0, 100_000) == 2
        assert run_search(log.find_next, query("waits"), 2, 100_000) == 2
        assert run_search(log.find_next, query("!layer"), 1, 1_000_000) == 4
        assert [log.time_of(line) for line in range(6)] == [path.stat().st_mtime] * 5 + [None]


def test_lines_printed_above_a_block_stay_as_they_are(tmp_path: Path):
    """What Rich, pip and cargo do: the block moves down with each line, and no line is lost in a log of any size."""
    path = tmp_path / "log"
    with path.open("wb") as file:
        for number in range(4_000):
            file.write(b"\r\x1b[2K\x1b[1A\x1b[2K" if number else b"")
            file.write(b"line %d\nbar %d\n  eta" % (number, number))
    with LogFileOf(path) as log:
        read_all(log)
        assert log.line_count == 4_002
        assert shown(log) == [*(f"line {number}" for number in range(4_000)), "bar 3999", "  eta"]
        assert run_search(log.find_next, query("line 1234"), 0, 10_000_000) == 1_234
        # Each of them was once in the row of the line after it.
        assert run_search(log.find_next, query("bar 1234"), 0, 10_000_000) == 1_235


def test_rows_that_were_written_long_ago_are_looked_for(tmp_path: Path):
    path = tmp_path / "log"
    spinner = b"\x1b[1A\r%d\n" * 30_000 % tuple(range(30_000))
    path.write_bytes(b"outer bar\n0\n" + spinner)
    with LogFileOf(path) as log:
        read_all(log)
        assert shown(log) == ["outer bar", "29999"]
        with path.open("ab") as file:
            file.write(b"\x1b[2Aouter bar 2\n\n" + spinner)
        read_all(log)
        assert shown(log) == ["outer bar 2", "29999"]


def test_a_large_log_is_open_at_its_end_before_it_is_known_what_it_redraws(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"early\n" * 800_000 + frames(20_000) + b"end\n")
    with LogFileOf(path) as log:
        log.refresh(1_000_000)
        assert not log.numbered
        assert shown(log)[-4:] == [*(f"layer {row}: 19999" for row in range(3)), "end"]
        last = log.line_count - 1
        inserted = 0
        while not log.complete:
            inserted += log.refresh().inserted
        assert log.line_count == 800_004
        assert last + inserted == 800_003
        assert shown(log, 799_998) == ["early", "early", *(f"layer {row}: 19999" for row in range(3)), "end"]


def test_moves_cost_budget(tmp_path: Path):
    """Or a frame of the screen would wait for as many of them as fit into the bytes that it takes in."""
    path = tmp_path / "log"
    path.write_bytes(b"a\n" + b"\x1b[Ab\n" * 60_000)
    with LogFileOf(path) as log:
        log.refresh()
        assert not log.complete
        read_all(log)
        assert shown(log) == ["b"]


@settings(max_examples=60, deadline=None)
@given(PIECES, PIECES, st.integers(0, 100))
def test_only_a_bounded_part_is_looked_at(before: list[str], pieces: list[str], size: int):
    printed = Printed([*before, *pieces])
    with (
        small_sizes(limit=10_000),
        tempfile.TemporaryDirectory() as folder,
        mock.patch.multiple(log_lines, _REDRAWN_BEFORE=(size, size), _FED=20),
    ):
        path = Path(folder, "log")
        path.write_bytes(printed.data)
        with LogFileOf(path) as log:
            settle(log)
            assert len(shown(log)) == log.line_count


def test_an_index_is_the_same_in_whatever_pieces_it_grows():
    data = b"begin\n" + frames(50) + b"open \x1b[1A\x1b[1Bline"
    whole = line_index.LineIndex(0, inside_line=False)
    whole.extend(data)
    for size in (1, 2, 3, 5, 1000):
        index = line_index.LineIndex(0, inside_line=False)
        for start in range(0, len(data), size):
            index.extend(data[start : start + size])
        assert (index.line_count, index.row, index.gap_of(2)) == (whole.line_count, whole.row, whole.gap_of(2))
