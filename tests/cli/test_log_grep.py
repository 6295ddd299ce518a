"""`dagtui logs --grep`: what matches in all logs of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.program import call, write

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = r"""
[tasks.align]
matrix.sample = ["a", "b"]
retries = 1
retry_delay = 0
run = "echo began {{ matrix.sample }}; printf '\\033[31mFATAL\\033[0m: no memory\\n'; [ {{ matrix.sample }} = a ]"
[tasks.other]
run = '''echo 'began with "quotes"' '''
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    write(folder, GRAPH)
    assert call("run", "graph.toml", "-j1", cwd=folder).returncode == 1
    return folder


def test_lines_of_all_nodes_and_attempts_are_found(ran: Path):
    found = call("logs", "graph.toml", "--grep", "fatal: no", cwd=ran)
    assert (found.returncode, found.stderr) == (0, "")
    assert sorted(found.stdout.splitlines()) == [
        "align[sample=a]:2:FATAL: no memory",
        "align[sample=b] attempt 2:2:FATAL: no memory",
        "align[sample=b]:2:FATAL: no memory",
    ]


def test_some_nodes_can_be_chosen_and_counted(ran: Path):
    assert call("logs", "graph.toml", "other", "--grep", "^began", cwd=ran).stdout == 'other:1:began with "quotes"\n'
    counted = call("logs", "graph.toml", "align", "--grep", "began|FATAL", "--count", cwd=ran).stdout.splitlines()
    assert sorted(counted) == [f"       2  align[sample={name}" for name in ("a]", "b]", "b] attempt 2")]


def test_json_has_an_object_a_line(ran: Path):
    (line,) = call("logs", "graph.toml", "--grep", '"quotes"', "--json", cwd=ran).stdout.splitlines()
    assert json.loads(line) == {"node": "other", "attempt": 1, "line": 1, "text": 'began with "quotes"'}


def test_nothing_found_is_exit_1_and_bad_calls_are_2(ran: Path):
    nothing = call("logs", "graph.toml", "--grep", "absent", cwd=ran)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr == "dagtui: no line in the logs of run 1 matches absent\n"
    broken = call("logs", "graph.toml", "--grep", "a(", cwd=ran)
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "a( is not a regular expression" in broken.stderr
    for words in (["--count"], ["other", "--json"], [], ["--grep", "a", "-f"], ["--grep", "a", "--raw"]):
        bad = call("logs", "graph.toml", *words, cwd=ran)
        assert (bad.returncode, bad.stdout) == (2, "")
