"""`dagtui check`: what it says of a graph that is well, and of one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.program import call, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[tasks.a]\n", "graph.toml: OK (1 task, 1 node, 0 edges)\n"),
        ('[tasks.a]\n[tasks.b]\nneeds = ["a"]\n', "graph.toml: OK (2 tasks, 2 nodes, 1 edge)\n"),
        (
            '[tasks.a]\nmatrix = { x = [1, 2] }\n[tasks.b]\nneeds = ["a"]\n',
            "graph.toml: OK (2 tasks, 3 nodes, 2 edges)\n",
        ),
    ],
)
def test_a_graph_that_is_well(tmp_path: Path, body: str, said: str):
    write(tmp_path, body)
    done = call("check", "graph.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
