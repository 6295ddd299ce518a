"""The resume command of the exit summary: pasted into a shell, it resumes the run with the options of its start."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, shell, write

from dagtui.graph.loading import load_text
from dagtui.graph.redacted import redacted
from dagtui.text.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[params]
samples = 2
words = "none"
[tasks.uses]
run = "echo {{ params.samples }} {{ params.words }} >> used"
[tasks.wants]
needs = ["uses"]
run = ["test", "-e", "wanted"]
"""
WORDS = 'it\'s "so" $HOME; `x` *'


def resume_command(said: str) -> str:
    return next(line for line in said.splitlines() if "to resume:" in line).partition(": ")[2]


def test_the_printed_command_gives_what_was_given_and_nothing_has_changed_by_it(tmp_path: Path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    path = write(folder, GRAPH)
    first = call("run", path, "-p", "samples=4", "-p", f"words={WORDS}", "-j", 3, cwd=folder)
    assert first.returncode == 1
    command = resume_command(first.stderr + first.stdout)
    assert command.startswith("dagtui ")
    assert command.endswith(" -j 3")
    (folder / "wanted").touch()
    second = shell(command, folder)
    assert second.returncode == 0, second.stderr
    assert (folder / "used").read_text() == f"4 {WORDS}\n"


def test_what_was_not_given_is_not_printed(tmp_path: Path):
    path = write(tmp_path, GRAPH)
    first = call("run", path, cwd=tmp_path)
    assert resume_command(first.stderr + first.stdout) == f"dagtui {path} --resume 1"


@pytest.mark.parametrize(("locale", "mark"), [("C.UTF-8", "…"), ("C", "...")])
def test_of_a_secret_only_the_name_is_printed(tmp_path: Path, locale: str, mark: str):
    path = write(tmp_path, '[run]\nsecrets = ["words"]\n' + GRAPH)
    command = ["run", "graph.toml", "-p", "words=hunter2-hunter3", *(["--ascii"] if locale == "C" else [])]
    done = subprocess.run(
        [*DAGTUI, *command], cwd=path.parent, env={**ENVIRONMENT, "LC_ALL": locale}, capture_output=True
    )
    assert f"--resume 1 -p words={mark}".encode() in done.stdout + done.stderr
    assert b"hunter2" not in done.stdout + done.stderr
    files = [file for file in (tmp_path / ".dagtui").rglob("*") if file.is_file()]
    assert all(b"hunter2" not in file.read_bytes() for file in files if file.suffix != ".log")


def test_a_redacted_graph_knows_no_given_value_that_is_secret():
    text = 'version = 1\n[run]\nsecrets = ["a"]\n[params]\na = "x"\nb = "x"\nc = "x"\n[tasks.t]\n'
    graph = load_text(text, "graph.toml", {"a": "hunter2-hunter3", "b": "see hunter2-hunter3", "c": "plain"})
    assert graph.given == {"a": "hunter2-hunter3", "b": "see hunter2-hunter3", "c": "plain"}
    assert redacted(graph, Secrets(["hunter2-hunter3"])).given == {"a": "***", "b": "see ***", "c": "plain"}
    assert load_text(text, "graph.toml").given == {}


@pytest.mark.parametrize("name", ["-j", "-x.toml", "run", "-folder/graph.toml"])
def test_the_printed_command_takes_a_file_for_neither_an_option_nor_a_command(tmp_path: Path, name: str):
    (tmp_path / "-folder").mkdir()
    path = write(tmp_path, GRAPH, name)
    first = call("run", "--", name, cwd=tmp_path)
    path.with_name("wanted").touch()
    second = shell(resume_command(first.stderr + first.stdout), tmp_path)
    assert second.returncode == 0, second.stderr
    assert "resumed: 1 completed node stays" in second.stdout
