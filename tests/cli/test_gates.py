"""Gates of real runs: answered from another terminal, over a crash and a resume, and by nobody."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING

from cli.test_control import live
from support.waiting import wait_for

if TYPE_CHECKING:
    from cli.test_control import Live, LiveGraph

__all__ = ["live"]

GRAPH = """
version = 1
[params]
auc = 0.93
[tasks.score]
run = "echo scored"
[tasks.approve]
needs = ["score"]
ask = "Publish {{ params.auc }} ({{ needs.score.status }})?"
choices = ["publish", "drop it"]
[tasks.publish]
needs = ["approve"]
run = "true"
[tasks.legal]
ask = '''
Has legal agreed?
(Ask Ada.)'''
"""


def asking(graph: LiveGraph) -> set[str]:
    asks = {str(e["node"]): e.get("cause") == "asks" for e in graph.events() if e["event"] == "node"}
    return {node for node, now in asks.items() if now}


def status(graph: LiveGraph) -> dict[str, object]:
    return json.loads(graph.call("status", "--json").stdout)


def test_it_is_answered_once_from_another_terminal(live: Live) -> None:
    graph = live(GRAPH)
    wait_for(lambda: asking(graph) == {"approve", "legal"}, "both ask")
    found = status(graph)
    assert [(gate["node"], gate["question"], gate["choices"]) for gate in found["asks"]] == [
        ("approve", "Publish 0.93 (completed)?", ["publish", "drop it"]),
        ("legal", "Has legal agreed?\n(Ask Ada.)", ["approve", "reject"]),
    ]
    assert (found["slots_taken"], found["verdict"], found["settled"]) == (0, "running", False)
    assert found["asking"] == 2
    assert ", 2 gates ask, no screen\n" in graph.call("status", graph=False).stdout
    heading, line = graph.call("ps", graph=False).stdout.splitlines()
    assert heading.split()[2:4] == ["STATE", "ASKS"]
    assert line.split()[2:5] == ["asks", "2", "gates"]
    listed = graph.call("answer")
    said = r"approve: Publish 0\.93 \(completed\)\?\n  to be answered with publish, drop it; has waited for [\d.]+ s\n"
    said += (
        r"legal: Has legal agreed\?\n  \(Ask Ada\.\)\n  to be answered with approve, reject; has waited for [\d.]+ s\n"
    )
    assert re.fullmatch(said, listed.stdout)
    assert graph.call("answer", "approve").returncode == 2
    wrong = graph.call("answer", "approve", "drop")
    assert (wrong.returncode, wrong.stderr) == (1, "approve: not a choice: drop; the choices are publish, drop it\n")
    tried = graph.call("answer", "approve", "drop it", "--dry-run")
    assert "may start        publish" in tried.stdout
    done = graph.call("answer", "approve", "drop it")
    assert (done.returncode, done.stdout) == (0, "answer drop it to approve: answered\n"), done.stderr
    again = graph.call("answer", "approve", "publish")
    assert again.returncode == 1
    assert again.stderr.startswith("approve: it is answered already: drop it, by ")
    graph.wait_for(publish="COMPLETED")
    assert ", legal asks, no screen\n" in graph.call("status", graph=False).stdout
    assert graph.call("answer", "legal", "reject").returncode == 0
    assert graph.processes[-1].wait(30) == 1
    out = graph.path.with_suffix(".out").read_text()
    assert "approve  asks: Publish 0.93 (completed)? [publish, drop it]; to answer: dagtui answer " in out
    assert "legal  failed: rejected by " in out


def test_it_asks_again_after_a_crash_and_what_was_answered_stays(live: Live) -> None:
    graph = live(GRAPH)
    wait_for(lambda: asking(graph) == {"approve", "legal"}, "both ask")
    assert graph.call("answer", "approve", "publish").returncode == 0
    graph.wait_for(publish="COMPLETED")
    os.kill(graph.processes[-1].pid, signal.SIGKILL)
    graph.processes[-1].wait(30)
    graph.start("--resume")
    wait_for(lambda: graph.call("answer").returncode == 0, "it asks again")
    assert [gate["node"] for gate in status(graph)["asks"]] == ["legal"]
    told = graph.call("answer", "approve", "drop it")
    assert "answered already: publish" in told.stderr
    assert graph.call("answer", "legal", "approve").returncode == 0
    assert graph.processes[-1].wait(30) == 0
    assert sum(event.get("node") == "publish" and event["status"] == "RUNNING" for event in graph.events()) == 1


def test_nobody_answers_and_it_waits_until_it_is_told_to_end(live: Live) -> None:
    graph = live(GRAPH)
    wait_for(lambda: asking(graph) == {"approve", "legal"}, "both ask")
    assert not graph.has_ended()
    graph.processes[-1].send_signal(signal.SIGINT)
    assert graph.processes[-1].wait(30) == 130
    assert graph.statuses()["approve"] == "CANCELLED"
