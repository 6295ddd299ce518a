"""Folds: every entry is in one row, what is alike is folded, and what is new never is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dagtui.store.merged_logs import BEGAN, EntryKey, LogEntry
from dagtui.tui.all_logs.folds import MOST, Folding, shape

WORDS = st.sampled_from([b"mapping %d reads", b"wrote %d", b"error %d", b""])
ENTRIES = st.lists(st.tuples(st.integers(0, 2), WORDS), max_size=60)


def made(lines: list[tuple[int, bytes]]) -> list[LogEntry]:
    """Return entries, where a line without words is a mark."""
    found = []
    for number, (track, words) in enumerate(lines):
        key = EntryKey(float(number), track, number if words else BEGAN)
        found.append(LogEntry(key, words % number if b"%" in words else words, number + 1))
    return found


@given(ENTRIES, st.integers(0, 8), st.booleans())
def test_rows_have_every_entry_once(lines: list[tuple[int, bytes]], fresh: int, folds: bool) -> None:
    entries = made(lines)
    shown = [entry.key for entry in entries[max(0, len(entries) - fresh) :]]
    rows = Folding(lambda _: None).rows(entries, (), shown, folds=folds)
    assert [index for row in rows for index in range(row.first, row.first + row.size)] == list(range(len(entries)))
    for row in rows:
        if row.is_fold:
            inside = entries[row.first : row.first + row.size]
            before = {(entry.key.track, shape(entry.data)) for entry in entries[: row.first]}
            assert folds
            assert row.size >= 3
            assert row.first + row.size <= max(0, len(entries) - fresh)
            assert all(entry.is_line and (entry.key.track, shape(entry.data)) in before for entry in inside)


def test_lines_that_are_alike_fold_and_unfold() -> None:
    entries = made(
        [(0, b"mapping %d reads"), (1, b"mapping %d reads"), *[(n % 2, b"mapping %d reads") for n in range(9)]]
    )
    folding = Folding(lambda _: None)
    rows = folding.rows(entries, ())
    assert [(row.size, row.is_fold) for row in rows] == [(1, False), (1, False), (9, True)]
    assert len(folding.rows(entries, {entries[rows[2].first].key})) == len(entries)


def test_a_fold_is_not_endless() -> None:
    entries = made([(0, b"mapping %d reads")] * (3 * MOST))
    assert max(row.size for row in Folding(lambda _: None).rows(entries, ())) == MOST


def test_nodes_that_get_one_status_together_are_one_row() -> None:
    entries = made([(0, b""), (1, b""), (2, b"")])
    says = {0: "blocked", 1: "blocked", 2: "skipped"}
    rows = Folding(lambda key: says[key.track]).rows(entries, ())
    assert [row.size for row in rows] == [2, 1]


def test_bars_and_numbers_are_no_difference() -> None:
    assert shape(b"[####    ] 12 % of 3.4 MB") == shape(b"[####### ] 98 % of 13.4 MB")
    assert shape(b"read a") != shape(b"read b")
