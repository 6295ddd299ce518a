"""`--resume --rerun`, and `dagtui rerun` of a run that has ended; what is stale is said wherever counts are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.program import call

if TYPE_CHECKING:
    from pathlib import Path

REPORT = """version = 1
[params]
word = "has"
[tasks.train]
run = "test -e fixed"
[tasks.report]
needs = ["train"]
trigger = "all_done"
run = "echo train {{ params.word }} {{ needs.train.status }} > report.txt"
[tasks.publish]
needs = ["report"]
run = "cp report.txt published.txt"
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph whose run was resumed: what was published is stale."""
    path = tmp_path / "g.toml"
    path.write_text(REPORT, encoding="utf-8")
    assert call("run", path).returncode == 1
    path.with_name("fixed").touch()
    return path


def published(graph: Path) -> str:
    return graph.with_name("published.txt").read_text(encoding="utf-8").strip()


def test_what_is_stale_is_said_and_runs_again_when_it_is_named(graph: Path) -> None:
    resumed = call("run", graph, "--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "nodes that depend on how others ended run again: report" in resumed.stdout
    assert "publish  stale: an ancestor ran again" in resumed.stdout
    assert "3 done (1 stale)" in resumed.stdout
    rerun = f"dagtui {graph} --resume 1 --rerun publish"
    assert f"stale: publish; to run it again: {rerun}" in resumed.stdout
    assert published(graph) == "train has failed"
    assert "3 done (1 stale)" in call("runs", graph).stdout
    told = json.loads(call("runs", graph, "--json").stdout)
    assert (told[0]["counts"], told[0]["stale"]) == ({"COMPLETED": 3}, 1)
    nothing = call("run", graph, "--resume")
    assert nothing.returncode == 0
    assert f"1 node is stale: {rerun}" in nothing.stdout
    again = call("run", graph, "--resume", "--rerun", "publish")
    assert again.returncode == 0, again.stdout + again.stderr
    assert published(graph) == "train has completed"
    assert "stale: " not in again.stdout
    assert "resumed: 2 completed nodes stay" in again.stdout


def test_rerun_goes_on_with_a_run_that_has_ended(graph: Path) -> None:
    call("run", graph, "--resume")
    again = call("rerun", graph, "report")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stderr == "dagtui: no run is live, so this resumes run 1, which has ended\n"
    assert published(graph) == "train has completed"


def test_rerun_does_not_go_on_with_a_graph_that_changed(graph: Path) -> None:
    call("run", graph, "--resume", "-p", "word=HAS")
    refused = call("rerun", graph, "report")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "the graph or its parameters have changed since; to resume it: dagtui run" in refused.stderr
    assert f"{graph} --resume 1 --rerun report" in refused.stderr


def test_a_rerun_that_makes_no_sense_says_why(graph: Path) -> None:
    unknown = call("run", graph, "--resume", "--rerun", "publsh")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert 'dagtui: --rerun: there is no node "publsh"; did you mean "publish"?' in unknown.stderr
    alone = call("run", graph, "--rerun", "publish")
    assert (alone.returncode, "--rerun applies to an earlier run: add --resume" in alone.stderr) == (2, True)
