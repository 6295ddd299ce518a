"""A graph written as TOML loads again to the same graph."""

from __future__ import annotations

from dataclasses import replace

import tomli_w
from graph.model_strategies import documents
from graph.sources import edges_of, graph_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.model import Graph


def assert_same(one: Graph, other: Graph) -> None:
    """Everything but the place of the file and the lines in it."""
    assert other.labels == one.labels
    assert edges_of(other) == edges_of(one)
    assert (other.name, other.params, other.settings) == (one.name, one.params, one.settings)
    assert [replace(task, line=0) for task in other.tasks] == [replace(task, line=0) for task in one.tasks]
    assert list(other.task_of) == list(one.task_of)
    assert [other.cell(node) for node in range(len(other))] == [one.cell(node) for node in range(len(one))]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_files(document: dict[str, object]):
    graph = load_text(tomli_w.dumps(document), "demo.toml")
    assert_same(graph, load_text(to_toml(graph), "other.toml"))


def test_a_file_with_everything():
    graph = graph_of(
        """
name = "all"
params = { n = 1, s = "x", f = 0.5, b = true }
env = { A = "{{ params.n }}" }
run = { jobs = 4, keep_going = false }
defaults = { retries = 2, retry_delay = "3h", timeout = "5m", shell = ["bash", "-c"] }
[tasks."dots.and spaces"]
run = "echo {{ params.s }} # {{ anything.but }}"
[tasks.train]
matrix = { seed = [1, 2], model = ["s", "l"], flag = [true], exclude = [{ seed = 2, model = "l" }, { model = "x" }] }
needs = ["dots.and spaces"]
run = ["a", "{{ matrix.seed }}", "{{{{"]
[tasks.eval]
needs = ["train[seed={{ matrix.seed }}]", "train[model=l]"]
matrix.seed = [1, 2]
call = "a:b"
args = { x = ["{{ needs.train[seed=1,model=l,flag=true].status }}"] }
""".replace(', { model = "x" }', "")
    )
    again = load_text(to_toml(graph), "other.toml")
    assert_same(graph, again)
    assert to_toml(again) == to_toml(graph)


def test_parameters_stay_as_they_were_given():
    graph = load_text("version = 1\nparams = { n = 1 }\n[tasks.a]", "demo.toml", {"n": "7"})
    assert load_text(to_toml(graph), "demo.toml").params == {"n": 7}


LABELS = st.lists(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8), min_size=1, unique=True
).filter(lambda labels: all(label.isprintable() for label in labels))


@given(LABELS, st.data())
def test_graphs_made_in_python(labels: list[str], data: st.DataObject):
    pairs = st.tuples(st.sampled_from(labels), st.sampled_from(labels)).map(
        lambda pair: tuple(sorted(pair, key=labels.index))
    )
    edges = data.draw(st.lists(pairs.filter(lambda pair: pair[0] != pair[1]), unique=True))
    graph = Graph.from_edges(labels, edges, name="made here")
    again = load_text(to_toml(graph), "demo.toml")
    assert (again.name, again.labels) == (graph.name, graph.labels)
    assert edges_of(again) == edges_of(graph)


def test_graphs_made_in_python_with_several_nodes_of_a_task():
    graph = Graph(["a1", "a2"], [(0, 1)], tasks=Graph.from_edges("a", []).tasks, task_of=[0, 0])
    again = load_text(to_toml(graph), "demo.toml")
    assert (again.labels, edges_of(again)) == (["a1", "a2"], [("a1", "a2")])
