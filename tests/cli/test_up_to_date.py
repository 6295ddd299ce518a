"""Runs of a graph whose tasks read and write files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from manual.markdown import PAGES, blocks
from support import program

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the example of the manual."""
    (tmp_path / "graph.toml").write_text(blocks(PAGES["up-to-date"], "toml")[0])
    (tmp_path / "in.csv").write_text("# comment\n1\n2\n")
    (tmp_path / "settings.toml").write_text("clean = 1\nother = 1\n")
    return tmp_path


def called(folder: Path, *words: str) -> str:
    done = program.call(words[0], "graph.toml", *words[1:], cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_of_the_manual_runs_as_the_manual_says(folder: Path):
    first = called(folder, "run")
    assert first.count("runs: never ran") == 2
    again = called(folder, "run")
    assert "clean  up to date: 2 inputs, 1 output unchanged since run 1" in again
    assert "2 done (2 up to date)" in again
    (folder / "in.csv").write_text("# another comment\n1\n2\n")
    (folder / "settings.toml").write_text("clean = 1\nother = 2\n")
    planned = called(folder, "plan")
    assert "[runs: in.csv changed]" in planned
    assert "[runs: clean may write something else]" in planned
    third = called(folder, "run")
    assert "clean  started, runs: in.csv changed" in third
    assert "count  up to date: 1 input, 1 output unchanged since run 1" in third
    assert "(1 up to date)" in called(folder, "runs")
    assert [run["up_to_date"] for run in json.loads(called(folder, "runs", "--json"))] == [1, 2, 0]
    nothing = called(folder, "plan")
    assert "0 nodes would run (2 up to date)" in nothing
    assert "critical path" not in nothing
    assert called(folder, "run", "--force").count("runs: --force") == 2
    assert called(folder, "run", "count", "--force").count("runs: --force") == 1


def test_a_resume_runs_what_has_changed_inputs_and_says_what_it_looked_at(folder: Path):
    called(folder, "run")
    nothing = program.call("run", "graph.toml", "--resume", cwd=folder)
    assert "nor inputs and outputs of 2 nodes" in nothing.stdout + nothing.stderr
    (folder / "in.csv").write_text("3\n")
    resumed = called(folder, "run", "--resume")
    assert "changed: clean (in.csv)" in resumed
    assert "clean  started, attempt 2, runs: in.csv changed" in resumed
    again = called(folder, "run", "--resume", "--rerun", "clean")
    assert again.count("runs: asked for") == 2


def test_a_plan_of_a_graph_that_never_ran_writes_nothing(folder: Path):
    assert called(folder, "plan").count("[runs: ") == 2
    assert not (folder / ".dagtui").exists()
    found = json.loads(called(folder, "plan", "--json"))
    assert [(node["runs"], node["up_to_date"]) for node in found["nodes"]] == [(True, False)] * 2
