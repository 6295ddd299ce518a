"""`dagtui reload`: a live run takes up its graph file, from another terminal."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from cli.test_control import live
from support.program import DAGTUI

if TYPE_CHECKING:
    from cli.test_control import Live

__all__ = ["live"]

GRAPH = """version = 1
[tasks.first]
run = "true"
[tasks.long]
run = "until test -e go; do sleep 0.02; done"
[tasks.last]
needs = ["first", "long"]
run = "false"
"""


def test_a_reload_is_shown_and_taken_up(live: Live) -> None:
    graph = live(GRAPH)
    graph.wait_for(first="COMPLETED", long="RUNNING")
    nothing = graph.call("reload")
    assert (nothing.returncode, nothing.stderr) == (1, "the file says what the run has: nothing to reload\n")
    changed = GRAPH.replace('[tasks.first]\nrun = "true"', '[tasks.new]\nrun = "true"\n[tasks.first]\nrun = "true 2"')
    graph.path.write_text(changed.replace('run = "false"', 'run = "true"\ntimeout = "1h"'), encoding="utf-8")
    shown = graph.call("reload", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[:-1] == [
        "dry run          reload: 2 nodes changed, 1 becomes stale, 1 added, settings of 1 task changed",
        "changes          first (run), is done: becomes stale",
        "changes          last (run), takes the new definition",
        "settings         last: timeout",
        "becomes stale    first",
        "joins            new",
    ]
    token = lines[-1].split()[-1]
    assert graph.call("reload", "--expect", "other").returncode == 1
    done = graph.call("reload", "--expect", token, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["redefined"]["nodes"] == [
        {"node": "first", "parts": ["run"], "status": "COMPLETED"},
        {"node": "last", "parts": ["run"], "status": "WAITING"},
    ]
    graph.wait_for(new="COMPLETED")
    status = json.loads(graph.call("status", "--json").stdout)
    assert (len(status["nodes"]), status["stale"], status["removed"]) == (4, 1, [])
    graph.path.write_text(GRAPH.replace("[tasks.long]", "[tasks.lung]\nretries = -1"), encoding="utf-8")
    bad = graph.call("reload")
    assert bad.returncode == 2
    assert "graph.toml:5" in bad.stderr
    assert bad.stderr.endswith("dagtui reload: the run keeps the graph that it has\n")
    (graph.path.parent / "go").touch()
    assert graph.processes[0].wait(30) == 0


def test_a_removed_node_is_said_to_be_removed_until_it_has_ended(live: Live) -> None:
    graph = live(GRAPH)
    graph.wait_for(first="COMPLETED", long="RUNNING")
    graph.path.write_text('version = 1\n[tasks.first]\nrun = "true"\n', encoding="utf-8")
    assert graph.call("reload").stdout == "reloaded: 1 removed, 1 removed while running, which ends first\n"
    status = json.loads(graph.call("status", "--json").stdout)
    assert (status["removed"], [node["node"] for node in status["active"]]) == (["long"], ["long"])
    refused = graph.call("rerun", "long")
    assert (refused.returncode, "the file no longer has it" in refused.stderr) == (1, True)
    assert graph.call("cancel", "long").returncode == 0
    assert graph.processes[0].wait(30) == 0


def test_who_waits_for_a_node_goes_on_waiting(live: Live) -> None:
    graph = live(GRAPH)
    graph.wait_for(first="COMPLETED", long="RUNNING")
    words = [*DAGTUI, "wait", str(graph.path), "long", "--json"]
    with subprocess.Popen(words, env=graph.environment, stdout=subprocess.PIPE) as waiting:
        assert waiting.stdout is not None
        graph.path.write_text(GRAPH.replace("version = 1", 'version = 1\n[tasks.new]\nrun = "true"'), encoding="utf-8")
        assert graph.call("reload").returncode == 0
        (graph.path.parent / "go").touch()
        assert json.loads(waiting.stdout.read())["outcome"] == "completed"
        assert waiting.wait(30) == 0
    assert graph.processes[0].wait(30) == 1
