"""The nodes in what `dagtui status` tells: all, or those that are named, of a live run and of one that ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from support.program import DAGTUI, ENVIRONMENT, call, write
from support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRAPH = """
[tasks.fetch]
run = "echo fetched"
group = "data/in"
[tasks.bad]
needs = ["fetch"]
run = "exit 3"
retries = 1
retry = { delay = 0 }
[tasks.after]
needs = ["bad"]
run = "true"
[tasks.train]
needs = ["fetch"]
run = "echo $$; exec sleep 600"
group = "data"
matrix = { seed = [1, 2] }
[tasks.eval]
needs = ["train"]
run = "true"
"""

Nodes = dict[str, dict[str, object]]


class Calls:
    """A graph whose run goes on in the background, and calls about it."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder = folder
        self.environment = {**ENVIRONMENT, "DAGTUI_SOCKET_DIR": str(sockets), "SECRET": "hunter2hunter2"}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [*DAGTUI, "run", "-j8", "graph.toml"]
        with (self.folder / "out").open("ab") as out:
            self.process = subprocess.Popen(words, cwd=self.folder, stdout=out, stderr=out, env=self.environment)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return call("status", *words, cwd=self.folder, env=self.environment)

    def report(self, *words: str) -> dict[str, object]:
        done = self.call("graph.toml", "--json", *words)
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == 1
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def nodes(self, *words: str) -> Nodes:
        return nodes_of(self.report(*words))


def nodes_of(report: dict[str, object]) -> Nodes:
    told = report["nodes"]
    assert isinstance(told, list)
    return {node["node"]: node for node in told}


@pytest.fixture
def calls(tmp_path: Path, short_path: Path) -> Iterator[Calls]:
    graph = Calls(tmp_path, short_path / "sockets")
    yield graph
    graph.end()


@pytest.fixture
def half_done(calls: Calls) -> Calls:
    write(calls.folder, GRAPH)
    calls.start()

    def stands() -> bool:
        assert calls.process is not None
        assert calls.process.poll() is None, (calls.folder / "out").read_text()
        done = calls.call("graph.toml", "--json")
        counts = json.loads(done.stdout)["counts"] if done.returncode == 0 else {}
        return counts == {"WAITING": 1, "RUNNING": 2, "COMPLETED": 1, "FAILED": 1, "FAILED_PARENT": 1}

    wait_for(stands, "two train, and bad has failed")
    return calls


def number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)


def test_a_live_run_tells_every_node(half_done: Calls) -> None:
    report = half_done.report()
    nodes = nodes_of(report)
    assert list(nodes) == ["fetch", "bad", "after", "train[seed=1]", "train[seed=2]", "eval"]
    assert (report["live"], report["node_count"], report["verdict"]) == (True, 6, "running")
    wanted = {
        "fetch": ("COMPLETED", 1, "ran", 0, "succeeded"),
        "bad": ("FAILED", 2, "exit", 3, "exit 3"),
        "after": ("FAILED_PARENT", 0, None, None, "blocked by bad (exit 3)"),
        "train[seed=1]": ("RUNNING", 1, None, None, "attempt 1"),
        "eval": ("WAITING", 0, None, None, "0 / 2 parents"),
    }
    for name, (status, attempt, cause, exit_status, why) in wanted.items():
        node = nodes[name]
        told = tuple(node[key] for key in ("status", "attempt", "cause", "exit", "why"))
        assert told == (status, attempt, cause, exit_status, why), name
    for name in ("after", "eval"):
        assert [nodes[name][key] for key in ("started", "ended", "seconds", "log")] == [None] * 4
    now = time.time()
    for name in ("fetch", "bad"):
        started, ended = number(nodes[name]["started"]), number(nodes[name]["ended"])
        assert now - 3600 < started <= ended <= now
        assert number(nodes[name]["seconds"]) == pytest.approx(ended - started, abs=0.01)
    running = nodes["train[seed=2]"]
    assert running["ended"] is None
    assert number(running["seconds"]) > 0
    with open(str(nodes["fetch"]["log"]), encoding="utf-8") as log:
        assert log.read() == "fetched\n"
    (every,) = json.loads(half_done.call("--json").stdout)
    assert list(nodes_of(every)) == list(nodes)


def test_nodes_are_chosen_by_glob_label_task_and_group(half_done: Calls) -> None:
    train = ["train[seed=1]", "train[seed=2]"]
    for words, meant in {
        ("train*",): train,
        ("train[seed=?]",): train,
        ("train",): train,
        ("train[seed=2]",): train[1:],
        ("data",): ["fetch", *train],
        ("data/in",): ["fetch"],
        ("eval", "f*"): ["fetch", "eval"],
        ("*a*",): ["bad", "after", *train, "eval"],
    }.items():
        arguments = [argument for word in words for argument in ("--nodes", word)]
        report = half_done.report(*arguments)
        assert (list(nodes_of(report)), report["node_count"]) == (meant, 6), words
    for word, said in (("x*", 'no node matches "x*"'), ("evla", 'no node "evla"'), ("train[seed=3]", "no value")):
        done = half_done.call("graph.toml", "--json", "--nodes", word)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
    assert half_done.call("--nodes", "x").returncode == 2


def test_people_get_a_line_for_each_chosen_node(half_done: Calls) -> None:
    done = half_done.call("graph.toml", "--nodes", "bad", "--nodes", "eval")
    assert done.returncode == 0, done.stderr
    first, bad, waiting = done.stdout.splitlines()
    assert first.startswith("graph run 1: running, ")
    assert bad.split()[1:5] == ["bad", "failed", "exit", "3"]
    assert "attempt 2  log: /" in bad
    assert waiting.split()[1:] == ["eval", "waiting", "0", "/", "2", "parents"]


def test_an_ended_run_is_told_from_its_record(half_done: Calls) -> None:
    live = half_done.nodes()
    half_done.end()
    refused = half_done.call("graph.toml", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    report = half_done.report("--run", "1")
    nodes = nodes_of(report)
    assert (report["live"], report["verdict"], report["node_count"]) == (False, "cancelled", 6)
    for name in ("fetch", "bad", "after"):
        assert nodes[name] == live[name]
    for name in ("train[seed=1]", "train[seed=2]"):
        node = nodes[name]
        assert (node["status"], node["attempt"], node["log"]) == ("CANCELLED", 1, live[name]["log"])
        assert number(node["started"]) == pytest.approx(number(live[name]["started"]), abs=5)
        assert number(node["seconds"]) == pytest.approx(number(node["ended"]) - number(node["started"]), abs=0.01)
    assert (nodes["eval"]["attempt"], nodes["eval"]["log"]) == (0, None)
    assert list(half_done.nodes("--nodes", "e*")) == ["eval"]
    plain = half_done.call("graph.toml", "--run", "1")
    assert (plain.returncode, plain.stdout.splitlines()[0].split(",")[0]) == (0, "graph run 1: cancelled")


def test_a_record_that_is_gone_takes_nothing_else_from_the_status(half_done: Calls) -> None:
    path = str(half_done.report()["path"])
    os.rename(f"{path}/graph.toml", f"{path}/away")
    done = half_done.call("graph.toml", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["nodes"], report["node_count"], report["counts"]["RUNNING"]) == (None, 6, 2)
    assert done.stderr.startswith("dagtui: the nodes can't be listed: ")
    assert half_done.call("graph.toml", "--json", "--nodes", "*").returncode == 2


def test_secrets_stay_redacted(calls: Calls) -> None:
    write(calls.folder, '[run]\nsecrets = ["SECRET"]\n[tasks.a]\nrun = ["/no/hunter2hunter2"]\n')
    calls.start()
    assert calls.process is not None
    assert calls.process.wait(60) == 1
    done = calls.call("graph.toml", "--json", "--nodes", "*")
    assert "hunter2" not in done.stdout
    (node,) = json.loads(done.stdout)["nodes"]
    assert (node["status"], "***" in node["why"]) == ("FAILED", True)


def test_parents_by_files_are_told_apart(tmp_path: Path) -> None:
    tasks = '[tasks.a]\nrun = "echo > a"\noutputs = ["a"]\n[tasks.b]\nrun = "echo > b"\noutputs = ["b"]\n'
    write(tmp_path, f'{tasks}[tasks.c]\nneeds = ["b"]\ninputs = ["a", "b"]\nrun = "true"')
    assert call("run", "graph.toml", cwd=tmp_path).returncode == 0
    nodes = json.loads(call("status", "graph.toml", "--json", "--run", "1", cwd=tmp_path).stdout)["nodes"]
    assert {node["node"]: node["needs_by_files"] for node in nodes} == {"a": [], "b": [], "c": ["a"]}
