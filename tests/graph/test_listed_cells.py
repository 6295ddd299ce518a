"""Matrices whose cells are listed: entries of `include`, as in GitHub Actions, and rows of a sheet."""

from __future__ import annotations

from itertools import product

import pytest
import tomli_w
from graph.sources import edges_of, graph_of, problems_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.matrix import listed_cells
from dagtui.graph.matrix.selection import ChoiceError, nodes_meant
from dagtui.graph.model import ShellCommand
from dagtui.graph.redacted import redacted
from dagtui.graph.resolution import Resolver
from dagtui.graph.secrets import find_secrets

ACTIONS_EXAMPLE = """
[tasks.a.matrix]
fruit = ["apple", "pear"]
animal = ["cat", "dog"]
include = [
  { color = "green" },
  { color = "pink", animal = "cat" },
  { fruit = "apple", shape = "circle" },
  { fruit = "banana" },
  { fruit = "banana", animal = "cat" },
]
"""


def test_the_example_in_the_documentation_of_github_actions():
    assert graph_of(ACTIONS_EXAMPLE).labels == [
        "a[fruit=apple,animal=cat,color=pink,shape=circle]",
        "a[fruit=apple,animal=dog,color=green,shape=circle]",
        "a[fruit=pear,animal=cat,color=pink]",
        "a[fruit=pear,animal=dog,color=green]",
        "a[fruit=banana]",
        "a[fruit=banana,animal=cat]",
    ]


def labels_of(matrix: str) -> list[str]:
    return graph_of(f"[tasks.a]\nmatrix = {{ {matrix} }}").labels


@pytest.mark.parametrize(
    ("matrix", "cells"),
    [
        ('include = [{ in = "a", out = "b" }, { in = "c", out = "d" }]', ["in=a,out=b", "in=c,out=d"]),
        ("include = [{ x = 1 }, { y = 2 }, { x = 1, y = 2 }]", ["x=1", "y=2", "x=1,y=2"]),
        ("include = [{ x = 1 }, { x = 2, y = 2 }], exclude = [{ y = 2 }]", ["x=1"]),
        ("x = [1, 2], exclude = [{ x = 2 }], include = [{ x = 2, y = 3 }]", ["x=1", "x=2,y=3"]),
        ("x = [1, 2], include = [{ x = 1.0, y = 3 }, { x = 1 }]", ["x=1,y=3", "x=2"]),
        ("from = [{ s = 'a', f = 'p' }, { s = 'b' }], x = [1, 2]",
         ["s=a,f=p,x=1", "s=a,f=p,x=2", "s=b,x=1", "s=b,x=2"]),
        ("from = [{ s = 'a' }, { s = 'b' }], x = [1, 2], exclude = [{ s = 'a', x = 2 }, { x = 1, s = 'b' }]",
         ["s=a,x=1", "s=b,x=2"]),
        ("from = [{ s = 'a', f = 'p' }, { s = 'b' }], exclude = [{ f = 'p' }]", ["s=b"]),
        ("include = ['a', 'b'], from = ['c']", ["include=a,from=c", "include=b,from=c"]),
    ],
)  # fmt: skip
def test_cells(matrix: str, cells: list[str]):
    assert labels_of(matrix) == [f"a[{cell}]" for cell in cells]


Row = dict[str, object]
AXES = ["x", "y", "z"]
ENTRIES = st.lists(st.dictionaries(st.sampled_from([*AXES, "n"]), st.sampled_from([1, 2, "p"]), min_size=1), max_size=4)
ROWS = st.lists(st.dictionaries(st.sampled_from(["z", "n"]), st.sampled_from([1, 2]), min_size=1), max_size=3)
VALUES = st.lists(st.sampled_from([1, 2, "p"]), min_size=1, max_size=3, unique=True)
MATRICES = st.fixed_dictionaries(
    {"include": ENTRIES}, optional={"x": VALUES, "y": VALUES, "from": ROWS, "exclude": ENTRIES}
).map(lambda matrix: {key: value for key, value in matrix.items() if value})


def expected(matrix: dict[str, list[Row]]) -> list[Row]:
    """The cells, found one by one."""
    axes = {axis: entries for axis, entries in matrix.items() if axis in AXES}
    rows, include, exclude = (matrix.get(key, []) for key in ("from", "include", "exclude"))
    if not axes and not rows:
        return [cell for cell in include if not any(entry.items() <= cell.items() for entry in exclude)]
    cells = [
        dict(row) | dict(zip(axes, combination, strict=True))
        for row in rows or [{}]
        for combination in product(*axes.values())
    ]
    base = [cell for cell in cells if not any(entry.items() <= cell.items() for entry in exclude)]
    known = {axis for cell in cells for axis in cell}
    found = [dict(cell) for cell in base]
    for entry in include:
        own = {axis: value for axis, value in entry.items() if axis in known}
        fits = [number for number, cell in enumerate(base) if own.items() <= cell.items()]
        for number in fits:
            found[number] |= {axis: value for axis, value in entry.items() if axis not in known}
        if not fits:
            found.append(dict(entry))
    return found


@settings(deadline=None, max_examples=300)
@given(MATRICES)
def test_cells_are_as_if_found_one_by_one(matrix: dict[str, list[Row]]):
    text = tomli_w.dumps({"version": 1, "tasks": {"a": {"matrix": matrix}}})
    cells = expected(matrix)
    try:
        graph = load_text(text, "g.toml")
    except GraphError as error:
        said = str(error)
        assert any(word in said for word in ("exclude", "not an axis", "twice", "at least one axis", "is an axis and"))
        assert "twice" not in said or any(cells.count(cell) > 1 for cell in cells)
        return
    assert [dict(graph.cell(node)) for node in range(len(graph))] == cells
    again = load_text(to_toml(graph), "other.toml")
    assert (again.labels, again.tasks[0].matrix) == (graph.labels, graph.tasks[0].matrix)
    for node, cell in enumerate(cells):
        wanted = ",".join(f"{axis}={value}" for axis, value in cell.items())
        chosen = [other for other, there in enumerate(cells) if cell.items() <= there.items()]
        assert nodes_meant(graph, f"a[{wanted}]") in ([node], chosen)
        with_child = load_text(f'{text}\n[tasks.b]\nneeds = ["a[{wanted}]"]\n', "g.toml")
        assert edges_of(with_child) == [(graph.labels[parent], "b") for parent in chosen]


def test_cells_select_by_their_own_values():
    needs = "needs = [\"a[fruit={{ matrix.f }},animal={{ matrix.g or 'cat' }}]\"]\n"
    body = f"{ACTIONS_EXAMPLE}[tasks.b]\n{needs}"
    graph = graph_of(body + "matrix = { include = [{ f = 'pear', g = 'dog' }, { f = 'banana' }] }")
    assert edges_of(graph) == [
        ("a[fruit=pear,animal=dog,color=green]", "b[f=pear,g=dog]"),
        ("a[fruit=banana,animal=cat]", "b[f=banana]"),
    ]
    (problem,) = problems_of(body + "matrix = { include = [{ f = 'pear' }, { f = 'banana', g = 'dog' }] }")
    assert problem.message.endswith('matches no cell for "b[f=banana,g=dog]"')


def test_an_axis_that_a_cell_lacks_needs_a_default():
    body = "[tasks.a]\nmatrix.include = [{ x = 1, y = 2 }, { x = 3 }]\n"
    (problem,) = problems_of(body + "run = 'echo {{ matrix.x }} {{ matrix.y }}'")
    assert problem.message == '"{{ matrix.y }}": "a[x=3]" has no "y"'
    assert problem.hint == 'give that cell one, or write a default: {{ matrix.y or "…" }}'
    assert (problem.line, problem.column) == (4, 28)
    graph = graph_of(body + "run = '''echo {{ matrix.x }} {{ matrix.y or '-' }}'''")
    resolver = Resolver(graph, {})
    assert [resolver.resolve(node, str).action for node in (0, 1)] == [
        ShellCommand("echo 1 2"),
        ShellCommand("echo 3 -"),
    ]


def test_names_of_people_for_cells_that_lack_axes():
    graph = graph_of(ACTIONS_EXAMPLE)
    assert [graph.labels[node] for node in nodes_meant(graph, "a[shape=circle,animal=dog]")] == [graph.labels[1]]
    assert len(nodes_meant(graph, "a[fruit=banana]")) == 1  # the whole name of a node
    assert len(nodes_meant(graph, "a[animal=cat]")) == 3
    with pytest.raises(ChoiceError, match='"color" has no value "red"; its values are pink, green'):
        nodes_meant(graph, "a[color=red]")
    with pytest.raises(ChoiceError, match="the matrix excludes it"):
        nodes_meant(graph, "a[fruit=banana,color=pink]")


@pytest.mark.parametrize("matrix", ["include = [{ x = 1 }, { x = 1 }]", "x = [1], include = [{ x = 2 }, { x = 2 }]"])
def test_a_cell_that_is_listed_twice(matrix: str):
    (problem,) = problems_of(f"[tasks.a]\nmatrix = {{ {matrix} }}")
    assert "has the cell" in problem.message
    assert problem.line == 3


def test_what_is_too_large():
    rows = ",".join(f"{{a={i}}}" for i in range(3000))
    numbers = ",".join(map(str, range(3000)))
    (problem,) = problems_of(f"[tasks.a.matrix]\nfrom = [{rows}]\nx = [{numbers}]\n")
    assert "9,000,001 nodes" in problem.message
    axes = f"x = [{numbers}]\ny = [{','.join(map(str, range(300)))}]\n"
    entries = ",".join(f"{{x = {i}, b{i} = 1}}" for i in range(25))
    (problem,) = problems_of(f"[tasks.a.matrix]\n{axes}include = [{entries}]\n")
    assert "would have more than 20,000,000 values" in problem.message
    entries = ",".join(f"{{b = {i}}}" for i in range(30))
    (problem,) = problems_of(f"[tasks.a.matrix]\n{axes}include = [{entries}]\n")
    assert "adds to too many cells" in problem.message
    wide = ",".join(f"x{i} = 1" for i in range(65))
    (problem,) = problems_of(f"[tasks.a.matrix]\ninclude = [{{ {wide} }}]\n")
    assert "at most 64 axes, not 65" in problem.message


def test_listed_cells_are_redacted():
    graph = graph_of(
        "run.secrets = ['T']\nenv.T = 'the-secret'\n[tasks.a]\nrun = 'x'\n"
        "matrix.from = [{ s = 'the-secret', n = 1 }, { s = 'b' }]\n"
        "matrix.include = [{ s = 'b', k = 'x-the-secret' }]\nmatrix.exclude = [{ n = 1 }]\n"
    )
    shown = redacted(graph, find_secrets(graph, {}))
    assert "the-secret" not in to_toml(shown)
    assert load_text(to_toml(shown), "x.toml").labels == shown.labels == ["a[s=b,k=x-***]"]
    clash = graph_of(
        "run.secrets = ['T']\nparams.T = ['one-secret', 'two-secret']\n[tasks.a]\n"
        "matrix = { include = [{ one-secret = 1, two-secret = 2 }] }"
    )
    with pytest.raises(GraphError, match="two axes would be shown as"):
        redacted(clash, find_secrets(clash, {}))


def test_tables_that_find_cells_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listed_cells, "MOST_INDEXED", 4)
    body = "[tasks.a]\nmatrix.include = [{ x = 1, y = 1 }, { x = 2, y = 2 }]\n[tasks.b]\nneeds = "
    assert graph_of(f"{body}['a[x=1]', 'a[y=2]', 'a[x=2]']\n").edge_count == 2
    (problem,) = problems_of(f"{body}['a[x=1]', 'a[y=2]', 'a[x=2,y=2]']\n")
    assert "too many different sets of axes" in problem.message
    entries = "[{ x = 1, z = 1 }, { y = 1, z = 1 }, { x = 2, y = 2, z = 1 }]"
    (problem,) = problems_of(f"[tasks.a]\nmatrix = {{ x = [1, 2], y = [1], include = {entries} }}\n")
    assert "too many different sets of axes" in problem.message
