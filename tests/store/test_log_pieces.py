"""Lines of one log: from any offset, the same starts as in the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.store.log_pieces import PIECE, BytesRead, LogPieces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LENGTHS = st.one_of(
    st.integers(0, 3),
    st.builds(lambda pieces, more: pieces * PIECE + more, st.integers(1, 3), st.integers(-3, 3)),
    st.integers(0, 3 * PIECE),
)
"""Lengths of lines, many of them around those at which lines are cut."""
LOGS = st.builds(
    lambda lengths, closed: b"\n".join(b"x" * length for length in lengths) + (b"\n" if closed else b""),
    st.lists(LENGTHS, min_size=1, max_size=6),
    st.booleans(),
)


def starts_in(data: bytes) -> list[int]:
    """Return where lines start, told from the whole log."""
    after_newlines = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    cuts = [at for at in range(PIECE, len(data), PIECE) if b"\n" not in data[at - PIECE : at + 1]]
    return sorted({0, *after_newlines, *cuts, len(data)})


def start_at(folder: Path, data: bytes, offsets: Iterable[int]) -> list[int]:
    """Return the first start of a line at or after each offset in a log."""
    path = folder / "0.log"
    path.write_bytes(data)
    pieces = LogPieces(path, 0.0, 1.0, BytesRead(), ())
    pieces.open()
    try:
        return [pieces.start_at(offset) for offset in offsets]
    finally:
        pieces.close()


@settings(max_examples=100, deadline=None)
@given(LOGS, st.data())
def test_the_next_start_from_any_offset(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, draw: st.DataObject
) -> None:
    starts = starts_in(data)
    near = {at for start in (*starts, *range(0, len(data), PIECE)) for at in range(start - 2, start + 3)}
    offsets = sorted(at for at in {*near, draw.draw(st.integers(0, len(data)))} if 0 <= at <= len(data))
    expected = [next(start for start in starts if start >= offset) for offset in offsets]
    assert start_at(tmp_path_factory.mktemp("log"), data, offsets) == expected


@pytest.mark.parametrize(
    ("lengths", "offset", "expected"),
    [
        ([10, 2 * PIECE], PIECE - 5, 2 * PIECE),
        ([3 * PIECE], PIECE - 5, PIECE),
        ([10, PIECE], PIECE - 5, PIECE + 12),
        ([PIECE + 5], PIECE - 5, PIECE),
        ([PIECE], PIECE - 5, PIECE + 1),
    ],
    ids=["a newline in the piece", "none", "a newline after the cut", "just cut", "just not cut"],
)
def test_a_line_is_cut_after_a_piece_without_newlines(
    tmp_path: Path, lengths: list[int], offset: int, expected: int
) -> None:
    data = b"".join(b"x" * length + b"\n" for length in lengths)
    assert start_at(tmp_path, data, [offset]) == [expected]
