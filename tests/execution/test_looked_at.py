"""What declared paths hold: files, folders, patterns and values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dagtui.execution.files.digests import UNREADABLE
from dagtui.execution.files.fingerprints import Fingerprints
from dagtui.execution.files.listing import Interrupted
from dagtui.execution.files.looked_at import FileReader, LookedAt
from dagtui.execution.files.values import FileValueError, ValueDigests
from dagtui.graph.files.paths import PathSpelling

if TYPE_CHECKING:
    from pathlib import Path


def look(folder: Path, text: str) -> LookedAt:
    reader = FileReader(str(folder), Fingerprints(folder / "f", 1), 2)
    found = reader.look([PathSpelling(folder).input("", text)], bool, may_read=True)
    assert found is not None
    return found[0]


def fill(folder: Path) -> None:
    for name in ("a.csv", "b.csv", ".hidden.csv", "sub/c.csv", "sub/deep/d.csv", ".dagtui/g/journal"):
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("in/a.csv", []),
        ("in/*.csv", ["a.csv", "b.csv"]),
        ("in/.*.csv", [".hidden.csv"]),
        ("in/**/*.csv", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
        ("in/*/c.csv", ["sub/c.csv"]),
        ("in/[ab].csv", ["a.csv", "b.csv"]),
        ("in/**", ["a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
        ("in/none*", []),
        ("in/", [".hidden.csv", "a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
        ("in", [".hidden.csv", "a.csv", "b.csv", "sub/c.csv", "sub/deep/d.csv"]),
    ],
)
def test_a_path_stands_for_files(tmp_path: Path, text: str, names: list[str]):
    fill(tmp_path)
    found = look(tmp_path, text)
    assert sorted(found.names) == [f"in/{name}" for name in names]
    assert found.missing == (text == "in/none*")
    assert found.digest != UNREADABLE


def test_what_a_folder_holds_is_names_and_contents(tmp_path: Path):
    fill(tmp_path)
    seen = {look(tmp_path, "in/").digest}
    (tmp_path / "in/sub/c.csv").write_text("changed")
    seen.add(look(tmp_path, "in/").digest)
    (tmp_path / "in/sub/c.csv").rename(tmp_path / "in/sub/e.csv")
    seen.add(look(tmp_path, "in/").digest)
    os.utime(tmp_path / "in/a.csv", ns=(1, 1))
    seen.add(look(tmp_path, "in/").digest)
    assert len(seen) == 3


def test_links_are_followed_but_not_in_circles(tmp_path: Path):
    fill(tmp_path)
    (tmp_path / "link.csv").symlink_to("in/a.csv")
    assert look(tmp_path, "link.csv").digest == look(tmp_path, "in/a.csv").digest
    (tmp_path / "in/sub/up").symlink_to("..")
    (tmp_path / "in/sub/deep/up").symlink_to(tmp_path / "in")
    assert look(tmp_path, "in/").files == 5
    assert look(tmp_path, "in/**/*.csv").files == 4
    (tmp_path / "self").symlink_to("self")
    assert "too many levels" in look(tmp_path, "self").problem


@pytest.mark.parametrize("text", ["in/", "in/**"])
def test_a_link_that_leads_to_no_file_counts_as_where_it_points(tmp_path: Path, text: str):
    fill(tmp_path)
    seen = {look(tmp_path, text).digest}
    for name, target in (("self", "self"), ("nowhere", "absent"), ("one", "two"), ("two", "one"), ("lock", "x@y:1")):
        (tmp_path / "in" / name).symlink_to(target)
        found = look(tmp_path, text)
        assert (found.digest, found.problem) == (look(tmp_path, text).digest, "")
        assert f"in/{name}" in found.names
        seen.add(found.digest)
    (tmp_path / "in/lock").unlink()
    (tmp_path / "in/lock").symlink_to("x@y:2")
    seen.add(look(tmp_path, text).digest)
    (tmp_path / "in/absent").write_text("")
    seen.add(look(tmp_path, text).digest)
    assert len(seen) == 8
    assert UNREADABLE not in seen


@pytest.mark.parametrize("text", ["in/", "in/**"])
def test_a_link_to_a_folder_around_the_input_is_left_out(tmp_path: Path, text: str):
    """What a task writes beside its input would otherwise be part of the input."""
    fill(tmp_path)
    before = look(tmp_path, text)
    (tmp_path / "in/up").symlink_to("..")
    (tmp_path / "in/sub/top").symlink_to(tmp_path.parent)
    (tmp_path / "out").write_text("out")
    assert look(tmp_path, text).names == before.names


def test_what_is_not_a_file_is_never_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    found = look(tmp_path, "fifo")
    assert (found.digest, found.problem, found.missing) == (UNREADABLE, "is not a regular file", False)
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in/fifo")
    assert look(tmp_path, "in/").problem == "in/fifo is not a regular file"


@pytest.mark.parametrize(
    "text", ["absent", "absent/", "a/b", "file/", "file/b", "params.toml#a.absent", "absent.toml#a"]
)
def test_what_is_missing_is_said(tmp_path: Path, text: str):
    (tmp_path / "file").write_text("x")
    (tmp_path / "params.toml").write_text("a.b = 1")
    found = look(tmp_path, text)
    assert (found.digest, found.missing) == (UNREADABLE, True)
    assert found.problem == ("has no value a.absent" if "params" in text else "is missing")


def test_an_unwanted_look_is_broken_off(tmp_path: Path):
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    reader = FileReader(str(tmp_path), Fingerprints(tmp_path / "f", 1), 2)
    path = PathSpelling(tmp_path).input("", "large")
    assert reader.look([path], bool, may_read=False) is None
    with pytest.raises(Interrupted):
        reader.look([path], lambda: True, may_read=True)


# Values

VALUES = {
    "p.toml": 'other = 1\n[train]\nseed = 1\nlayers = [{ size = 3 }, { size = 4 }]\nat = 2020-01-01\n"a b" = 1\n',
    "p.json": '{"other": 1, "train": {"layers": [{"size": 3}, {"size": 4}], "seed": 1, "at": null, "a b": 1}}',
    "p.yaml": "other: 1\ntrain:\n  seed: 1\n  layers: [{size: 3}, {size: 4}]\n  at: 2020-01-01\n  a b: 1\n",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_counts_and_the_rest_of_its_file_does_not(tmp_path: Path, name: str):
    path = tmp_path / name
    keys = ("train", "train.seed", "train.layers.1.size", "train.a b")

    def digests(text: str) -> list[str]:
        path.write_text(text)
        return [look(tmp_path, f"{name}#{key}").digest for key in keys]

    first = digests(VALUES[name])
    assert digests(VALUES[name].replace("other", "others")) == first
    assert UNREADABLE not in first
    changed = digests(VALUES[name].replace("4}", "5}").replace("4 }", "5 }"))
    assert [old == new for old, new in zip(first, changed, strict=True)] == [False, True, False, True]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.toml", "a = = 1"),
        ("a.json", "[" * 100_000),
        ("a.json", '{"a": ' + "1" * 10_000 + "}"),
        (
            "a.yaml",
            "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 10)}]\n" for n in range(9)).replace(
                "a8:", "a:"
            ),
        ),
        ("a.yaml", "a: !!python/object/apply:os.system [touch pwned]"),
        ("a.json", b"\xff"),
    ],
)
def test_a_hostile_file_has_no_value(tmp_path: Path, name: str, content: str | bytes):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(FileValueError):
        ValueDigests().digest(str(tmp_path / name), b"", "a")
    assert not (tmp_path / "pwned").exists()


def test_an_error_in_a_yaml_file_says_where_it_is(tmp_path: Path):
    (tmp_path / "p.yaml").write_text("train: [1\nother: 2\n")
    with pytest.raises(FileValueError, match=r"can't be read: line 2, column \d+: "):
        ValueDigests().digest(str(tmp_path / "p.yaml"), b"", "train")
