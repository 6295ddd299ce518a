"""`dagtui config`: settings with where each comes from, and changes of one line."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.program import ENVIRONMENT, call

from dagtui.manual.pages import read_page
from dagtui.settings.definitions import BY_NAME
from dagtui.settings.reading import settings_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(ENVIRONMENT, "DAGTUI_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


def told(folder: Path, *words: str) -> str:
    done = call("config", *words, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def refused(folder: Path, *words: str) -> str:
    done = call("config", *words, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


def test_every_setting_is_shown_with_where_it_comes_from(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert told(folder, "set", "theme", "light") == "theme: light\n"
    assert told(folder, "set", "keys.node.retry", "K") == "keys.node.retry: K\n"
    monkeypatch.setitem(ENVIRONMENT, "NO_COLOR", "1")
    lines = told(folder).splitlines()
    assert lines[0] == f"# {folder}/config/config.toml"
    assert [line.split()[0] for line in lines[1:]] == [*BY_NAME, "keys.node.retry"]
    assert lines[1].split(None, 2)[1:] == ["light", "line 1; NO_COLOR is set: no colours"]
    assert lines[-1].split(None, 2)[1:] == ["K", "line 4"]
    assert all(line.endswith("default") for line in lines[2:-1])


def test_a_setting_is_got_set_and_unset(folder: Path):
    assert told(folder, "get", "sizes.left") == "40\n"
    told(folder, "set", "sizes.left", "55")
    assert told(folder, "get", "sizes.left") == "55\n"
    told(folder, "unset", "sizes.left")
    assert told(folder, "get", "sizes.left") == "40\n"
    assert told(folder, "get", "keys.move.half_down") == "^d\n"
    assert told(folder, "path") == f"{folder}/config/config.toml\n"


def test_what_is_refused_says_why_and_writes_nothing(folder: Path):
    assert 'did you mean "bell"' in refused(folder, "set", "bel", "true")
    assert 'did you mean "keys.node.retry"' in refused(folder, "get", "node.retry")
    assert "write one of" in refused(folder, "set", "theme", "grey")
    assert "the key of node.cancel" in refused(folder, "set", "keys.node.retry", "x")
    assert "\x1b" not in refused(folder, "set", "keys.node.retry", "\x1b[31m")
    assert not (folder / "config").exists()


def test_everything_that_is_wrong_is_listed_with_its_place(folder: Path):
    path = folder / "config" / "config.toml"
    path.parent.mkdir()
    path.write_text('theme = "x"\n[keys]\nnode.retry = "x"\nnode.rety = "y"\n')
    done = call("config", cwd=folder)
    assert done.returncode == 2
    assert re.findall(r"config\.toml:(\d+:\d+): ", done.stderr) == ["1:9", "4:13", "3:14"]
    assert 'did you mean "node.retry"?' in done.stderr


def test_what_is_wrong_is_not_shown_as_if_it_were_in_force(folder: Path):
    path = folder / "config" / "config.toml"
    path.parent.mkdir()
    path.write_text('theme = "x"\n[keys]\nnode.retry = "x"\nnode.rety = "y"\nmoment.on = "q"\nlog.wrap = "W"\n')
    rows = dict(line.split(None, 1) for line in call("config", cwd=folder).stdout.splitlines()[1:])
    own = {name.removeprefix("keys."): row.split(None, 1) for name, row in rows.items() if name.startswith("keys.")}
    assert rows["theme"].split(None, 1) == ["auto", "default; line 1 is wrong"]
    assert own.pop("log.wrap") == ["W", "line 6"]
    assert own.pop("node.retry") == ["r", "default; line 3 is wrong"]
    assert own.pop("moment.on") == [".", "default; line 5 is wrong"]
    assert not own
    assert call("config", "get", "keys.node.retry", cwd=folder).stdout == "r\n"


def test_the_editor_gets_a_file_that_lists_all_settings(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(ENVIRONMENT, "VISUAL", "cat")
    text = told(folder, "edit")
    assert not (folder / "config" / "config.toml").exists()
    stated = settings_of(re.sub(r"^# (?!Settings)", "", text, flags=re.MULTILINE), Path("config.toml"))
    assert stated.problems == ()
    assert stated.stated.keys() == {*BY_NAME, "keys.node.retry"}
    monkeypatch.setitem(
        ENVIRONMENT, "VISUAL", f'{sys.executable} -c \'import sys; open(sys.argv[1], "w").write("x=")\''
    )
    assert "config.toml:1:" in refused(folder, "edit")
    monkeypatch.setitem(ENVIRONMENT, "VISUAL", "false")
    assert "the editor failed: exit 1" in refused(folder, "edit")


def test_the_manual_names_every_setting_and_its_file_is_right():
    text = read_page("settings").text
    assert all(f"| `{name}` |" in text for name in BY_NAME)
    shown = next(block for block in text.split("```")[1::2] if "[sizes]" in block)
    file = settings_of(shown, Path("config.toml"))
    assert (file.problems, len(file.stated)) == ((), 7)


@pytest.mark.parametrize("words", [("run", "graph.toml"), ("check", "graph.toml")])
def test_commands_without_a_screen_know_nothing_of_settings(folder: Path, words: tuple[str, ...]):
    (folder / "graph.toml").write_text('version = 1\n[tasks.one]\nrun = "true"\n', encoding="utf-8")
    command = [sys.executable, "-X", "importtime", "-m", "dagtui", *words]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "dagtui.graph" in done.stderr
    assert "dagtui.settings" not in done.stderr
