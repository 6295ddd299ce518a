"""`dagtui help`: the manual in a pipe, on a terminal, through a pager."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, on_a_terminal

from dagtui.manual.pages import TOPICS, read_page, read_pages

if TYPE_CHECKING:
    from pathlib import Path


def test_the_pages_are_listed_with_a_line_each(tmp_path: Path):
    done = call("help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(TOPICS)
    assert [line.split(None, 1)[1] for line in lines] == [page.summary for page in read_pages()]


def test_in_a_pipe_a_page_is_markdown(tmp_path: Path):
    assert call("help", "limits", cwd=tmp_path).stdout == read_page("limits").text


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("grph-file", 'did you mean "graph-file"?'),
        ("retry", "dagtui retry --help describes the command"),
        ("\x1b[31m", "the pages are start, graph-file, up-to-date"),
    ],
)
def test_a_wrong_topic_is_one_message_with_what_may_be_meant(topic: str, hint: str, tmp_path: Path):
    done = call("help", topic, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert hint in done.stderr
    assert "\x1b" not in done.stderr


def test_on_a_terminal_a_page_is_laid_out_without_its_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(ENVIRONMENT, "TERM", "xterm")
    shown = on_a_terminal("help", "secrets", cwd=tmp_path)  # its standard input is none: no pager
    assert b"\x1b[1;4mSecrets\x1b[m" in shown
    assert b"\x1b[36msecrets\x1b[m names" in shown
    assert b"```" not in shown
    monkeypatch.setitem(ENVIRONMENT, "NO_COLOR", "1")
    assert b"\x1b" not in on_a_terminal("help", "secrets", cwd=tmp_path)


def test_on_a_terminal_a_page_goes_through_the_pager(tmp_path: Path):
    pty = pytest.importorskip("pexpect")
    environment = {**ENVIRONMENT, "TERM": "xterm", "PAGER": "sed s/Secrets/Paged/"}
    child = pty.spawn(DAGTUI[0], [*DAGTUI[1:], "help", "secrets"], cwd=tmp_path, env=environment, timeout=60)
    child.expect_exact("Paged")
    child.expect(pty.EOF)
    environment["PAGER"] = "/nowhere/pager"
    child = pty.spawn(DAGTUI[0], [*DAGTUI[1:], "help", "secrets"], cwd=tmp_path, env=environment, timeout=60)
    child.expect_exact("$PAGER can't be used")
    child.expect_exact("Secrets")
    child.expect(pty.EOF)


def test_nothing_of_the_manual_is_imported_by_other_commands(tmp_path: Path):
    graph = tmp_path / "graph.toml"
    graph.write_text('version = 1\n[tasks.a]\nrun = "true"\n', encoding="utf-8")
    for words in (["check", "graph.toml"], ["run", "graph.toml"], ["--help"]):
        script = (
            f"import sys; sys.argv[1:] = {words!r}\n"
            "from dagtui.__main__ import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            "print([name for name in sys.modules if name.startswith('dagtui.manual')], file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=ENVIRONMENT
        )
        assert done.stderr.splitlines()[-1] == "[]", done.stderr
