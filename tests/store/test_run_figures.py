"""What the last runs leave about each node, and what damage, crashes and other runs do to it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.store import run_figures
from dagtui.store.directory import RunDirectory
from dagtui.store.errors import StoreError
from dagtui.store.paths import graph_folder
from dagtui.store.run_figures import KEPT_RUNS, NodeFigures, RunFigures, has_figures, is_full, read_runs, write_run
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DONE = NodeFigures(NodeStatus.COMPLETED, 2, 1, 1.5, Usage(0.5, 3_000_000_000, 0, 4096))
BLOCKED = NodeFigures(NodeStatus.FAILED_PARENT)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    path = tmp_path / "reads.toml"
    RunDirectory.create(path, "").close()
    return path


def figures(number: int, nodes: Mapping[str, NodeFigures]) -> RunFigures:
    return RunFigures.of(number, WallTime(1_000_000 + 60.0 * number), 12.5, "failed", nodes.items())


def files(graph: Path) -> list[Path]:
    return sorted((graph_folder(graph) / run_figures.FOLDER).iterdir())


def test_there_is_nothing_at_first(graph: Path):
    assert read_runs(graph) == []
    assert not has_figures(graph, 1)


def test_what_is_written_is_read(graph: Path):
    write_run(graph, figures(1, {"a": DONE, "b": BLOCKED}))
    (found,) = read_runs(graph)
    assert (found.number, found.active, found.verdict) == (1, 12.5, "failed")
    assert found.node("a") == DONE
    assert found.node("b") == BLOCKED
    assert found.node("c") is None
    assert has_figures(graph, 1)
    assert not has_figures(graph, 11)


@pytest.mark.parametrize("name", ["é\udcff\n", "a\\nb", "a\\\nb", "\\", "a\\\\n", "\0", ""])
def test_any_label_is_found_again(graph: Path, name: str):
    write_run(graph, figures(1, {"x": BLOCKED, name: DONE, "y": BLOCKED}))
    (found,) = read_runs(graph)
    assert found.names.labels == ["x", name, "y"]
    assert found.node(name) == DONE


def test_a_run_without_nodes_is_a_run(graph: Path):
    write_run(graph, figures(1, {}))
    assert [run.names.labels for run in read_runs(graph)] == [[]]


def test_runs_come_oldest_first_and_share_their_names(graph: Path):
    for number in (9, 10, 2):
        write_run(graph, figures(number, {"a": DONE}))
    found = read_runs(graph)
    assert [run.number for run in found] == [2, 9, 10]
    assert len({id(run.names) for run in found}) == 1


def test_a_resumed_run_replaces_what_it_left(graph: Path):
    write_run(graph, figures(1, {"a": BLOCKED}))
    write_run(graph, figures(1, {"a": DONE}))
    assert [run.node("a") for run in read_runs(graph)] == [DONE]


def test_the_oldest_runs_are_forgotten(graph: Path):
    for number in range(1, KEPT_RUNS + 4):
        write_run(graph, figures(number, {"a": DONE}))
    assert [run.number for run in read_runs(graph)] == list(range(4, KEPT_RUNS + 4))
    assert len(files(graph)) == KEPT_RUNS


def test_large_runs_are_forgotten_sooner_but_never_the_newest(graph: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_figures, "_MOST_BYTES", 100)
    for number in (1, 2):
        write_run(graph, figures(number, {"a": DONE}))
    assert [run.number for run in read_runs(graph)] == [2]


def test_it_is_full_when_another_run_would_cost_the_oldest_one(graph: Path, monkeypatch: pytest.MonkeyPatch):
    assert not is_full(graph)
    write_run(graph, figures(1, {"a": DONE}))
    assert not is_full(graph)
    monkeypatch.setattr(run_figures, "_MOST_BYTES", 500)
    assert is_full(graph)
    monkeypatch.undo()
    for number in range(2, KEPT_RUNS + 1):
        assert not is_full(graph)
        write_run(graph, figures(number, {"a": DONE}))
    assert is_full(graph)


@pytest.mark.parametrize("cut", range(0, 400, 13))
def test_each_kind_of_damage_costs_one_run(graph: Path, cut: int):
    """A torn file, and one with a bit turned over, at places all over it."""
    write_run(graph, figures(1, {"a": DONE}))
    write_run(graph, figures(2, {"a": DONE}))
    path = files(graph)[1]
    content = path.read_bytes()
    at = min(cut, len(content) - 1)
    path.write_bytes(content[:at])
    assert [run.number for run in read_runs(graph)] == [1]
    path.write_bytes(content[:at] + bytes([content[at] ^ 128]) + content[at + 1 :])
    assert [run.number for run in read_runs(graph)] == [1]


def test_a_file_of_a_later_program_counts_as_not_there(graph: Path):
    write_run(graph, figures(1, {"a": DONE}))
    (path,) = files(graph)
    path.write_bytes(path.read_bytes().replace(b"figures 1", b"figures 2"))
    assert read_runs(graph) == []


def test_a_planted_link_is_neither_read_nor_followed(graph: Path, tmp_path: Path):
    write_run(graph, figures(1, {"a": DONE}))
    (path,) = files(graph)
    target = tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)
    before = target.read_bytes()
    assert read_runs(graph) == []
    write_run(graph, figures(1, {"a": BLOCKED}))
    assert target.read_bytes() == before
    assert [run.node("a") for run in read_runs(graph)] == [BLOCKED]


def test_a_folder_that_is_a_link_is_refused(graph: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (graph_folder(graph) / run_figures.FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        write_run(graph, figures(1, {"a": DONE}))
    assert read_runs(graph) == []


def test_a_crash_while_writing_leaves_what_was_there(graph: Path):
    write_run(graph, figures(1, {"a": DONE}))
    (graph_folder(graph) / run_figures.FOLDER / ".000001000060-1.figures-abc").write_bytes(b"half")
    os.truncate((graph_folder(graph) / run_figures.FOLDER / ".000001000060-1.figures-abc"), 1)
    assert [run.node("a") for run in read_runs(graph)] == [DONE]


@pytest.mark.parametrize(
    "told", ['"names": 999999999999999', '"names": -1', '"began": "x"', '"began": NaN', '"nodes": -1']
)
def test_a_wrong_head_costs_one_run(graph: Path, told: str):
    write_run(graph, figures(1, {"a": DONE}))
    write_run(graph, figures(2, {"a": DONE}))
    path = files(graph)[1]
    name = told.partition(":")[0].encode()
    path.write_bytes(re.sub(name + b": [^,]*", told.encode(), path.read_bytes(), count=1))
    assert [run.number for run in read_runs(graph)] == [1]
