"""Patterns of files match what the shell and `glob` would list."""

from __future__ import annotations

import fnmatch
import glob
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.graph.files.patterns import PatternIndex, ends_of, is_pattern, matches, unescaped

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = st.text("ab.[]", min_size=1, max_size=3).filter(lambda name: name not in {".", ".."})
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map("/".join)
_PARTS = st.one_of(
    st.just("**"), st.text("ab.*?", min_size=1, max_size=4), st.text("ab.[]!-*?", min_size=1, max_size=6), _NAMES
)
_PATTERNS = st.lists(_PARTS, min_size=1, max_size=4).map("/".join).filter(lambda pattern: "***" not in pattern)


def holds(parts: list[str], names: list[str]) -> bool:
    """Return whether `glob` would list a path, one name after the other."""
    if not parts or not names:
        return not parts and not names
    part, name = parts[0], names[0]
    if part == "**" and len(parts) == 1:
        return not any(name.startswith(".") for name in names)
    if part == "**":
        return holds(parts[1:], names) or (not name.startswith(".") and holds(parts, names[1:]))
    alike = fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
    return alike and holds(parts[1:], names[1:])


@settings(max_examples=150, deadline=None)
@given(_PATTERNS, _PATHS)
def test_a_pattern_matches_what_glob_lists(pattern: str, path: str):
    expected = holds(pattern.split("/"), path.split("/"))
    assert (matches(pattern).fullmatch(path) is not None) is expected
    if is_pattern(pattern):
        assert list(PatternIndex({pattern: 1}).matching(path)) == [1] * expected
    else:
        assert (unescaped(pattern) == path) is expected


def test_patterns_list_the_same_as_glob_in_a_real_folder(tmp_path: Path):
    files = ["a.csv", "b.csv", ".h.csv", "d/a.csv", "d/e/a.csv", "d/.h/a.csv", "d/e/x[1].c", "d/b-1", "d/b-2"]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for pattern in ("*.csv", "**/*.csv", "d/**", "**/e/*", "d/*/a.csv", "**/x[[]1].c", "d/b-[!1]", ".*", "*/**/a.csv"):
        listed = {found for found in glob.glob(pattern, root_dir=tmp_path, recursive=True) if found in files}
        assert {file for file in files if matches(pattern).fullmatch(file)} == listed, pattern


@pytest.mark.parametrize(
    ("pattern", "ends"),
    [
        ("parts/*.csv", ("parts/", ".csv")),
        ("a/**/b.c", ("a/", "b.c")),
        ("a/x**/b.c", ("a/x", "/b.c")),
        ("**", ("", "")),
        ("[*]a*", ("*a", "")),
        ("p-[0-9].txt", ("p-", ".txt")),
    ],
)
def test_what_is_literal_at_the_ends_of_a_pattern(pattern: str, ends: tuple[str, str]):
    assert ends_of(pattern) == ends


@pytest.mark.parametrize(("pattern", "path"), [("*a" * 40 + "b", "a" * 4000), ("**/a/" * 40 + "b", "a/" * 1500 + "c")])
def test_a_hostile_pattern_takes_no_more_than_a_moment(pattern: str, path: str):
    """It would take longer than the universe if places were tried again."""
    assert matches(pattern).fullmatch(path) is None
