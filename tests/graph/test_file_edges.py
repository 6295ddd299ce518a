"""A node that reads what another one writes comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graph.sources import edges_of, graph_of, problems_of

from dagtui.graph.definition import changed_parts
from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.files import links
from dagtui.graph.files.paths import DeclaredPaths, PathKind
from dagtui.graph.loading import load_text
from dagtui.runs.redaction import keep_secrets

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

CHAIN = """
[params]
out = "x"
files = ["r*.csv", "s.csv"]
[tasks.fetch]
outputs = ["in.csv"]
[tasks.split]
matrix = { i = [1, 2] }
cwd = "sub"
inputs = ["../in.csv", "split.py", "../params.yaml#train.seed"]
outputs = ["../parts/{{ params.out }}-{{ matrix.i }}.csv"]
[tasks.join]
inputs = ["parts/*.csv", "{{ params.files }}"]
needs = ["split[i=1]"]
outputs = ["site/"]
[tasks.publish]
inputs = ["site/index.html"]
"""


def named(graph: Graph) -> list[tuple[str, str]]:
    """The edges that only files make."""
    edges = graph.file_edges
    return [
        (graph.labels[parent], graph.labels[node])
        for node in graph.nodes
        for parent in graph.parents(node)
        if edges is not None and edges.has(parent, node)
    ]


def test_edges_follow_from_files_folders_and_patterns_cell_by_cell():
    graph = graph_of(CHAIN)
    assert edges_of(graph) == [
        ("fetch", "split[i=1]"),
        ("fetch", "split[i=2]"),
        ("split[i=1]", "join"),
        ("split[i=2]", "join"),
        ("join", "publish"),
    ]
    assert named(graph) == [edge for edge in edges_of(graph) if edge != ("split[i=1]", "join")]


def test_paths_are_filled_in_and_relative_to_the_graph():
    graph = graph_of(CHAIN)
    inputs, outputs = DeclaredPaths(graph).of(graph.node("split[i=2]"))
    assert [(path.path, path.kind, path.key) for path in inputs] == [
        ("in.csv", PathKind.FILE, ""),
        ("sub/split.py", PathKind.FILE, ""),
        ("params.yaml", PathKind.VALUE, "train.seed"),
    ]
    assert [(path.text, path.path) for path in outputs] == [("../parts/x-2.csv", "parts/x-2.csv")]
    inputs, outputs = DeclaredPaths(graph).of(graph.node("join"))
    assert [(path.path, path.kind) for path in (*inputs, *outputs)] == [
        ("parts/*.csv", PathKind.GLOB),
        ("r*.csv", PathKind.FILE),  # a value is taken as it is
        ("s.csv", PathKind.FILE),
        ("site", PathKind.FOLDER),
    ]


def test_a_graph_without_files_has_no_edges_of_them():
    assert graph_of('[tasks.a]\n[tasks.b]\nneeds = ["a"]').file_edges is None


@pytest.mark.parametrize(
    ("output", "read"),
    [
        ("a.csv", "a.csv"),
        ("./d/../a.csv", "a.csv"),
        ("d/a.csv", "d/"),
        ("d/", "d/e/a.csv"),
        ("d/", "d/*.csv"),
        ("d/", "d"),
        ("d/*.csv", "d/a.csv"),
        ("d/*.csv", "d/*.csv"),
        ("d/*/x", "d/"),
        ("d/a.csv", "**/*.csv"),
        ("c.json", "c.json#x.y"),
        ("../out/a", "../out/*"),
        ("[*].csv", "[*].csv"),
    ],
)
def test_an_input_that_another_task_makes_is_an_edge(output: str, read: str):
    graph = graph_of(f'[tasks.b]\ninputs = ["{read}"]\n[tasks.a]\noutputs = ["{output}"]')
    assert named(graph) == [("a", "b")]
    again = load_text(to_toml(graph), "elsewhere/graph.toml")
    assert named(again) == [("a", "b")]
    assert changed_parts(again, graph) == {}


@pytest.mark.parametrize(
    ("output", "read"),
    [("a.csv", "b.csv"), ("d/*.csv", "d/a.txt"), ("d/", "dd/a"), ("d/a", "*"), (".h/a", "**/a"), ("x", "x.json#a")],
)
def test_other_inputs_make_no_edge(output: str, read: str):
    assert graph_of(f'[tasks.a]\noutputs = ["{output}"]\n[tasks.b]\ninputs = ["{read}"]').edge_count == 0


def test_variables_are_filled_in_when_the_file_is_read():
    body = """version = 1
[env]
DATA = "{{ env.HOME }}/data"
[tasks.a]
env = { DIR = "{{ env.DATA }}/{{ matrix.i }}" }
matrix = { i = [1, 2] }
outputs = ["{{ env.DIR }}/a.csv", '{{ env.LACKING or "l" }}/{{ matrix.i }}']
[tasks.b]
inputs = ["/home/me*/data/2/a.csv", "{{ env.HOME }}/x"]
"""
    graph = load_text(body.replace("me*", "me[*]"), "g.toml", {}, {"HOME": "/home/me*"})
    assert named(graph) == [("a[i=2]", "b")]
    again = load_text(to_toml(graph), "g.toml")
    assert named(again) == [("a[i=2]", "b")]
    assert DeclaredPaths(again).of(again.node("a[i=1]")) == DeclaredPaths(graph).of(graph.node("a[i=1]"))
    other = load_text(body.replace("me*", "me[*]"), "g.toml", {}, {"HOME": "/home/you"})
    assert "outputs" in changed_parts(graph, other)[other.node("a[i=1]")]


@pytest.mark.parametrize(
    ("keys", "place", "message", "hint"),
    [
        ('inputs = "a"', '"a"', '"inputs" must be an array, not a string', 'write ["a"]'),
        ("inputs = []", "[]", '"inputs" must not be empty', 'leave it out, or write ["in.csv"]'),
        ("outputs = [1]", "1", 'an element of "outputs" must be a string, not an integer', "quotation marks"),
        ('outputs = [""]', '""', 'an element of "outputs" must not be empty', ""),
        ('outputs = ["a", "a"]', '"a"]', 'an element of "outputs" repeats "a"', "remove it"),
        ('inputs = ["a\\nb"]', '"a\\nb"', 'an element of "inputs" contains characters that can\'t be printed', ""),
        ('inputs = ["a\\u0000"]', '"a\\u0000"', "can't contain the character NUL", ""),
        ('inputs = ["~/a"]', '"~/a"', "begins with ~, which is not expanded", 'write "{{ env.HOME }}/a"'),
        ('outputs = ["a.json#b"]', '"a.json#b"', 'names the value "b" in a file', "only inputs can name a value"),
        ('inputs = ["a.json#b..c"]', 'a.json#b..c"', "names no value after the #", 'write "params.yaml#train.seed"'),
        ('inputs = ["*.json#b"]', '*.json#b"', "values are read from one file", ""),
        ('inputs = ["d/*/"]', 'd/*/"', "is a pattern, which can't end in a slash", 'write "d/*/**"'),
        ('inputs = ["*/../a"]', '*/../a"', "is a pattern with .. inside", ""),
        ('outputs = ["."]', '."', "is the graph's own directory, or one around it", '"out/"'),
        ('outputs = ["x/.."]', 'x/.."', "is the graph's own directory", ""),
        ('inputs = ["../"]', '../"', "is the graph's own directory, or one around it", "name the files"),
        ('outputs = [".dagtui/x"]', '.dagtui/x"', "writes to the directory that keeps the runs", ""),
        ('inputs = [".dagtui"]', '.dagtui"', "reads the directory that keeps the runs", ""),
        ('inputs = [".*"]', '.*"', "matches the directory that keeps the runs", ""),
        (
            'inputs = ["{{ needs.b.status }}"]',
            "{{ needs.b",
            "is not known before the run begins",
            "params, matrix and env",
        ),
        ('inputs = ["{{ params.x }}"]', "{{ params.x", 'there is no parameter "x"', ""),
        ('inputs = ["{{ matrix.x }}"]', "{{ matrix.x", "this task has no matrix", ""),
        ('inputs = ["{{ params.l }}.csv"]', "{{ params.l", "is a part of a text", "an element of its own"),
        (
            'inputs = ["a", "b"]\noutputs = ["b"]',
            'b"]',
            '"a" reads "b", which it writes itself',
            "remove it from inputs",
        ),
        ('inputs = ["d/"]\noutputs = ["d/o"]', 'd/"]', '"a" reads "d/", which it writes itself', ""),
        ("inputs = [\"{{ env.N or 'a' }}\\t\"]", '"', "contains characters that can't be printed", ""),
    ],
)
def test_what_is_wrong_with_paths(keys: str, place: str, message: str, hint: str):
    body = f'[params]\nl = ["a", "b"]\n[tasks.a]\n{keys}\n[tasks.b]\n'
    (problem,) = problems_of(body)
    lines = ("version = 1\n" + body).splitlines()
    assert message in problem.message
    assert hint in problem.hint
    assert lines[problem.line - 1][problem.column - 1 :].lstrip('"').startswith(place.lstrip('"'))


def test_a_value_can_make_a_path_wrong():
    (problem,) = problems_of(
        '[params]\np = ""\n[tasks.a]\nmatrix = { i = ["x", "a\\tb"] }\noutputs = ["{{ matrix.i }}"]'
    )
    assert "contains characters that can't be printed" in problem.message


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("x", "./x", '"a" and "b" both write "x"'),
        ("x/", "x/y", '"a" and "b" write "x/" and "x/y", which overlap'),
        ("x/*", "x/y", '"a" and "b" write "x/*" and "x/y", which overlap'),
        ("x/*", "x/*", '"a" and "b" both write "x/*"'),
        ("x/*", "x/", '"a" and "b" write "x/*" and "x/", which overlap'),
    ],
)
def test_an_output_belongs_to_one_node(one: str, other: str, message: str):
    (problem,) = problems_of(f'[tasks.a]\noutputs = ["{one}"]\n[tasks.b]\noutputs = ["{other}"]')
    assert (problem.message, problem.line) == (message, 5)


def test_cells_with_the_same_output_are_told_what_to_put_into_it():
    (problem,) = problems_of('[tasks.a]\nmatrix = { i = [1, 2, 3] }\noutputs = ["x"]')
    assert problem.message == '"a[i=1]" and "a[i=2]" both write "x"'
    assert "{{ matrix.AXIS }}" in problem.hint


def test_a_cycle_names_the_files_that_join_it():
    (problem,) = problems_of(
        '[tasks.a]\ninputs = ["c"]\noutputs = ["a"]\n[tasks.b]\ninputs = ["a"]\n'
        '[tasks.c]\nneeds = ["b"]\noutputs = ["c"]'
    )
    assert problem.message == "cycle: a → b → c → a"
    assert problem.hint == '"b" reads "a", which "a" writes; "a" reads "c", which "c" writes'
    assert problem.line == 6


def test_a_file_makes_a_parent_for_a_trigger_that_wants_one():
    body = '[tasks.a]\noutputs = ["a"]\n[tasks.b]\ntrigger = "any_success"\ninputs = ["{}"]'
    assert graph_of(body.format("a")).edge_count == 1
    (problem,) = problems_of(body.format("b"))
    assert "can never run" in problem.message


def test_a_large_graph_is_linked_in_few_steps():
    body = "".join(f'[tasks.t{n}]\ninputs = ["d/{n - 1}"]\noutputs = ["d/{n}"]\n' for n in range(2000))
    graph = graph_of(body)
    assert graph.edge_count == len(named(graph)) == 1999


@pytest.mark.parametrize(
    ("output", "read", "other"),
    [
        ("d/{{ env.TOKEN }}.csv", "d/{{ env.TOKEN }}.csv", "e"),
        ("d/{{ env.TOKEN }}.csv", "d/*.csv", "e"),
        ("d/{{ env.TOKEN }}.csv", "e", "d/*.json"),
    ],
)
def test_secrets_in_paths_are_redacted_where_the_edges_stay(output: str, read: str, other: str):
    graph = secret_graph(output, read, other)
    shown = keep_secrets(graph, {"TOKEN": "s3cr3t-s3cr3t"})[0]
    assert "s3cr3t" not in to_toml(shown)
    assert edges_of(load_text(to_toml(shown), "g.toml")) == edges_of(graph)


@pytest.mark.parametrize(
    ("output", "read", "other"),
    [
        ("d/{{ env.TOKEN }}.csv", "e", "d/[*][*][*].csv"),
        ("d/{{ env.TOKEN }}.csv", "d/*-s3*.csv", "e"),
    ],
)
def test_secrets_in_paths_are_refused_where_the_edges_would_change(output: str, read: str, other: str):
    with pytest.raises(GraphError, match="secret"):
        keep_secrets(secret_graph(output, read, other), {"TOKEN": "s3cr3t-s3cr3t"})


def secret_graph(output: str, read: str, other: str) -> Graph:
    body = f"""version = 1
[run]
secrets = ["TOKEN"]
[tasks.a]
outputs = ["{output}"]
[tasks.b]
inputs = ["{read}"]
[tasks.c]
outputs = ["{other}"]
"""
    return load_text(body, "g.toml", {}, {"TOKEN": "s3cr3t-s3cr3t"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            (
                "[tasks.a]\nmatrix = { i = [NUMBERS], j = [NUMBERS] }\noutputs = ['o/{{ matrix.i }}-{{ matrix.j }}']\n"
                "[tasks.b]\nmatrix = { i = [NUMBERS], j = [NUMBERS] }\ninputs = ['o/*']"
            ),
            "inputs and outputs would make more than 5,000 edges",
        ),
        (
            (
                "[params]\nl = [NUMBERS]\n[tasks.a]\nmatrix = { i = [NUMBERS], j = [NUMBERS], k = [NUMBERS] }\n"
                "inputs = ['{{ params.l }}']"
            ),
            "the nodes would read and write more than 6,000 paths",
        ),
    ],
)
def test_too_many_edges_or_paths_are_refused(body: str, message: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(links, "MOST_EDGES", 5000)  # as it is, reaching the bound takes seconds
    monkeypatch.setattr(links, "MOST_PATHS", 6000)
    (problem,) = problems_of(body.replace("NUMBERS", ", ".join(map(str, range(9)))))
    assert problem.message == message
