"""Which nodes have another definition than before, and in which part."""

from __future__ import annotations

import pytest
import tomli_w
from graph.model_strategies import documents
from graph.sources import graph_of
from hypothesis import HealthCheck, given, settings

from dagtui.graph.definition import changed_parts, with_descendants
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.model import Graph

BEFORE = """
params = { n = 2, m = 1, name = "x y" }
env = { A = "1" }
[tasks.a]
run = "echo {{ params.n }} {{ params.name }}"
[tasks.b]
needs = ["a"]
run = ["echo", "{{ params.m }}"]
cwd = "sub"
[tasks.c]
needs = ["a", "b"]
call = "mod:function"
args = { text = "{{ params.n }}", deep = [1, { x = "{{ params.m }}" }] }
[tasks.d]
matrix = { s = [1, 2], model = ["s"] }
needs = ["a"]
run = "train {{ matrix.s }} {{ env.A }}"
shell = ["bash", "-c"]
[tasks.e]
needs = ["d[s={{ matrix.s }}]"]
matrix = { s = [1, 2] }
run = "eval"
"""
NODES = ["a", "b", "c", "d[s=1,model=s]", "d[s=2,model=s]", "e[s=1]", "e[s=2]"]


def changes(old: Graph, new: Graph) -> dict[str, str]:
    return {new.labels[node]: " ".join(parts) for node, parts in changed_parts(old, new).items()}


@pytest.mark.parametrize(
    ("replaced", "by", "expected"),
    [
        ("echo {{ params.n }}", "printf {{ params.n }}", {"a": "run"}),
        ('["echo", "{{ params.m }}"]', '["echo", "{{ params.m }}", ""]', {"b": "run"}),
        ('["echo", "{{ params.m }}"]', '["echo", "a {{ params.m }}"]', {"b": "run"}),
        ('["echo", "{{ params.m }}"]', '"echo {{ params.m }}"', {"b": "run"}),
        ("n = 2", "n = 3", {"a": "params.n", "c": "params.n"}),
        ("m = 1", "m = 3", {"b": "params.m", "c": "params.m"}),
        ('cwd = "sub"', 'cwd = "sub2"', {"b": "cwd"}),
        ("mod:function", "mod:other", {"c": "call"}),
        ('text = "{{ params.n }}"', 'text = "{{ params.n }}!"', {"c": "args.text"}),
        ('call = "mod:function"\nargs', 'run = "x"\n#', {"c": "call args.text args.deep run"}),
        ("train {{ matrix.s }}", "train {{ matrix.model }}", dict.fromkeys(NODES[3:5], "run")),
        ('shell = ["bash", "-c"]', 'shell = ["bash", "-ec"]', dict.fromkeys(NODES[3:5], "shell")),
        ('A = "1"', 'A = "2"', dict.fromkeys(NODES, "env.A")),
        ('A = "1"', 'A = "1", B = "{{ params.m }}"', dict.fromkeys(NODES, "env.B")),
        ('needs = ["a", "b"]', 'needs = ["b"]', {"c": "needs"}),
        ("d[s={{ matrix.s }}]", "d[s=2]", {"e[s=1]": "needs"}),
        ("s = [1, 2], model", "s = [1, 2, 3], model", {"d[s=3,model=s]": "new"}),
        ('cwd = "sub"', 'cwd = "sub"\ncolour = true', {"b": "colour"}),
        ('cwd = "sub"', 'cwd = "sub"\ntty = true', {"b": "tty"}),
        ('cwd = "sub"', 'cwd = "sub"\nwrap = ["nice"]', {"b": "wrap"}),
        ("[tasks.e]", '[tasks.new]\nrun = "x"\n[tasks.e]', {"new": "new"}),
        ('needs = ["a"]\nrun = ["echo"', 'run = ["printf"', {"b": "run needs"}),
    ],
)
def test_what_changed_is_named(replaced: str, by: str, expected: dict[str, str]):
    text = BEFORE.replace(replaced, by)
    assert text != BEFORE
    assert changes(graph_of(BEFORE), graph_of(text)) == expected


@pytest.mark.parametrize(
    ("replaced", "by"),
    [
        ("echo {{ params.n }} {{ params.name }}", "echo {{params.n}} {{ params.name }}"),
        ("echo {{ params.n }} {{ params.name }}", "echo 2 'x y'"),
        ('["echo", "{{ params.m }}"]', '["echo", "1"]'),
        ('cwd = "sub"', 'cwd = "./other/../sub/"'),
        ('needs = ["a", "b"]', 'needs = ["b", "a"]'),
        ('needs = ["a", "b"]', 'needs = ["a", "b"]\nretries = 3\ntimeout = 9\ngrace = 1\ntrigger = "all_done"'),
        ('needs = ["a", "b"]', 'needs = ["a", "b"]\nallow_failure = true\ngroup = "g"\ndoc = "d"\nslots = 2'),
        ("m = 1", "m = 1, unused = 7"),
        ("params = ", 'name = "other"\nrun = { jobs = 3, keep_going = false }\nparams = '),
    ],
)
def test_what_means_the_same_is_no_change(replaced: str, by: str):
    text = BEFORE.replace(replaced, by)
    assert text != BEFORE
    assert changes(graph_of(BEFORE), graph_of(text)) == {}


def test_the_order_of_the_file_is_no_change():
    before = graph_of('[tasks.a]\nrun = "x"\n[tasks.b]\nneeds = ["a"]\n[tasks.c]\nneeds = ["b", "a"]')
    after = graph_of('[tasks.c]\nneeds = ["a", "b"]\n[tasks.b]\nneeds = ["a"]\n[tasks.a]\nrun = "x"')
    assert changes(before, after) == {}


def test_a_parent_that_is_gone_changes_its_children():
    before = graph_of('[tasks.a]\nrun = "x"\n[tasks.b]\nneeds = ["a"]')
    assert changes(before, graph_of('[tasks.z]\nrun = "x"\n[tasks.b]\nneeds = ["z"]')) == {"z": "new", "b": "needs"}
    assert changes(before, graph_of("[tasks.b]")) == {"b": "needs"}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_a_graph_that_was_written_and_read_again_is_the_same(document: dict[str, object]):
    graph = load_text(tomli_w.dumps(document), "demo.toml")
    assert changes(load_text(to_toml(graph), "other/graph.toml"), graph) == {}


def test_descendants_know_what_changed_above_them():
    graph = Graph.from_edges("abcdx", [("a", "b"), ("b", "c"), ("c", "d"), ("x", "d")])
    assert with_descendants(graph, {1: ("run",)}) == {1: 1, 2: 1, 3: 1}


def test_long_chains_are_compared_without_recursion():
    labels = [f"n{node}" for node in range(50_000)]
    chain = Graph(labels, [(node, node + 1) for node in range(len(labels) - 1)])
    shifted = Graph(["x", *labels], [(node, node + 1) for node in range(len(labels))])
    assert changes(chain, shifted) == {"x": "new", "n0": "needs"}
    assert len(with_descendants(shifted, {0: ("new",)})) == len(labels) + 1


def test_another_output_or_default_is_another_definition():
    text = "[tasks.a]\n[tasks.b]\nneeds = ['a']\nrun = 'echo {{ needs.a.outputs.rows or 1 }} {{ env.HOME or 2 }}'\n"
    old = graph_of(text)
    assert changes(old, graph_of(text)) == {}
    for before, after in (
        ("rows", "columns"),
        ("or 1", "or 3"),
        (" or 1", ""),
        ("or 2", "or 3"),
        (".outputs.rows or 1", ".status"),
    ):
        assert changes(old, graph_of(text.replace(before, after))) == {"b": "run"}
