"""`dagtui check`: what it says of a graph that is well, and of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.program import call, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[tasks.a]\n", "graph.toml: OK (1 task, 1 node, 0 edges)\n"),
        ('[tasks.a]\n[tasks.b]\nneeds = ["a"]\n', "graph.toml: OK (2 tasks, 2 nodes, 1 edge)\n"),
        (
            '[tasks.a]\nmatrix = { x = [1, 2] }\n[tasks.b]\nneeds = ["a"]\n',
            "graph.toml: OK (2 tasks, 3 nodes, 2 edges)\n",
        ),
    ],
)
def test_a_graph_that_is_well(tmp_path: Path, body: str, said: str):
    write(tmp_path, body)
    done = call("check", "graph.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


VARIABLES = """
[env]
A = "{{ env.NOPE_A }}"
B = "{{ env.C }}{{ env.NOPE_D or 'x' }}"
C = "{{ env.PATH }}"
[tasks.a]
run = "echo '{{ env.NOPE_B }}' {{ env.C }}"
[tasks.b]
run = ["echo", "{{ env.NOPE_C }}", "{{ env.NOPE_B }}", '{{ env.NOPE_D or "d" }}']
cwd = "{{ env.NOPE_E }}"
needs = ["gone"]
[tasks.c]
env = { NOPE_F = "{{ env.NOPE_F }}" }
call = "a:b"
args = { x = "{{ env.NOPE_F }}", y = "{{ env.NOPE_G }}" }
"""


@pytest.mark.parametrize("words", [["check"], ["run"], []])
def test_variables_that_are_not_set_are_all_in_one_report_before_anything_runs(tmp_path: Path, words: list[str]):
    write(tmp_path, VARIABLES)
    done = call(*words, "graph.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    found = [line for line in done.stderr.splitlines() if line.startswith("graph.toml:")]
    places = [(4, "A"), (8, "B"), (10, "C"), (10, "B"), (11, "E"), None, (14, "F"), (16, "G")]
    for line, place in zip(found, places, strict=True):
        if place is not None:
            number, name = place
            assert line.startswith(f"graph.toml:{number}:")
            assert line.endswith(f'"{{{{ env.NOPE_{name} }}}}": the environment variable "NOPE_{name}" is not set')
    assert 'set it, or give a default: {{ env.NOPE_A or "…" }}' in done.stderr
    assert not (tmp_path / ".dagtui").exists()


def test_secrets_that_are_not_set_are_in_the_same_report(tmp_path: Path):
    write(tmp_path, '[run]\nsecrets = ["NOPE_A", "NOPE_B"]\n[tasks.a]\nrun = "echo {{ env.NOPE_C }}"\n')
    done = call("check", "graph.toml", cwd=tmp_path)
    found = [line for line in done.stderr.splitlines() if line.startswith("graph.toml:")]
    assert (done.returncode, done.stdout, len(found)) == (2, "", 3)
    for line, name in zip(found, "ABC", strict=True):
        assert f"NOPE_{name}" in line
        assert line.endswith("is not set")


def test_what_only_shows_a_graph_needs_no_variables(tmp_path: Path):
    write(tmp_path, '[tasks.a]\nrun = "echo {{ env.NOPE_A }}"\n')
    done = call("plan", "graph.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_defaults_stand_for_what_is_missing_or_empty(tmp_path: Path):
    write(
        tmp_path,
        """
[params]
empty = ""
full = "f"
[tasks.first]
run = "true"
[tasks.a]
needs = ["first"]
matrix = { x = ["", "1"] }
env = { EMPTY = "", MADE = "{{ env.EMPTY or 'made' }}" }
run = '''printf '%s,' '{{ env.NOPE_A or "a b" }}' {{ params.empty or 'p' }} {{ params.full or "x" }} \\
  "{{ matrix.x or 0 }}" {{ matrix.y or true }} {{ needs.first.status or "s" }} {{ needs.gone.status or "it's" }} \\
  {{ env.EMPTY or "e" }} $MADE'''
[tasks.b]
needs = ["a[x={{ params.empty or 1 }}]"]
run = "true"
""",
    )
    done = call("run", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for cell, x in (("a[x=]", "0"), ("a[x=1]", "1")):
        log = call("logs", "graph.toml", cell, cwd=tmp_path).stdout
        assert log == f"a b,p,f,{x},true,completed,it's,e,made,"
