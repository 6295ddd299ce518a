"""Runs of a graph whose tasks read and write files."""

from __future__ import annotations

import json
import os
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
    assert first.count("runs: no earlier success is known") == 2
    again = called(folder, "run")
    assert "clean  up to date: 2 inputs, 1 output unchanged since run 1" in again
    assert "2 done (2 up to date)" in again
    (folder / "in.csv").write_text("# another comment\n1\n2\n")
    (folder / "settings.toml").write_text("clean = 1\nother = 2\n")
    planned = called(folder, "plan")
    assert "[runs: in.csv changed]" in planned
    assert planned.startswith("graph: 1 node would run and 1 more may run, ")
    assert "[may run: if clean writes something else]" in planned
    found = {node["node"]: node for node in json.loads(called(folder, "plan", "--json"))["nodes"]}
    assert [(node["runs"], node["may_run"]) for node in found.values()] == [(True, False), (True, True)]
    assert found["count"]["why"] == "may run: if clean writes something else"
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


def test_a_plan_expects_that_a_file_that_is_gone_may_be_written_as_it_was(folder: Path):
    called(folder, "run")
    (folder / "clean.csv").unlink()
    planned = called(folder, "plan")
    assert "[runs: output clean.csv is missing]" in planned
    assert "[may run: if clean writes something else]" in planned
    graph = (folder / "graph.toml").read_text()
    (folder / "graph.toml").write_text(graph.replace("wc -l", "wc  -l"))
    planned = called(folder, "plan")
    assert "[runs: command changed]" in planned
    assert "may run" not in planned
    (folder / "graph.toml").write_text(graph)
    assert "count  up to date: 1 input, 1 output unchanged since run 1" in called(folder, "run")


def test_a_download_runs_when_its_url_has_changed(tmp_path: Path):
    (tmp_path / "graph.toml").write_text(blocks(PAGES["up-to-date"], "toml")[1])
    (tmp_path / "curl").write_text('#!/bin/sh\necho "$4" > "$3"\n')
    (tmp_path / "curl").chmod(0o755)

    def run() -> str:
        path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
        done = program.call("run", "graph.toml", cwd=tmp_path, env={"PATH": path})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def change(before: str, after: str) -> None:
        text = (tmp_path / "graph.toml").read_text()
        (tmp_path / "graph.toml").write_text(text.replace(before, after))

    assert "started" in run()
    change("version = 1", "version = 1  # of the format")
    assert "up to date: 1 input, 1 output unchanged" in run()
    change("in.csv", "all.csv")
    assert "runs: command, graph.toml#params.url changed" in run()
    (tmp_path / "all.csv").unlink()
    assert "runs: output all.csv is missing" in run()


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


WITH_SECRETS = """
version = 1
[run]
secrets = ["FOLDER", "NAME"]
[tasks.fetch]
inputs = ["in.csv"]
outputs = ["d/{{ env.FOLDER }}.csv", "all/"]
run = "mkdir -p d/hunter2 all; cp in.csv d/{{ env.FOLDER }}.csv; cp in.csv all/{{ env.NAME }}; cp in.csv all/b"
[tasks.read]
matrix = { id = ["a", "hunter3-secret"] }
inputs = ["d/{{ env.FOLDER }}.csv", "all/"]
run = "echo {{ matrix.id }}"
"""


def test_what_is_remembered_of_paths_and_nodes_has_no_secret_in_it(tmp_path: Path):
    (tmp_path / "graph.toml").write_text(WITH_SECRETS)
    (tmp_path / "in.csv").write_text("1\n")
    variables = {"FOLDER": "hunter2/secret", "NAME": "hunter3-secret"}

    def said(*words: str) -> str:
        done = program.call(words[0], "graph.toml", *words[1:], cwd=tmp_path, env=variables)
        return done.stdout + done.stderr

    assert "3 done" in said("run")
    assert "3 done (3 up to date)" in said("run")
    assert "0 nodes would run (3 up to date)" in said("plan")
    assert "nor inputs and outputs of 3 nodes" in said("run", "--resume")
    (tmp_path / "all" / "b").write_text("2\n")
    assert "all/b changed" in said("run")
    (tmp_path / "all" / "hunter3-secret").write_text("2\n")
    assert "all/*** changed" in said("plan")
    kept = [file for file in (tmp_path / ".dagtui").rglob("*") if file.is_file()]
    assert "fingerprints.sqlite" in {file.name for file in kept}
    for file in kept:
        content = file.read_bytes()
        assert not [secret for secret in variables.values() if secret.encode() in content], file


def test_a_path_like_a_missing_one_is_named_without_its_secret(tmp_path: Path):
    (tmp_path / "graph.toml").write_text(
        """version = 1
[run]
secrets = ["NAME"]
[tasks.write]
outputs = ["{{ env.NAME }}-all.csv"]
run = "true"
[tasks.read]
inputs = ["{{ env.NAME }}-al.csv"]
run = "true"
"""
    )
    for command in ("check", "run"):
        done = program.call(command, "graph.toml", cwd=tmp_path, env={"NAME": "hunter3-secret"})
        assert (done.returncode, "hunter3" in done.stdout + done.stderr) == (2, False)
        assert 'did you mean "***-all.csv"?' in done.stderr
