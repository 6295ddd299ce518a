"""`dagtui executors`: the list, and the lines of a check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support import program

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
version = 1
[executors.gpubox]
kind = "ssh"
hosts = ["nowhere.invalid"]
jobs = 2
[tasks.a]
executor = "gpubox"
run = "true"
[tasks.b]
executor = "lab"
run = "true"
[tasks.c]
run = "true"
"""
OWN = "[executors.lab]\nkind = 'slurm'\nresources = { partition = 'main' }\n[executors.gpubox]\nkind = 'slurm'\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "graph.toml").write_text(GRAPH)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "executors.toml").write_text(OWN)
    monkeypatch.setitem(program.ENVIRONMENT, "DAGTUI_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path


def test_the_list(folder: Path):
    lines = program.call("executors", cwd=folder).stdout.splitlines()
    own = folder / "config" / "executors.toml"
    assert [line.split() for line in lines] == [
        ["NAME", "KIND", "JOBS", "WHERE", "DEFINED", "IN", "TASKS"],
        ["local", "local", "this", "machine", "1", "task:", "c"],
        ["lab", "slurm", "partition", "main", str(own), "1", "task:", "b"],
        ["gpubox", "ssh", "2", "nowhere.invalid", "graph.toml", "1", "task:", "a"],
    ]
    told = json.loads(program.call("executors", "graph.toml", "--json", cwd=folder).stdout)
    assert [(one["name"], one["kind"], one["tasks"]) for one in told] == [
        ("local", "local", ["c"]),
        ("lab", "slurm", ["b"]),
        ("gpubox", "ssh", ["a"]),
    ]


def test_a_check_says_what_failed_and_what_to_do(folder: Path):
    done = program.call("executors", "check", "gpubox", cwd=folder)
    assert done.returncode == 1
    assert done.stdout.startswith("failed  reach nowhere.invalid: no machine has this name")
    assert not [path for path in folder.iterdir() if path.name.startswith(".dagtui-check")]
    [step] = json.loads(program.call("executors", "check", "gpubox", "--json", cwd=folder).stdout)
    assert (step["step"], step["ok"], step["hint"]) == ("reach nowhere.invalid", False, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check",), "name one; dagtui executors lists them"),
        (("check", "gpubx"), 'there is no executor "gpubx"\n  did you mean "gpubox"?'),
        (("check", "gpubox", "--wait", "soon"), "write 2m, 90s or 1h"),
        (("gone.toml",), 'there is no file "gone.toml"'),
    ],
)
def test_wrong_calls(folder: Path, words: tuple[str, ...], said: str):
    done = program.call("executors", *words, cwd=folder)
    assert done.returncode == 2
    assert said in done.stderr
