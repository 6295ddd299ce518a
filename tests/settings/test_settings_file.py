"""The file of the settings: what is right counts, and what is wrong is reported with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagtui.settings.definitions import SETTINGS, VIEWS
from dagtui.settings.loading import read_settings
from dagtui.settings.place import settings_path
from dagtui.settings.values import DEFAULTS, Settings
from dagtui.tui.graph.views import View

ALL = """
theme = "light"
view = "time"
mouse = false
bell = true
notify = true
sizes = { left = 30, lower = false }
[keys]
find.next = "y"
"node.retry" = ["ctrl+r", "r"]
"""


def read(folder: Path, text: str | bytes):
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_settings(path)


def test_everything_can_be_stated(tmp_path: Path):
    found = read(tmp_path, ALL)
    keys = {"find.next": "y", "node.retry": "ctrl+r,r"}
    assert found.settings == Settings("light", "time", 30, False, False, True, True, keys)
    assert found.problems == ()
    assert found.stated.keys() == {*(setting.name for setting in SETTINGS), "keys.find.next", "keys.node.retry"}


def test_a_missing_file_states_nothing(tmp_path: Path):
    found = read_settings(tmp_path / "config.toml")
    assert (found.settings, found.problems) == (DEFAULTS, ())


@pytest.mark.parametrize(
    ("line", "place", "words", "hint"),
    [
        ('theme = "lihgt"', "1:9", '"theme" can\'t be', 'did you mean "light"?'),
        ("theme = 1", "1:9", '"theme" must be a string, not an integer', "quotation marks"),
        ("mouse = 'no'", "1:9", '"mouse" must be a boolean', "write true or false"),
        ("bel = true", "1:1", 'there is no setting "bel"', 'did you mean "bell"?'),
        ("[sizes]\nleft = 95", "2:8", '"sizes.left" must be between 10 and 90', "write left = 40"),
        ("[sizes]\nleff = 50", "2:1", 'there is no setting "sizes.leff"', 'did you mean "sizes.left"?'),
        ("sizes = 3", "1:9", '"sizes" must be a table', "write [sizes]"),
        ("[keys]\nfind.next = 3", "2:13", '"keys.find.next" must be a string', "quotation marks"),
        ('[keys]\n"find.next" = ["a", 3]', "2:21", "must be a string", "quotation marks"),
        ("keys = 3", "1:8", '"keys" must be a table', "write [keys]"),
        ('view = "color"', "1:8", 'can\'t be "color"', 'one of "tasks", "map"'),
        ("colour = true", "1:1", 'there is no setting "colour"', 'there are "theme", "view"'),
    ],
)
def test_what_is_wrong_has_a_place_and_a_remedy(tmp_path: Path, line: str, place: str, words: str, hint: str):
    found = read(tmp_path, line)
    (problem,) = found.problems
    assert str(problem).startswith(f"{tmp_path}/config.toml:{place}: ")
    assert words in problem.message
    assert hint in problem.hint
    assert found.settings == DEFAULTS


def test_only_what_is_wrong_has_its_default(tmp_path: Path):
    found = read(tmp_path, ALL.replace('"light"', '"lite"').replace("bell = true", "bell = 1"))
    assert (found.settings.theme, found.settings.bell) == ("auto", False)
    assert (found.settings.view, found.settings.left, found.settings.notify) == ("time", 30, True)
    assert len(found.problems) == 2


@pytest.mark.parametrize("content", [b"theme = ", b"\xff", b"a" * 300_000, b"[" * 5000, b'theme = "\x1b[31m"'])
def test_what_is_not_toml_never_raises(tmp_path: Path, content: bytes):
    found = read(tmp_path, content)
    assert found.settings == DEFAULTS
    (problem,) = found.problems
    assert "\x1b" not in str(problem)


def test_what_is_not_a_file_is_reported_and_never_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("", "directory"), ("pipe", "pipe")):
        (problem,) = read_settings(tmp_path / name).problems
        assert words in problem.message


def test_a_file_that_may_not_be_read_is_reported(tmp_path: Path):
    path = tmp_path / "config.toml"
    path.symlink_to(path)
    assert "can't be read" in read_settings(path).problems[0].message


_toml = st.text(alphabet='theme=view"[]sizes.keys \n0123{}true,\x1b\\', max_size=60)


@given(_toml)
def test_any_text_gives_settings(tmp_path_factory: pytest.TempPathFactory, text: str):
    found = read(tmp_path_factory.getbasetemp(), text)
    assert isinstance(found.settings, Settings)
    assert all("\x1b" not in str(problem) for problem in found.problems)


def test_the_views_are_those_of_the_screen():
    assert tuple(view.title for view in View) == VIEWS


def test_where_the_settings_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DAGTUI_CONFIG_DIR", str(tmp_path))
    assert settings_path() == tmp_path / "config.toml"
    monkeypatch.delenv("DAGTUI_CONFIG_DIR")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/etc/xdg/own")
    assert settings_path() == Path("/etc/xdg/own/dagtui/config.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/ann")
    assert settings_path() == Path("/home/ann/.config/dagtui/config.toml")


@pytest.mark.parametrize("name", ["a\0b", "a\ud800"])
def test_a_path_that_no_file_has_is_a_problem(tmp_path: Path, name: str):
    found = read_settings(tmp_path / name)
    assert found.settings == Settings()
    assert [problem.message for problem in found.problems] == ["can't be the path of a file"]
