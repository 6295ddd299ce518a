"""Calls that name nodes: what runs, what is refused, and what `plan`, `status`, `runs` and a resume say."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

from dagtui.engine.messages import FIRST_ATTEMPT
from dagtui.store.paths import log_name

if TYPE_CHECKING:
    from pathlib import Path

BODY = """
[tasks.fetch]
group = "data"
run = "echo fetch >> ran"
[tasks.raw]
group = "data/raw"
run = "echo raw >> ran"
[tasks.train]
needs = ["data/"]
matrix = { seed = [1, 2] }
run = "echo train{{ matrix.seed }} >> ran; test ! -e fails"
[tasks.report]
needs = ["train[seed=1]"]
run = "echo report >> ran"
[tasks."-odd"]
run = "echo odd >> ran"
[tasks.clean]
default = false
run = "echo clean >> ran"
"""


def ran(folder: Path) -> list[str]:
    """What has run since the last call, sorted."""
    path = folder / "ran"
    lines = sorted(path.read_text().split()) if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


@pytest.mark.parametrize(
    ("words", "nodes"),
    [
        (["report"], ["fetch", "raw", "report", "train1"]),
        (["train[seed=2]", "fetch"], ["fetch", "raw", "train2"]),
        (["data/"], ["fetch", "raw"]),
        (["re*"], ["fetch", "raw", "report", "train1"]),
        (["clean"], ["clean"]),
        (["--", "-odd"], ["odd"]),
        ([], ["fetch", "odd", "raw", "report", "train1", "train2"]),
    ],
)
def test_named_nodes_run_with_all_that_they_need(tmp_path: Path, words: list[str], nodes: list[str]):
    write(tmp_path, BODY)
    done = call("run", "graph.toml", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ran(tmp_path) == nodes
    assert f"{len(nodes)} of 7 nodes" in done.stdout
    planned = json.loads(call("plan", "graph.toml", "--json", *words, cwd=tmp_path).stdout)["nodes"]
    assert sum(node["runs"] for node in planned) == sum(node["selected"] for node in planned) == len(nodes)
    assert {node["why"] for node in planned if not node["selected"]} == {"not part of this run"}


def test_what_runs_by_default_is_what_the_file_says(tmp_path: Path):
    write(tmp_path, f'[run]\ndefault = ["clean", "fetch"]\n{BODY}')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["clean", "fetch"]
    write(tmp_path, '[tasks.a]\ndefault = false\nrun = "true"\n')
    for word in ("run", "plan"):
        done = call(word, "graph.toml", cwd=tmp_path)
        assert (done.returncode, "nothing runs by default" in done.stderr) == (2, True)


@pytest.mark.parametrize("word", ["run", "plan"])
def test_unknown_names_are_one_report(tmp_path: Path, word: str):
    write(tmp_path, BODY)
    done = call(word, "graph.toml", "reprot", "fetch", "dta/", "z*", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'dagtui: there is no node "reprot"; did you mean "report"?',
        'dagtui: there is no group "dta/"; did you mean "data/"?',
        'dagtui: no node matches "z*"; there are fetch, raw, train, report, -odd, clean',
    ]
    assert not (tmp_path / ".dagtui").exists()


def test_a_node_in_the_place_of_the_file(tmp_path: Path):
    write(tmp_path, BODY)
    done = call("run", "report", "clean", cwd=tmp_path)
    assert (done.returncode, "write: dagtui run graph.toml report clean" in done.stderr) == (2, True)
    assert "to run a node of that name: dagtui graph.toml report" in call("report", cwd=tmp_path).stderr


def test_status_runs_and_events_agree(tmp_path: Path):
    write(tmp_path, BODY)
    (tmp_path / "fails").touch()
    assert call("run", "graph.toml", "report", "--events", "events", cwd=tmp_path).returncode == 1
    report = json.loads(call("status", "graph.toml", "--run", "1", "--json", cwd=tmp_path).stdout)
    assert (report["verdict"], report["selected"], report["node_count"]) == ("failed", 4, 7)
    assert (report["targets"], report["counts"]) == (["report"], {"COMPLETED": 2, "FAILED": 1, "FAILED_PARENT": 1})
    outside = {node["node"]: node["why"] for node in report["nodes"] if not node["selected"]}
    assert outside == dict.fromkeys(["train[seed=2]", "-odd", "clean"], "not part of this run: retry adds it")
    (run,) = json.loads(call("runs", "graph.toml", "--json", cwd=tmp_path).stdout)
    assert (run["targets"], run["counts"]) == (["report"], report["counts"])
    assert "for report" in call("runs", "graph.toml", cwd=tmp_path).stdout
    silent = call("logs", "graph.toml", "clean", cwd=tmp_path)
    assert "clean is not part of this run: retry adds it" in silent.stderr
    started = json.loads((tmp_path / "events").read_text().splitlines()[0])
    assert (started["targets"], started["named"]) == (["report"], ["report"])


def test_a_resume_keeps_what_the_run_was_for_and_adds_what_is_named(tmp_path: Path):
    write(tmp_path, BODY)
    (tmp_path / "fails").touch()
    assert call("run", "graph.toml", "report", cwd=tmp_path).returncode == 1
    ran(tmp_path)
    (tmp_path / "fails").unlink()
    assert call("run", "graph.toml", "--resume", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["report", "train1"]
    assert "nothing to resume" in call("run", "graph.toml", "--resume", cwd=tmp_path).stdout
    assert call("run", "graph.toml", "--resume", "clean", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["clean"]
    assert call("run", "graph.toml", "--resume", "1", "--rerun", "train[seed=2]", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["train2"]
    (run,) = json.loads(call("runs", "graph.toml", "--json", cwd=tmp_path).stdout)
    assert (run["targets"], run["counts"]) == (["report", "clean"], {"COMPLETED": 6})


def test_a_resume_of_a_default_run_takes_what_runs_by_default_now(tmp_path: Path):
    write(tmp_path, BODY)
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    ran(tmp_path)
    write(tmp_path, f'{BODY}[tasks.new]\nrun = "echo new >> ran"\n')
    assert call("run", "graph.toml", "--resume", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["new"]


def test_a_node_whose_joining_was_not_recorded_joins_the_resumed_run(tmp_path: Path):
    write(tmp_path, BODY)
    assert call("run", "graph.toml", "fetch", cwd=tmp_path).returncode == 0
    run = tmp_path / ".dagtui" / "graph" / "latest"
    journal = run / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))  # the machine lost power, and the lines after a retry of `clean` with it
    log = run / "logs" / log_name("clean", FIRST_ATTEMPT)
    log.parent.mkdir(parents=True)
    log.write_text("began\n")
    ran(tmp_path)
    assert call("run", "graph.toml", "--resume", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["clean"]
    report = json.loads(call("status", "graph.toml", "--run", "1", "--json", cwd=tmp_path).stdout)
    assert (report["verdict"], report["counts"]) == ("completed", {"COMPLETED": 2})
    assert next(node["attempt"] for node in report["nodes"] if node["node"] == "clean") == 2


def test_a_new_parent_of_what_the_run_was_for_joins_it(tmp_path: Path):
    write(tmp_path, BODY)
    assert call("run", "graph.toml", "fetch", cwd=tmp_path).returncode == 0
    ran(tmp_path)
    write(tmp_path, BODY.replace("[tasks.fetch]\n", '[tasks.fetch]\nneeds = ["clean"]\n'))
    assert call("run", "graph.toml", "--resume", cwd=tmp_path).returncode == 0
    assert ran(tmp_path) == ["clean", "fetch"]


def test_commands_on_a_live_run_say_what_is_not_part_of_it_and_retry_adds_it(tmp_path: Path):
    write(tmp_path, BODY.replace("echo train", "sleep 600; echo train"))
    words, events = [*DAGTUI, "run", "graph.toml", "report", "--events", "events"], tmp_path / "events"
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, env=ENVIRONMENT) as run:
        begun = '"node":"train[seed=1]","attempt":1,"status":"RUNNING"'
        wait_for(lambda: events.exists() and begun in events.read_text(), "a running node")
        wait_for(lambda: call("status", "graph.toml", cwd=tmp_path).returncode == 0, "the run's socket")
        for word in ("cancel", "skip", "mark", "rerun"):
            done = call(word, "graph.toml", "clean", cwd=tmp_path)
            assert (done.returncode, done.stderr) == (1, "clean: not part of this run: retry adds it\n")
        waiting = call("wait", "graph.toml", "clean", cwd=tmp_path)
        assert (waiting.returncode, "clean is not part of this run" in waiting.stderr) == (2, True)
        preview = call("retry", "graph.toml", "train[seed=2]", "clean", "--dry-run", cwd=tmp_path).stdout
        assert "joins the run    train[seed=2], clean" in preview
        assert "2 added" in call("retry", "graph.toml", "--", "clean", "-odd", cwd=tmp_path).stdout
        wait_for(lambda: '"node":"clean","attempt":1,"status":"COMPLETED"' in events.read_text(), "the added node")
        run.send_signal(signal.SIGINT)
        run.wait(60)
    assert ran(tmp_path) == ["clean", "fetch", "odd", "raw"]


def test_the_critical_path_of_a_plan_is_one_of_nodes_that_run(tmp_path: Path):
    write(tmp_path, '[tasks.clean]\ndefault = false\n[tasks.a]\n[tasks.no]\nneeds = ["a"]\n[tasks.b]\nneeds = ["a"]\n')
    plan = json.loads(call("plan", "graph.toml", "b", "--json", cwd=tmp_path).stdout)
    assert plan["critical_path"] == ["a", "b"]
