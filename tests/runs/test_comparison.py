"""Runs against each other: what became of each task, what is usual, and what differs between two of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.program import call, write

from dagtui.engine.status import NodeStatus
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_recorded, load_text
from dagtui.runs.comparison import ChangedParameter, ChangedTask, compare_runs
from dagtui.runs.previous_run import recorded_tasks
from dagtui.runs.run_grid import Grid, GridOrder, against, usual_seconds
from dagtui.store.directory import RunDirectory, runs
from dagtui.store.run_index import NodeOutcome, RunTasks, TaskOutcome, read_summary

OK, FAILED, BLOCKED = NodeStatus.COMPLETED, NodeStatus.FAILED, NodeStatus.FAILED_PARENT


def ran(**tasks: tuple[dict[str, int], int, float]) -> RunTasks:
    return RunTasks({name: TaskOutcome.of(*told) for name, told in tasks.items()}, {})


def done(seconds: float, nodes: int = 1) -> tuple[dict[str, int], int, float]:
    return {"COMPLETED": nodes}, nodes, seconds


def test_what_fails_most_comes_first_or_tasks_are_as_in_the_file():
    first = ran(a=done(1.0), b=({"FAILED": 1, "COMPLETED": 2}, 4, 3.0), c=({"FAILED_PARENT": 1}, 0, 0.0))
    first = first._replace(nodes={"b[n=2]": NodeOutcome("FAILED", 2, 1.5)})
    second = ran(a=done(1.2), b=done(2.0, 3), c=done(4.0), d=done(0.5))
    third = ran(a=done(1.4), b=done(2.0, 3), c=({"FAILED": 1}, 1, 0.1))
    third = third._replace(nodes={"c": NodeOutcome("FAILED", 1, 0.1)})
    rows = Grid([first, second, third], GridOrder.FAILURES)
    assert [row.name for row in rows] == ["c", "b", "b[n=2]", "a", "d"]
    assert rows[0].statuses == (BLOCKED, OK, FAILED)
    assert rows[1].statuses == (FAILED, OK, OK)
    assert rows[2].statuses == (FAILED, OK, OK)
    assert rows[2].attempts == (2, 1, 1)
    assert rows[4].statuses == (None, OK, None)
    assert rows[1].nodes == 3
    assert rows[3].usual(2) == pytest.approx(1.1)
    assert rows[0].usual(1) is None
    filed = Grid([first, second, third], GridOrder.FILE, ["d", "c", "gone"])
    assert [row.name for row in filed] == ["d", "c", "a", "b", "b[n=2]"]


def test_short_and_equal_times_are_not_compared():
    assert against(0.05, 0.01) is None
    assert against(None, 1.0) is None
    assert against(1.0, 0.0) is None
    assert against(1.03, 1.0) == 0.0
    assert against(1.5, 1.0) == pytest.approx(0.5)
    assert against(0.5, 1.0) == pytest.approx(-0.5)


BEFORE = """
[params]
size = "s"
gone = 1
[tasks.a]
run = "echo {{ params.size }}"
[tasks.b]
matrix = { n = [1, 2] }
needs = ["a"]
run = "test {{ matrix.n }} = 1"
[tasks.old]
run = "true"
"""
AFTER = """
[params]
size = "l"
[tasks.new]
run = "true"
[tasks.a]
run = "echo {{ params.size }}"
[tasks.b]
matrix = { n = [1, 2, 3] }
needs = ["a"]
cwd = "."
env = { X = "1" }
run = "true"
"""


def ran_twice(folder: Path, before: str, after: str) -> list[RunDirectory]:
    for text in (before, after):
        write(folder, text)
        call("run", "graph.toml", "--fresh", cwd=folder)
    return runs(folder / "graph.toml")


def test_two_runs_differ_in_definitions_parameters_cells_and_outcomes(tmp_path: Path):
    old, new = ran_twice(tmp_path, BEFORE, AFTER)
    found = compare_runs(old, new)
    assert found.definitions == [ChangedTask("a", ("params.size",)), ChangedTask("b", ("run", "env.X"))]
    assert (found.added, found.gone) == (["new"], ("old",))
    assert [(name, change.new, change.gone) for name, change in found.cells] == [("b", 1, 0)]
    assert found.parameters == [ChangedParameter("size", "s", "l"), ChangedParameter("gone", "1", None)]
    assert [pair.name for pair in found.tasks] == ["new", "a", "b", "old"]
    assert [pair.statuses for pair in found.tasks] == [(None, OK), (OK, OK), (FAILED, OK), (OK, None)]
    assert [(node.name, node.old, node.new) for node in found.nodes] == [("b[n=2]", FAILED, OK)]
    assert (found.old.outcome.value, found.new.outcome.value) == ("failed", "completed")
    assert not found.is_same_graph
    assert found.old.failure == ("b[n=2]", "exit 1")
    assert usual_seconds([read_summary(old), read_summary(new)], 1) == found.new.seconds
    assert usual_seconds([read_summary(old), read_summary(new)], 2) is None


def test_runs_of_the_same_file_differ_in_nothing_but_what_became_of_them(tmp_path: Path):
    old, new = ran_twice(tmp_path, AFTER, AFTER)
    found = compare_runs(old, new)
    assert found.is_same_graph
    assert [pair.name for pair in found.tasks] == ["new", "a", "b"]
    (new.path / "graph.toml").write_text("[tasks.a]\nrun = 7\n")
    found = compare_runs(old, new)
    assert "graph of run 2 can't be read" in found.problem
    assert sorted(pair.name for pair in found.tasks) == ["a", "b", "new"]
    (new.path / "graph.toml").unlink()
    assert compare_runs(old, new).problem


@pytest.mark.parametrize("name", ["plain", "with.dot", 'quo"te', "back\\\\slash", "ü b", "[x]", "tasks.x]"])
def test_tasks_of_a_recorded_graph_are_found_by_their_headings(name: str):
    written = name.replace('"', '\\"')
    text = f'version = 1\n[tasks."{written}"]\nrun = "true"\nenv = {{ A = "[tasks.no]" }}\n'
    text += '[tasks.z]\nrun = """a\n[tasks.y]\n"""\n'
    graph = load_text(text.encode(), "graph")
    content = to_toml(graph).encode()
    assert recorded_tasks(content) == [task.name for task in load_recorded(Path("graph.toml"), content).tasks]
