"""What screens remember: written as a whole, and never trusted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.store.screen_memory import (
    NAME,
    RememberedFolds,
    ScreenMemory,
    forget_screen,
    load_screen,
    save_screen,
)

if TYPE_CHECKING:
    from pathlib import Path

FOLDS = {"tasks": RememberedFolds(("a",), ("matrix b", "\ud800"))}
MEMORY = ScreenMemory("nodes", "train[seed=1]\n\x1b", 0.55, lower=False, folds=FOLDS)


def test_what_was_written_is_read(tmp_path: Path):
    assert load_screen(tmp_path) is None
    save_screen(tmp_path, MEMORY)
    assert load_screen(tmp_path) == MEMORY
    save_screen(tmp_path, ScreenMemory())
    assert load_screen(tmp_path) == ScreenMemory()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    forget_screen(tmp_path)
    forget_screen(tmp_path)
    assert load_screen(tmp_path) is None


def test_a_folder_that_is_gone_or_closed_is_no_trouble(tmp_path: Path):
    save_screen(tmp_path / "gone", MEMORY)
    assert not (tmp_path / "gone").exists()
    (tmp_path / "file").touch()
    save_screen(tmp_path / "file", MEMORY)
    assert load_screen(tmp_path / "file") is None
    (tmp_path / NAME).symlink_to(tmp_path / "file")
    assert load_screen(tmp_path) is None


def test_too_many_folds_are_left_out(tmp_path: Path):
    many = RememberedFolds(tuple(map(str, range(100_000))))
    save_screen(tmp_path, ScreenMemory("nodes", folds={"nodes": many, **FOLDS}))
    assert load_screen(tmp_path) == ScreenMemory("nodes", folds=FOLDS)


def written(**fields: object) -> bytes:
    whole = {"version": 1, "view": "nodes", "cursor": "a", "share": 0.5, "folds": {}}
    return json.dumps({**whole, **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b"[" * 100_000,
        b'{"version": 1}',
        written(version=2),
        written(view=3),
        written(cursor=None),
        written(share="wide"),
        written(share=0),
        written(share=7.0),
        written(share=True),
        written(folds=[]),
        written(folds={"nodes": []}),
        written(folds={"nodes": {"folded": "abc"}}),
        written(folds={"nodes": {"folded": [1], "unfolded": []}}),
        written().replace(b"0.5", b"1e999"),
        written().replace(b"0.5", b"NaN"),
        written(folds={"nodes": {"folded": ["x" * 2_000_000], "unfolded": []}}),
        written()[:-5],
    ],
    ids=range(22),
)
def test_a_damaged_or_foreign_file_counts_for_nothing(tmp_path: Path, content: bytes):
    (tmp_path / NAME).write_bytes(content)
    assert load_screen(tmp_path) is None


def test_fields_of_a_later_minor_version_are_passed_over(tmp_path: Path):
    (tmp_path / NAME).write_bytes(written(sort="by name"))
    assert load_screen(tmp_path) == ScreenMemory("nodes", "a", 0.5)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["folded", "unfolded", "x"]), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["view", "cursor", "share", "folds"], _json)))
def test_any_content_is_read_or_ignored(tmp_path_factory: pytest.TempPathFactory, fields: dict[str, object]):
    folder = tmp_path_factory.getbasetemp()
    (folder / NAME).write_bytes(written(**fields))
    found = load_screen(folder)
    assert found is None or isinstance(found.view + found.cursor, str)
