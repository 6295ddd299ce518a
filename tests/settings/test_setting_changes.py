"""A setting is changed in its place, and everything else in the file stays as a person wrote it."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.settings.definitions import BY_NAME
from dagtui.settings.reading import settings_of
from dagtui.settings.writing import SettingError, change_setting, parse_value, with_setting

FILE = Path("/home/ann/.config/dagtui/config.toml")
WRITTEN = """\
# mine
theme = "light"  # for the office

# sizes follow
[sizes]
left = 40 # narrow

[keys] # own keys
node.retry = "R"
"find.next" = ["n", "y"]
"""


def changed(text: str, name: str, value: str | int | bool | None) -> str:
    return with_setting(text, name, value, FILE)


def test_a_value_is_replaced_where_it_stands():
    assert changed(WRITTEN, "theme", "dark") == WRITTEN.replace('"light"', '"dark"')
    assert changed(WRITTEN, "sizes.left", 55) == WRITTEN.replace("40", "55")
    assert changed(WRITTEN, "keys.node.retry", "r") == WRITTEN.replace('"R"', '"r"')
    assert changed(WRITTEN, "keys.find.next", "y") == WRITTEN.replace('["n", "y"]', '"y"')


def test_a_new_value_stands_in_its_table():
    assert changed(WRITTEN, "bell", True) == WRITTEN.replace("office\n", "office\nbell = true\n")
    assert changed(WRITTEN, "sizes.lower", False) == WRITTEN.replace("[sizes]\n", "[sizes]\nlower = false\n")
    assert changed(WRITTEN, "keys.pane.zoom", "Z") == WRITTEN.replace("keys\n", 'keys\n"pane.zoom" = "Z"\n')
    assert changed("", "keys.pane.zoom", "Z") == '[keys]\n"pane.zoom" = "Z"\n'
    assert changed("# a\n[keys]\n", "bell", True) == "bell = true\n\n# a\n[keys]\n"
    assert changed("sizes = {}", "sizes.left", 50) == "sizes = { left = 50 }"
    assert changed("sizes = { left = 50 }", "sizes.lower", True) == "sizes = { left = 50, lower = true }"
    assert changed('keys.a.b = "x"\n', "keys.c.d", "y") == 'keys.a.b = "x"\nkeys."c.d" = "y"\n'


def test_what_is_unset_is_gone_with_its_line():
    assert changed(WRITTEN, "theme", None) == WRITTEN.replace('theme = "light"  # for the office\n', "")
    assert changed(WRITTEN, "keys.node.retry", None) == WRITTEN.replace('node.retry = "R"\n', "")
    assert changed(WRITTEN, "bell", None) == WRITTEN
    assert changed("sizes = { left = 50, lower = true }", "sizes.left", None) == "sizes = { lower = true }"


_name = st.sampled_from([*BY_NAME, "keys.node.retry", "keys.pane.zoom"])
_value = st.one_of(st.text(max_size=8).filter(lambda text: "\x00" not in text), st.booleans(), st.integers(0, 99))
_line = st.sampled_from(
    ["# a comment", "", 'theme = "x" # y', "bell=true", "[sizes]", "left = 3", "[keys]", 'node.retry = "r"', "[keys.a]",
     "sizes = {left=4, lower=true}", 'keys = { "pane.zoom" = "z" }', '"pane.zoom" = """\nz"""', "[other]"]
)  # fmt: skip


@given(st.lists(_line, max_size=8).map("\n".join), _name, _value)
def test_nothing_else_changes(text: str, name: str, value: str | int | bool):
    try:
        before = tomllib.loads(text)
    except ValueError:
        return
    try:
        after = with_setting(text, name, value, FILE)
    except SettingError:
        return
    assert tomllib.loads(with_setting(after, name, None, FILE)) is not None
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]
    assert before == tomllib.loads(text)


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("theme", "light", "light"),
        ("theme", '"light"', "light"),
        ("bell", "true", True),
        ("sizes.left", "40", 40),
        ("keys.node.retry", "1", "1"),
        ("keys.node.retry", '["a", "b"]', "a,b"),
        ("keys.node.retry", '"', '"'),
    ],
)
def test_values_are_written_as_in_the_file_or_without_quotes(name: str, written: str, value: object):
    assert parse_value(name, written) == value


@pytest.mark.parametrize(("name", "written"), [("theme", "lite"), ("bell", "yes"), ("sizes.left", "4"), ("theme", "1")])
def test_what_is_not_a_value_says_how_to_write_it(name: str, written: str):
    with pytest.raises(SettingError, match="write"):
        parse_value(name, written)


def test_a_link_stays_one_and_a_mode_stays(tmp_path: Path):
    real = tmp_path / "dotfiles" / "dagtui.toml"
    real.parent.mkdir()
    real.write_text(WRITTEN)
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    change_setting(link, "theme", "dark")
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert settings_of(real.read_text(), link).settings.theme == "dark"


def test_a_folder_is_made_and_a_broken_file_is_left_alone(tmp_path: Path):
    path = tmp_path / "a" / "b" / "config.toml"
    change_setting(path, "theme", "dark")
    assert path.read_text() == 'theme = "dark"\n'
    path.write_text("theme = \n")
    with pytest.raises(SettingError, match="1:9"):
        change_setting(path, "theme", "light")
    assert path.read_text() == "theme = \n"
    assert os.listdir(path.parent) == ["config.toml"]


def test_a_file_that_is_too_large_to_be_read_is_left_alone(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.write_text("#" * 300_000)
    with pytest.raises(SettingError, match="is larger than 256 KB"):
        change_setting(path, "theme", "dark")
    assert path.stat().st_size == 300_000
