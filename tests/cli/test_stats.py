"""`dagtui stats`: what nodes took in the last runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.program import call, on_a_terminal, write

from dagtui.engine.messages import Usage
from dagtui.engine.status import NodeStatus
from dagtui.store.directory import RunDirectory
from dagtui.store.run_figures import FOLDER, NodeFigures, RunFigures, write_run
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
[tasks.steady]
run = "true"
[tasks.a_task_whose_name_is_so_long_that_a_terminal_has_no_room_for_it]
run = "true"
[tasks.flaky]
run = "true"
[tasks.new]
run = "true"
"""
SLOWER = "a_task_whose_name_is_so_long_that_a_terminal_has_no_room_for_it"


def runs_of(folder: Path) -> Path:
    path = write(folder, GRAPH)
    RunDirectory.create(path, "").close()
    for number in range(1, 13):
        broken = NodeFigures(NodeStatus.FAILED, 1, 1, 0.01)
        used = Usage(1.5, 250_000_000, 0, 0)
        nodes = {
            "steady": NodeFigures(NodeStatus.COMPLETED, 1, 0, 3.0, used),
            SLOWER: NodeFigures(NodeStatus.COMPLETED, 1, 0, 2.0 if number < 9 else 3.0),
            "flaky": broken if number % 3 == 0 else NodeFigures(NodeStatus.COMPLETED, 1, 0, 0.01),
            "gone": NodeFigures(NodeStatus.COMPLETED, 1, 0, 3.0),
        }
        write_run(path, RunFigures.of(number, WallTime(1000 * number), 3.0, "completed", nodes.items()))
    return path


def test_the_table_has_flaky_nodes_first(tmp_path: Path):
    runs_of(tmp_path)
    done = call("stats", "graph.toml", cwd=tmp_path)
    assert done.returncode == 0
    head, flaky, slower, steady, foot = done.stdout.splitlines()
    assert head.split() == ["node", "runs", "done", "usual", "slowest", "cpu", "memory"]
    assert flaky.split(maxsplit=3)[:3] == ["flaky", "12", "66"]
    assert flaky.endswith("flaky: 4 of 10")
    assert slower.startswith("a_task_whose_")
    assert slower.endswith("slower by 50 % since run 9")
    assert steady.split() == ["steady", "12", "100", "%", "3.0", "s", "±", "0.0", "3.0", "s", "50", "%", "250", "MB"]
    assert foot == "3 nodes, runs 1 to 12; ±: how far off 4 of 5 successes are at most"


def test_the_table_fits_into_a_terminal(tmp_path: Path):
    runs_of(tmp_path)
    lines = on_a_terminal("stats", "graph.toml", cwd=tmp_path).decode().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("slower by 50 % since run 9" in line for line in lines)


def test_json_of_some_nodes(tmp_path: Path):
    runs_of(tmp_path)
    done = call("stats", "graph.toml", SLOWER, "new", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert told["runs"] == list(range(1, 13))
    (node,) = told["nodes"]
    assert (node["node"], node["usual"], node["runs"], node["rate"]) == (SLOWER, 3.0, 12, 1.0)
    assert node["change"] == {"since": 9, "share": 0.5}
    assert node["flaky"] is None
    assert node["last"][0] == {
        "run": 1,
        "status": "COMPLETED",
        "failures": 0,
        "seconds": 2.0,
        "cpu": None,
        "memory": None,
    }


def test_runs_that_left_no_figures_are_taken_over_from_their_journals(tmp_path: Path):
    path = write(tmp_path, GRAPH)
    call("run", "graph.toml", cwd=tmp_path)
    call("run", "graph.toml", cwd=tmp_path)
    (folder,) = path.parent.glob(f".dagtui/*/{FOLDER}")
    for file in list(folder.iterdir())[:1]:
        file.unlink()
    told = json.loads(call("stats", "graph.toml", "steady", "--json", cwd=tmp_path).stdout)
    assert told["runs"] == [1, 2]
    assert len(list(folder.iterdir())) == 2


def test_without_any_run_it_says_so(tmp_path: Path):
    write(tmp_path, GRAPH)
    done = call("stats", "graph.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no node was executed in the last runs of graph.toml" in done.stderr


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path):
    path = runs_of(tmp_path)
    (folder,) = path.parent.glob(f".dagtui/*/{FOLDER}")
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    for words in ((), ("--json",)):
        done = call("stats", "graph.toml", *words, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"can't use {folder}: it is a symbolic link; move it away" in done.stderr
