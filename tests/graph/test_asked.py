"""Which node a placeholder of `needs` asks: a parent, for an output also an ancestor, and exactly one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from graph.sources import graph_of, problems_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions import asked
from dagtui.graph.expressions.as_run import AsRun, Filled
from dagtui.graph.expressions.asked import AskedNodes
from dagtui.graph.expressions.braces import Placeholder, Root
from dagtui.graph.model import Graph, ShellCommand, Task
from dagtui.graph.resolution import ResolutionError, Resolver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.resolution import Resolved

TRAIN = """
[tasks.data]
[tasks.train]
needs = ["data"]
matrix = { seed = [1, 2, 3], model = ["s", "l"] }
"""


def placeholder(name: str, default: str | None = None, output: str = "k") -> Placeholder:
    return Placeholder(Root.NEEDS, name, f"{{{{ needs.{name}.outputs.{output} }}}}", default, output=output)


def last_tasks(needs: str, *, between: bool) -> str:
    """A task that uses something above it, as a child or as a grandchild."""
    if between:
        return f"[tasks.mid]\nneeds = {needs}\n[tasks.use]\nneeds = ['mid']"
    return f"[tasks.use]\nneeds = {needs}"


def asked_by(graph: Graph, node: str, name: str, default: str | None = None) -> str | None:
    found = AskedNodes(graph).node(graph.node(node), placeholder(name, default))
    return None if found is None else graph.labels[found]


@pytest.mark.parametrize(
    ("needs", "name", "found"),
    [
        ("['train']", "data", "data"),
        ("['train']", "train[seed=1,model=s]", "train[seed=1,model=s]"),
        ("['train']", "train[model=s,seed=1]", "train[seed=1,model=s]"),
        ("['train[seed=2,model=l]']", "train", "train[seed=2,model=l]"),
        ("['train[seed=2]']", "train[model=l]", "train[seed=2,model=l]"),
    ],
)
def test_one_node_is_found(needs: str, name: str, found: str, monkeypatch: pytest.MonkeyPatch):
    for between, most in itertools.product([False, True], [64, 0]):
        monkeypatch.setattr(asked, "_MOST_LOOKED_AT", most)
        last = last_tasks(needs, between=between)
        graph = graph_of(f"{TRAIN}\n{last}\nrun = 'echo {{{{ needs.{name}.outputs.k }}}}'")
        assert asked_by(graph, "use", name) == found


@pytest.mark.parametrize(
    ("needs", "name", "message", "hint"),
    [
        ("['train']", "train", "refers to 6 nodes", "needs.train[seed=1,model=s].outputs.k or"),
        ("['train']", "train[seed=2]", "refers to 2 nodes", "needs.train[seed=2,model=l].outputs.k;"),
        (
            "['data']",
            "train",
            '"use" doesn\'t need "train", directly or through others',
            'add it to needs, which has "',
        ),
        ("['data']", "train[seed=9]", '"use" doesn\'t need "train[seed=9]", directly or', "add it"),
        ("['train[seed=1]']", "train[seed=2,model=s]", "doesn't need", "add it"),
        ("['data']", "use", "doesn't need", "add it"),
        ("['data']", "below", "doesn't need", "add it"),
        ("['data']", "trian", 'there is no task "trian"', '"train"'),
    ],
)
def test_none_and_several_are_an_error_at_the_placeholder(
    needs: str, name: str, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
):
    written = f"{{{{ needs.{name}.outputs.k }}}}"
    for between, most in itertools.product([False, True], [64, 0]):
        monkeypatch.setattr(asked, "_MOST_LOOKED_AT", most)
        last = last_tasks(needs, between=between)
        (problem,) = problems_of(f"{TRAIN}\n{last}\nrun = 'echo {written}'\n[tasks.below]\nneeds = ['use']\n")
        assert message in problem.message
        assert hint in problem.hint
        begin, width = problem.mark
        assert problem.excerpt[begin : begin + width] == written


def test_a_default_is_for_cells_without_that_ancestor():
    text = f"""{TRAIN}
[tasks.use]
needs = ["train[seed={{{{ matrix.seed }}}}]"]
matrix = {{ seed = [1, 2] }}
run = "echo {{{{ needs.train[seed=1,model=s].outputs.k or 'none' }}}}"
"""
    graph = graph_of(text)
    names = [asked_by(graph, f"use[seed={seed}]", "train[seed=1,model=s]", "none") for seed in (1, 2)]
    assert names == ["train[seed=1,model=s]", None]


def naive(graph: Graph, node: int) -> set[int]:
    found: set[int] = set()
    for parent in graph.parents(node):
        found |= {parent} | naive(graph, parent)
    return found


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=2, max_size=10),
    st.lists(st.booleans(), min_size=10, max_size=10),
    st.sampled_from([0, 1, 64]),
)
def test_what_is_asked_is_the_one_ancestor(parents: list[list[int]], marked: list[bool], most: int):
    edges = sorted({(parent, child) for child, above in enumerate(parents) for parent in above if parent < child})
    tasks = [Task("x"), Task("y")]
    numbers = [int(mark) for mark in marked[: len(parents)]]
    graph = Graph([f"n{node}" for node in range(len(parents))], edges, tasks=tasks, task_of=numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asked, "_MOST_LOOKED_AT", most)
        nodes = AskedNodes(graph)
        # The graph has no ranges of cells: each task's nodes are named directly.
        nodes._meant["y"] = frozenset(node for node in graph.nodes if numbers[node])
        for node in graph.nodes:
            near = [parent for parent in graph.parents(node) if numbers[parent]]
            above = near or [other for other in naive(graph, node) if numbers[other]]
            if len(above) == 1:
                assert nodes.node(node, placeholder("y")) == above[0]
                continue
            with pytest.raises(ValueProblem):
                nodes.node(node, placeholder("y"))


def test_a_graph_in_which_everything_asks_something_far_above_is_refused_soon(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asked, "_STEPS", 100_000)
    size = 4000
    labels = [f"n{node}" for node in range(size)]
    graph = Graph(labels, [(node, node + 1) for node in range(size - 1)])
    nodes = AskedNodes(graph)
    assert nodes.node(size - 1, placeholder("n0")) == 0
    assert [nodes.node(node, placeholder(f"n{node - 2}")) for node in range(2, size)] == list(range(size - 2))
    far = (placeholder(f"n{node - 1000}") for node in range(1000, size))
    with pytest.raises(ValueProblem, match="takes too long to find") as caught:
        list(map(nodes.node, range(1000, size), far))
    assert "add it to needs" in caught.value.hint


# Filling in

VALUES = {"n": "it's 3", "empty": "", "two": "a\nb"}


def filled(body: str, values: Mapping[str, str] = VALUES) -> Resolved:
    graph = graph_of(f"[tasks.a]\n[tasks.b]\nneeds = ['a']\n[tasks.c]\nneeds = ['b']\n{body}")
    return Resolver(graph, {}).resolve(graph.node("c"), lambda _: "completed", lambda _: values)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("""run = "echo {{ needs.a.outputs.n }}" """, "'it'\"'\"'s 3'"),
        ("""run = "echo '{{ needs.a.outputs.n }}'" """, r"'it'\''s 3'"),
        ("""run = 'echo "{{ needs.b.outputs.n }}"' """, '"it\'s 3"'),
        ("""run = ["echo", "x{{ needs.a.outputs.two }}"]""", "('echo', 'xa\\nb')"),
        ("""call = "m:f"\nargs = { x = ["{{ needs.a.outputs.n }}"] }""", "{'x': [\"it's 3\"]}"),
        ("""env = { X = "{{ needs.a.outputs.n }}" }\nrun = ['true']""", "{'X': \"it's 3\"}"),
        ("""cwd = "{{ needs.a.outputs.n }}"\nrun = ['true']""", "it's 3"),
        ("""run = ["{{ needs.a.outputs.gone or 'x' }}", "{{ needs.a.outputs.empty or 7 }}"]""", "('x', '7')"),
        ("""run = ["echo", "{{ needs.a.outputs.empty }}"]""", "('echo', '')"),
        ("""run = ["echo", "{{ needs.a.outputs.n }}"]\nwrap = ["x{{ needs.a.outputs.n }}"]""", "xit's 3"),
    ],
)
def test_values_stand_in_every_place(body: str, expected: str):
    found = filled(body)
    shown = found.action.text if isinstance(found.action, ShellCommand) else f"{found} {found.cwd.name}"
    assert expected in shown


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (VALUES, 'it wrote "n", "empty", "two": write it'),
        ({}, "it wrote no values: write it"),
        ({f"key{number}": "" for number in range(100_000)}, "and 99,990 more"),
    ],
)
def test_a_value_that_was_not_written_is_named_with_those_that_were(values: dict[str, str], words: str):
    with pytest.raises(ResolutionError) as caught:
        filled('run = "echo {{ needs.a.outputs.gone }}"', values)
    assert words in str(caught.value)
    assert '"a" has no output "gone"' in str(caught.value)
    assert len(str(caught.value)) <= 500


def test_of_a_node_that_did_not_succeed_the_status_is_said():
    graph = graph_of("[tasks.a]\nallow_failure = true\n[tasks.b]\nneeds = ['a']\nrun = '{{ needs.a.outputs.x }}'")
    with pytest.raises(ResolutionError, match="its status is failed, and only a success hands values on"):
        Resolver(graph, {}).resolve(graph.node("b"), lambda _: "failed")


def test_a_command_is_shown_as_it_ran_once_its_values_are_known():
    text = "[tasks.a]\n[tasks.b]\nneeds = ['a']\nrun = \"echo {{ needs.a.outputs.n or 'none' }}\""
    graph = graph_of(text)
    ended: dict[int, dict[str, str]] = {}

    def outputs_of(node: int) -> Mapping[str, str]:
        if node not in ended:
            raise ResolutionError("it has not ended")
        return ended[node]

    as_run = AsRun(graph, {}, lambda _: "completed", outputs_of)
    assert as_run.command(1) == Filled("echo {{ needs.a.outputs.n or 'none' }}")
    ended[0] = {"n": "a b"}
    assert as_run.command(1) == Filled("echo 'a b'", "echo {{ needs.a.outputs.n or 'none' }}")
    ended[0] = {}
    assert as_run.command(1).text == "echo none"
