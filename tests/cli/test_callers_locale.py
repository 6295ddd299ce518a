"""The caller's locale, which Python changes at its start: tasks get it as it was, and it decides what is drawn."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, write

from dagtui.manual.pages import TOPICS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GRAPH = """
[tasks.shell]
run = ["sh", "-c", "env -0 > shell"]
[tasks.call]
call = "steps:look"
"""
STEPS = 'import subprocess\ndef look():\n    subprocess.run("env -0 > call", shell=True, check=True)\n'
RAW = {b"RAW": b"caf\xe9"}
LOCALES = [
    {},
    {"LANG": "C"},
    {"LANG": "POSIX", "LC_ALL": ""},
    {"LANG": "C", "LC_CTYPE": "POSIX"},
    {"LANG": "nonsense"},
    {"LC_CTYPE": "C.UTF-8"},
    {"LANG": "C", "LC_CTYPE": "UTF-8"},
    {"LC_ALL": "C"},
    {"LANG": "C.UTF-8"},
]


def environment(locale: Mapping[str, str]) -> dict[bytes, bytes]:
    kept = {name: value for name, value in ENVIRONMENT.items() if name != "LANG" and not name.startswith("LC_")}
    return {os.fsencode(name): os.fsencode(value) for name, value in {**kept, **locale}.items()} | RAW


def variables(path: Path) -> dict[bytes, bytes]:
    """What a node found, without what dagtui and shells add."""
    found = dict(entry.split(b"=", 1) for entry in path.read_bytes().split(b"\0")[:-1])
    added = {b"PWD", b"OLDPWD", b"_", b"SHLVL", b"PYTHONUNBUFFERED"}
    return {name: value for name, value in found.items() if name not in added and not name.startswith(b"DAGTUI_")}


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: " ".join(map("=".join, locale.items())) or "none")
def test_attempts_get_what_the_caller_had_byte_for_byte(tmp_path: Path, locale: Mapping[str, str]):
    write(tmp_path, GRAPH)
    (tmp_path / "steps.py").write_text(STEPS)
    given = environment(locale)
    done = subprocess.run([*DAGTUI, "run", "graph.toml"], cwd=tmp_path, env=given, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout
    added = {b"PWD", b"OLDPWD", b"_", b"SHLVL", b"PYTHONUNBUFFERED"}
    expected = {name: value for name, value in given.items() if name not in added and not name.startswith(b"DAGTUI_")}
    assert variables(tmp_path / "shell") == expected
    assert variables(tmp_path / "call") == expected


@pytest.mark.parametrize(
    ("locale", "is_ascii"),
    [({"LANG": "C"}, True), ({"LC_ALL": "POSIX"}, True), ({"LANG": "C.UTF-8"}, False), ({}, False)],
)
def test_lines_are_ascii_where_the_locale_is_not_utf_8(tmp_path: Path, locale: Mapping[str, str], is_ascii: bool):
    write(tmp_path, '[tasks.a]\nrun = """true\ntrue"""\n[tasks.b]\nneeds = ["a"]\nrun = "true"\n')
    write(tmp_path, '[tasks.a]\nrun = "echo {{ env.NOPE }}"\n', "wrong.toml")
    write(tmp_path, f'[tasks.{"x" * 150}]\nrun = ["sh", "-c", "echo {"y" * 300}; exit 3"]\n', "long.toml")
    page = ["help", "graph-file"]
    for words in (
        ["run", "graph.toml"],
        ["run", "long.toml"],
        ["plan", "graph.toml"],
        ["check", "wrong.toml"],
        page,
        ["help"],
    ):
        done = subprocess.run(
            [*DAGTUI, *words], cwd=tmp_path, env=environment(locale), capture_output=True, timeout=120
        )
        printed = done.stdout + done.stderr
        assert printed.isascii() is (is_ascii or words == ["help"]), printed.decode()


def test_a_page_in_the_pager_is_ascii_where_the_locale_is_not_utf_8(tmp_path: Path):
    pty = pytest.importorskip("pexpect")
    given = {**ENVIRONMENT, "LC_ALL": "C", "PAGER": "cat", "NO_COLOR": "1"}
    for topic in TOPICS:
        child = pty.spawn(DAGTUI[0], [*DAGTUI[1:], "help", topic], cwd=tmp_path, env=given, timeout=60)
        shown = child.read()
        child.close()
        assert b"dagtui" in shown
        assert shown.isascii(), topic
