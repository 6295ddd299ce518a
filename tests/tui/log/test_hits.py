"""Hits are those of a plain search through what is shown."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.report.search_process import RunHit
from dagtui.store.logs import LogReader
from dagtui.text.lines import plain_line, printed
from dagtui.tui.log import hits as finder_module
from dagtui.tui.log.attempt_log import AttemptLog, FirstError
from dagtui.tui.log.expression_hits import finder_of_hit
from dagtui.tui.log.hits import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = st.lists(st.sampled_from([b"a", b"B", b"b", b" ", b"\x1b[31m", b"\r", "é".encode(), b"\xff"]), max_size=8).map(
    b"".join
)


@contextmanager
def monkeypatched(module: object, name: str, value: object) -> Iterator[None]:
    """For each example anew, as a fixture can't."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value)
        yield


def naive(lines: list[bytes], text: str) -> list[int]:
    inverted = text.startswith("!") and len(text) > 1
    wanted = text[1:] if inverted else text
    folds = wanted == wanted.lower()
    found = []
    for number, line in enumerate(lines):
        shown = f"{plain_line(line)}\n{printed(line)}"
        hit = wanted in (shown.lower() if folds else shown)
        if hit != inverted:
            found.append(number)
    return found


@settings(max_examples=80, deadline=None)
@given(
    st.lists(LINE, max_size=20),
    st.lists(LINE, max_size=20),
    st.sampled_from(["a", "ab", "B", "!b", "é", "!", "b a"]),
    st.integers(0, 20),
)
def test_hits_are_those_of_a_plain_search_also_when_the_log_grows(
    before: list[bytes], after: list[bytes], text: str, start: int
):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"".join(line + b"\n" for line in before) + b"ab")
        log = LogReader(path)
        log.refresh()
        finder = Finder(log, text, min(start, len(before)))
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


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=30).flatmap(
        lambda lines: st.tuples(st.just(lines), st.integers(0, len(lines) - 1), st.integers(-1, len(lines) - 1))
    ),
    st.sampled_from([1, -1]),
    st.integers(0, 40),
)
def test_the_hit_that_is_gone_to_is_the_next_one_however_much_was_looked_at(
    log: tuple[list[bool], int, int], direction: int, steps: int
):
    lines, start, current = log
    with tempfile.TemporaryDirectory() as folder, monkeypatched(finder_module, "STEP_SECONDS", 0.0):
        path = Path(folder) / "log"
        path.write_bytes(b"".join(b"hit\n" if is_hit else b"no\n" for is_hit in lines))
        file = LogReader(path)
        file.refresh()
        finder = Finder(file, "hit", start)
        for _ in range(steps):
            finder.step(1)
        finder.current = current
        finder.want(direction)
        found = None
        while found is None and not (finder.finished and not finder.found):
            found = finder.arrive()
            finder.step(1)
        hits = [number for number, is_hit in enumerate(lines) if is_hit]
        if direction > 0:
            expected = next((hit for hit in hits if hit > current), hits[0] if hits else None)
        else:
            expected = next((hit for hit in reversed(hits) if hit < current), hits[-1] if hits else None)
        assert found == expected
        file.close()


def test_what_follows_is_found_before_what_lies_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finder_module, "STEP_SECONDS", 0.0)
    path = tmp_path / "log"
    path.write_bytes(b"hit\n" * 1000)
    log = LogReader(path)
    log.refresh()
    finder = Finder(log, "hit", 900)
    finder.want(1)
    finder.step(1)
    assert finder.arrive() == 900
    number, total, progress = finder.tally()
    assert (number, total) == (0, 1), "which of how many is not known yet"
    assert 0 < progress < 1
    while not finder.finished:
        finder.step(1)
    assert finder.tally() == (901, 1000, 1)
    log.close()


def test_spans_are_where_the_text_occurs():
    log = LogReader(Path("/nonexistent"))
    assert Finder(log, "ab").spans("xABab") == [(1, 3), (3, 5)]
    assert Finder(log, "Ab").spans("xABAb") == [(3, 5)]
    assert Finder(log, "!ab").spans("xab") == []


def test_an_expression_finds_what_it_matches_as_a_line_shows_it(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"!b\nab\nab 1\nac\n\x1b[31mAB\x1b[0m 22\nab\rcd 3\n")
    log = LogReader(path)
    log.refresh()
    finder = finder_of_hit(r"ab \d+|^!", ())(log, 2).again(log)
    finder.step()
    assert list(finder.found) == [0, 2, 4]
    assert finder.spans("ab 12, AB 3, ab") == [(0, 5), (7, 11)]
    assert finder.spans("!b") == [(0, 1)]


def test_listed_lines_are_gone_through_where_an_expression_could_hold_the_screen_up(tmp_path: Path):
    path = tmp_path / "log"
    long = b"y" * 500 + b"a ba x" + b"y" * 500
    path.write_bytes(b"ab x\nab\n\x1b[31mxab x\x1b[0m\nb x\n" + long + b"\nab x\n")
    hits = (RunHit(1, 0, "ab x", 0, 4), RunHit(3, 8, "xab x", 1, 5), RunHit(5, 30, long.decode()[462:862], 40, 44, 462))
    log = LogReader(path)
    log.refresh()
    finder = finder_of_hit("(a|b)+ x", hits)(log, 2).again(log)
    finder.step()
    assert finder.text == "(a|b)+ x"
    assert list(finder.found) == [0, 2, 4, 5]
    assert (finder.spans("xab x"), finder.spans(long.decode()), finder.spans("b x")) == ([(1, 5)], [(502, 506)], [])
    log.close()


def test_next_and_previous_go_round(tmp_path: Path):
    path = tmp_path / "log"
    path.write_bytes(b"hit\nno\nhit\n")
    log = LogReader(path)
    log.refresh()
    finder = Finder(log, "hit")
    finder.step()
    assert (finder.after(-1), finder.after(0), finder.after(2)) == (0, 2, 0)
    assert (finder.before(0), finder.before(2)) == (2, 0)
    finder.current = 2
    assert finder.tally() == (2, 2, 1)


def test_remembered_hits_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(finder_module, "MOST_HITS", 5)
    path = tmp_path / "log"
    path.write_bytes(b"hit\n" * 50)
    log = LogReader(path)
    log.refresh()
    finder = Finder(log, "hit")
    finder.step()
    assert finder.finished
    assert list(finder.found) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["hit", "!hit"])
def test_lines_put_before_are_looked_at_too(tmp_path: Path, text: str):
    path = tmp_path / "log"
    path.write_bytes(b"hit\nno\n")
    log = LogReader(path)
    log.refresh()
    finder = Finder(log, text)
    finder.step()
    finder.current = 1
    finder.inserted(3)
    assert finder.current == 4
    assert not finder.finished


def test_a_step_of_the_search_for_an_error_is_short(tmp_path: Path):
    """Words that only look like errors are examined one by one: two megabytes of them take many steps."""
    path = tmp_path / "log"
    path.write_bytes(b"epoch 3 loss=0.12 error_rate=0.013\n" * 60_000 + b"error: late\n")
    log = AttemptLog(path)
    log.refresh()
    log.seek_error()
    assert log.first_error() is None, "found in one step"
    found = None
    while found is None:
        found = log.first_error()
    assert found == FirstError(60_000)
    log.close()
