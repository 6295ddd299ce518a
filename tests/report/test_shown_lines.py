"""Logs printed on a terminal: lines that come in any pieces, with colours that go on, and redrawn ones once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagtui.report.shown_lines import FinalLines, ShownLines
from dagtui.store.logs import LogReader
from dagtui.text.lines import plain_line
from dagtui.text.redraws import REACH, final_lines

PIECES = st.lists(
    st.sampled_from([b"\n", b"\n", b"\r", b"\x1b[2K", b"\x1b[31m", b"\x1b[0m", b"\x1b[A", b"\x1b[2F", b"\x1b[1B"])
    | st.text("abcd", min_size=1, max_size=9).map(str.encode),
    max_size=40,
)


def fed(lines: FinalLines | ShownLines, data: bytes, size: int) -> list[str]:
    found = [line for start in range(0, len(data), size) for line in lines.feed(data[start : start + size])]
    return [*found, *lines.rest()]


@settings(max_examples=100, deadline=None)
@given(PIECES, st.integers(1, 50))
def test_lines_are_those_that_are_left_in_whatever_pieces_they_come(pieces: list[bytes], size: int):
    data = b"".join(pieces)
    shown = [line.rstrip() for line in fed(FinalLines(colours=False), data, size)]
    expected = [plain_line(line).rstrip() for line in final_lines(data)]
    assert shown in (expected, expected[:-1])


FAR = [b"\x1b[%d%c" % (rows, kind) for rows in (REACH, REACH + 1, 300, 5_000) for kind in b"ABEF"]


@settings(max_examples=100, deadline=None)
@given(PIECES, st.lists(st.sampled_from(FAR), min_size=1, max_size=3), st.randoms(use_true_random=False))
@example([b"ab\ncd"], [b"\x1b[300A"], Random(1))
@example([b"ab", b"cd\x1b[A\n"], [b"\x1b[201A"], Random(1))
def test_the_pane_and_the_commands_agree_on_moves_of_any_length(pieces: list[bytes], far: list[bytes], pick: Random):
    for move in far:
        pieces.insert(pick.randint(0, len(pieces)), move)
    data = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(data)
        log = LogReader(path)
        log.refresh()
        in_pane = [plain_line(*line).rstrip() for line in log.lines(0, 1000)]
        log.close()
    expected = [plain_line(line).rstrip() for line in final_lines(data)]
    printed = [line.rstrip() for line in fed(FinalLines(colours=False), data, 1000)]
    # Rows at the end that show nothing are rows of the pane only.
    for shown in (in_pane, printed):
        assert "\n".join(shown).rstrip("\n") == "\n".join(expected).rstrip("\n")


@pytest.mark.parametrize("colours", [True, False])
def test_without_moves_they_are_the_same_as_those_that_come_at_once(colours: bool):
    data = b"".join(b"\x1b[%dmline %d\n" % (30 + number % 8, number) for number in range(3 * REACH)) + b"last"
    expected = fed(ShownLines(colours=colours), data, 1000)
    assert fed(FinalLines(colours=colours), data, 1000) == expected
    assert expected[1] == ("\x1b[31mline 1\x1b[0m" if colours else "line 1")


def test_what_is_held_back_is_bounded():
    lines = FinalLines(colours=False)
    early = [line for _ in range(30) for line in lines.feed(b"x" * 100_000)]
    assert early == []
    assert len(lines._held) < 2_000_000
    assert next(lines.feed(b"\n" * 1000)).endswith("chars]")
    block = FinalLines(colours=False)
    seen = [line for number in range(1000) for line in block.feed(b"\x1b[1A\x1b[2Kline %d\nbar\n" % number)]
    assert len(seen) > 500
    assert len(block._rows._rows) <= REACH + 2


def test_a_colour_goes_on_over_the_end_of_its_line():
    shown = fed(ShownLines(colours=True), b"\x1b[31mone\ntwo\x1b[0m\nthree\n", 5)
    assert shown == ["\x1b[31mone\x1b[0m", "\x1b[31mtwo\x1b[0m", "three"]
    assert final_lines(b"\x1b[31mone\ntwo\x1b[0m\nthree") == [b"\x1b[31mone", b"\x1b[31mtwo\x1b[0m", b"three"]
