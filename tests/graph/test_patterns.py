"""What names of nodes mean in a call, and what runs if none is given."""

from __future__ import annotations

import pytest
from graph.sources import graph_of

from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.matrix.selection import ChoiceError, default_nodes, nodes_matching

BODY = """
[tasks."qc/reads"]
group = "data/raw"
[tasks.align]
group = "data"
matrix = { n = [1, 2] }
[tasks.report]
needs = ["align"]
[tasks.clean]
default = false
"""


def named(body: str, words: str) -> list[str]:
    graph = graph_of(body)
    return [graph.labels[node] for node in nodes_matching(graph, words)]


@pytest.mark.parametrize(
    ("words", "nodes"),
    [
        ("report", ["report"]),
        ("align", ["align[n=1]", "align[n=2]"]),
        ("align[n=2]", ["align[n=2]"]),
        ("al*", ["align[n=1]", "align[n=2]"]),
        ("*[n=1]", ["align[n=1]"]),
        ("data/", ["qc/reads", "align[n=1]", "align[n=2]"]),
        ("data/raw", ["qc/reads"]),
        ("qc/*", ["qc/reads"]),
    ],
)
def test_a_name_means_a_task_cells_a_pattern_or_a_group(words: str, nodes: list[str]):
    assert named(BODY, words) == nodes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("reprot", 'there is no node "reprot"; did you mean "report"?'),
        ("dtaa/", 'there is no group "dtaa/"; did you mean "data/"?'),
        ("z*", 'no node matches "z*"; there are qc/reads, align, report, clean'),
    ],
)
def test_an_unknown_name_gets_the_nearest_one(words: str, message: str):
    with pytest.raises(ChoiceError) as caught:
        nodes_matching(graph_of(BODY), words)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("head", "nodes"),
    [
        ("", ["qc/reads", "align[n=1]", "align[n=2]", "report"]),
        ('[run]\ndefault = ["report"]\n', ["report"]),
        ('[run]\ndefault = ["clean", "align[n=1]", "data/raw/"]\n', ["clean", "align[n=1]", "qc/reads"]),
    ],
)
def test_what_runs_by_default(head: str, nodes: list[str]):
    graph = graph_of(head + BODY)
    assert not graph.runs_everything
    found = default_nodes(graph)
    assert [graph.labels[node] for node in found] == nodes
    again = load_text(to_toml(graph), "demo.toml")
    assert default_nodes(again) == found


def test_everything_runs_where_no_task_is_left_out():
    assert graph_of("[tasks.a]\n[tasks.b]\n").runs_everything


def test_a_file_without_a_default_wants_a_name():
    with pytest.raises(ChoiceError, match="nothing runs by default"):
        default_nodes(graph_of("[defaults]\ndefault = false\n[tasks.a]\n[tasks.b]\n"))
