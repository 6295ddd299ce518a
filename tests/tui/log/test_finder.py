"""Hits are those of a plain search through what is shown."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.store.logs import LogFile
from dagtui.text import plain_line
from dagtui.tui.log import finder as finder_module
from dagtui.tui.log.finder import Finder

LINE = st.lists(st.sampled_from([b"a", b"B", b"b", b" ", b"\x1b[31m", b"\r", "é".encode(), b"\xff"]), max_size=8).map(
    b"".join
)


def naive(lines: list[bytes], text: str) -> list[int]:
    inverted = text.startswith("!") and len(text) > 1
    wanted = text[1:] if inverted else text
    folds = wanted == wanted.lower()
    found = []
    for number, line in enumerate(lines):
        shown = plain_line(line)
        hit = wanted in (shown.lower() if folds else shown)
        if hit != inverted:
            found.append(number)
    return found


@settings(max_examples=80, deadline=None)
@given(
    st.lists(LINE, max_size=20), st.lists(LINE, max_size=20), st.sampled_from(["a", "ab", "B", "!b", "é", "!", "b a"])
)
def test_hits_are_those_of_a_plain_search_also_when_the_log_grows(before: list[bytes], after: list[bytes], text: str):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"".join(line + b"\n" for line in before) + b"ab")
        log = LogFile(path)
        log.refresh()
        finder = Finder(log, text)
        while not finder.finished:
            finder.step(1)
        assert list(finder.found) == naive([*before, b"ab"], text)
        with path.open("ab") as file:
            # The last line goes on and may not match any more.
            file.write(b"\rc\n" + b"".join(line + b"\n" for line in after))
        log.refresh()
        finder.grown()
        while not finder.finished:
            finder.step(1)
        assert list(finder.found) == naive([*before, b"ab\rc", *after], text)
        log.close()


def test_spans_are_where_the_text_occurs():
    log = LogFile(Path("/nonexistent"))
    assert Finder(log, "ab").spans("xABab") == [(1, 3), (3, 5)]
    assert Finder(log, "Ab").spans("xABAb") == [(3, 5)]
    assert Finder(log, "!ab").spans("xab") == []


def test_next_and_previous_go_round(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"hit\nno\nhit\n")
    log = LogFile(path)
    log.refresh()
    finder = Finder(log, "hit")
    finder.step()
    assert (finder.after(-1), finder.after(0), finder.after(2)) == (0, 2, 0)
    assert (finder.before(0), finder.before(2)) == (2, 0)
    finder.current = 2
    assert finder.tally() == (2, 2, True)


def test_remembered_hits_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finder_module, "MOST_HITS", 5)
    path = tmp_path / "log"
    path.write_bytes(b"hit\n" * 50)
    log = LogFile(path)
    log.refresh()
    finder = Finder(log, "hit")
    finder.step()
    assert finder.finished
    assert list(finder.found) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["hit", "!hit"])
def test_lines_put_before_are_looked_at_too(tmp_path: Path, text: str):
    path = tmp_path / "log"
    path.write_bytes(b"hit\nno\n")
    log = LogFile(path)
    log.refresh()
    finder = Finder(log, text)
    finder.step()
    finder.current = 1
    finder.inserted(3)
    assert finder.current == 4
    assert not finder.finished
