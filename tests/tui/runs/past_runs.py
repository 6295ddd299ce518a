"""Runs of a graph on disk, with times that are always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from dagtui.engine.event_records import fields
from dagtui.engine.events import NodeEvent, RunEvent
from dagtui.engine.status import Cause, NodeStatus
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load
from dagtui.store.directory import RunDirectory
from dagtui.store.journal import JournalWriter

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_796_000_000.0
"""When the runs are looked at: a Sunday in November, 23:33 UTC."""
GRAPH = """version = 1
name = "rnaseq"
[params]
samples = ["SRR6357066", "SRR6357067", "SRR6357068", "SRR6357070", "SRR6357072"]
mode = "MODE"
[tasks.fetch_reference]
run = "fetch"
[tasks.star_index]
needs = ["fetch_reference"]
run = "star --mode {{ params.mode }}"
[tasks.align]
needs = ["star_index"]
matrix = { sample = "{{ params.samples }}" }
run = "align {{ matrix.sample }}"
[tasks.markdup]
needs = ["align"]
matrix = { sample = "{{ params.samples }}" }
run = "markdup {{ matrix.sample }}"
[tasks.merge_counts]
needs = ["markdup"]
run = "merge"
"""


class Past(NamedTuple):
    """One run: how long before now it began, how much slower it was, and what failed in it."""

    ago: float
    slower: float = 1.0
    failed: frozenset[str] = frozenset()
    mode: str = "fast"
    verdict: str = "completed"


RUNS = (
    Past(90_000, failed=frozenset({"align[sample=SRR6357072]"}), verdict="failed"),
    Past(4_000),
    Past(3_000, 1.4, mode="slow"),
    Past(600, 1.1, frozenset({"align[sample=SRR6357072]"}), "slow", "failed"),
    Past(60, mode="slow", verdict=""),
)


def record(path: Path, past: Past) -> None:
    """Record a run. Without a verdict, it broke off after its first node."""
    path.write_text(GRAPH.replace("MODE", past.mode))
    graph = load(path, {})
    directory = RunDirectory.create(path, to_toml(graph))
    events: list[NodeEvent | RunEvent] = [RunEvent(0.0, "started", jobs=4)]
    failed = {graph.find(name) for name in past.failed}
    blocked = [
        any(graph.labels[node].startswith(word) for word in ("markdup", "merge")) and failed for node in graph.nodes
    ]
    for node in graph.nodes[: None if past.verdict else 2]:
        if blocked[node]:
            events.append(NodeEvent(9.0, node, 0, NodeStatus.FAILED_PARENT, blocker=next(iter(failed))))
            continue
        seconds = past.slower * (1.0 + node)
        events.append(NodeEvent(float(node), node, 1, NodeStatus.RUNNING))
        is_bad = node in failed
        status, cause = (NodeStatus.FAILED, Cause.EXIT) if is_bad else (NodeStatus.COMPLETED, Cause.RAN)
        why, value = ("exit 105", 105) if is_bad else ("succeeded", 0)
        if past.verdict or node == 0:
            events.append(NodeEvent(node + seconds, node, 1 + is_bad, status, cause, why, value, seconds))
    if past.verdict:
        events.append(RunEvent(40.0 * past.slower, "ended", why=past.verdict, verdict=past.verdict))
    with patch("dagtui.store.journal.time.time", return_value=NOW - past.ago):  # its first line has the time
        journal = JournalWriter(directory.journal_path)
    journal.write([(NOW - past.ago + event.at, fields(event, graph)) for event in events])
    journal.close()
    directory.close()


def record_all(folder: Path) -> Path:
    """Record all of them. Return the graph's file."""
    path = folder / "genome.toml"
    for past in RUNS:
        record(path, past)
    return path
