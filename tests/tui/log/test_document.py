"""The rows of a log are the same whichever way one walks over them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.store.logs import LogReader
from dagtui.tui.lines.rows import row
from dagtui.tui.log.document import LogDocument, Spot

if TYPE_CHECKING:
    import pytest

LINES = st.lists(st.text(st.sampled_from("ab 漢é"), max_size=40), max_size=12)


def document(lines: list[str], *, wraps: bool = True, width: int = 7, ending: int = 0) -> LogDocument:
    found = LogDocument()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        found.log = LogReader(path)
        found.log.refresh()  # from here on the file is open
    found.width, found.wraps = width, wraps
    found.set_ending([row("end")] * ending, width)
    return found


@settings(max_examples=60, deadline=None)
@given(LINES, st.booleans(), st.integers(1, 9), st.integers(0, 3))
def test_walking_forward_and_back_meets_every_row(lines: list[str], wraps: bool, width: int, ending: int):
    doc = document(lines, wraps=wraps, width=width, ending=ending)
    spots = [piece.spot for piece in doc.pieces(Spot(0), 10_000)]
    for number, spot in enumerate(spots):
        assert doc.forward(Spot(0), number) == spot
        assert doc.back(Spot(doc.count), len(spots) - number) == spot
    assert doc.forward(Spot(0), len(spots)) == Spot(doc.count)
    assert doc.back(Spot(doc.count), len(spots) + 1) == Spot(0)


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(1, 9))
def test_the_rows_of_a_line_are_its_characters(lines: list[str], width: int):
    doc = document(lines, width=width)
    shown: dict[int, str] = {}
    for spot, start, end in doc.pieces(Spot(0), 10_000):
        shown[spot.line] = shown.get(spot.line, "") + doc.line(spot.line).text[start:end]
    assert [shown[number] for number in range(len(lines))] == lines


def test_the_window_at_the_end_is_full():
    doc = document(["x"] * 10, ending=2)
    pieces = doc.pieces(doc.last_top(5), 5)
    assert [piece.spot.line for piece in pieces] == [7, 8, 9, 10, 11]


def test_a_line_that_can_not_be_read_says_why(monkeypatch: pytest.MonkeyPatch):
    from dagtui.store.errors import StoreError

    doc = document(["x"])

    def fail(first: int, count: int) -> None:
        raise StoreError(f"no\x1b[31m disk {first} {count}")

    monkeypatch.setattr(doc.log, "lines", fail)
    assert doc.line(0).text == "no^[[31m disk 0 1"
