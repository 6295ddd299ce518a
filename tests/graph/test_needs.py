"""What `needs` mean for the nodes: whole tasks, cells that agree, partial and templated selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graph.sources import edges_of, graph_of, problems_of
from hypothesis import given
from hypothesis import strategies as st

from dagtui.graph import several_tasks

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

TRAIN = """
[tasks.train]
matrix = { seed = [1, 2], model = ["s", "l"], exclude = [{ seed = 2, model = "l" }] }
"""


def parents(graph: Graph, label: str):
    return [graph.labels[parent] for parent in graph.parents(graph.node(label))]


@pytest.mark.parametrize(
    ("entry", "chosen"),
    [
        ("train", ["train[seed=1,model=s]", "train[seed=1,model=l]", "train[seed=2,model=s]"]),
        ("train[seed=1]", ["train[seed=1,model=s]", "train[seed=1,model=l]"]),
        ("train[model=s]", ["train[seed=1,model=s]", "train[seed=2,model=s]"]),
        ("train[model=l]", ["train[seed=1,model=l]"]),
        ("train[seed=2,model=s]", ["train[seed=2,model=s]"]),
        ("train[model=s,seed=2]", ["train[seed=2,model=s]"]),
        ("train[ seed = 2 , model = s ]", ["train[seed=2,model=s]"]),
        ("train[seed={{ params.n }}]", ["train[seed=1,model=s]", "train[seed=1,model=l]"]),
        ("train[seed={{ params.two }}]", ["train[seed=2,model=s]"]),
    ],
)
def test_an_entry_of_a_task_without_matrix(entry: str, chosen: list[str]):
    graph = graph_of(f'params = {{ n = 1, two = 2 }}\n{TRAIN}[tasks.a]\nneeds = ["{entry}"]\n')
    assert parents(graph, "a") == chosen


def test_the_same_cell():
    body = f'{TRAIN}[tasks.eval]\nneeds = ["train[seed={{{{ matrix.seed }}}}]"]\nmatrix = {{ seed = [1, 2] }}\n'
    graph = graph_of(body)
    assert parents(graph, "eval[seed=1]") == ["train[seed=1,model=s]", "train[seed=1,model=l]"]
    assert parents(graph, "eval[seed=2]") == ["train[seed=2,model=s]"]


def test_values_made_of_several_axes_and_text():
    graph = graph_of(
        '[tasks.a]\nmatrix = { v = ["x1-y1", "x1-y2", "x2-y1"] }\n'
        '[tasks.b]\nneeds = ["a[v=x{{ matrix.x }}-{{ matrix.y }}]"]\n'
        'matrix = { x = [1, 2], y = ["y1", "y2"], exclude = [{ x = 2, y = "y2" }] }\n'
    )
    assert parents(graph, "b[x=2,y=y1]") == ["a[v=x2-y1]"]
    assert parents(graph, "b[x=1,y=y2]") == ["a[v=x1-y2]"]


def test_values_with_commas_and_brackets():
    graph = graph_of(
        '[tasks.a]\nmatrix = { v = ["x,y", "[z]", ""], w = [true, 1.5] }\n'
        '[tasks.b]\nneeds = ["a[v=x,y,w=true]", "a[v=[z],w=1.5]", "a[v=,w=1.5]"]\n'
    )
    assert parents(graph, "b") == ["a[v=x,y,w=true]", "a[v=[z],w=1.5]", "a[v=,w=1.5]"]


def test_names_with_brackets_are_names_first():
    graph = graph_of(
        '[tasks."a[x=3]"]\n[tasks.a]\nmatrix = { x = [1] }\n[tasks."a[x=3][y]"]\nmatrix = { x = [1] }\n'
        '[tasks.b]\nneeds = ["a[x=3]", "a[x=1]", "a[x=3][y][x=1]"]\n'
    )
    assert parents(graph, "b") == ["a[x=3]", "a[x=1]", "a[x=3][y][x=1]"]


def test_overlapping_selectors_make_one_edge():
    graph = graph_of(f'{TRAIN}[tasks.a]\nneeds = ["train[seed=1]", "train[model=s]", "train"]\n')
    assert parents(graph, "a") == ["train[seed=1,model=s]", "train[seed=1,model=l]", "train[seed=2,model=s]"]
    assert list(graph.children(0)) == [3]


def test_what_is_excluded_is_not_chosen():
    graph = graph_of(
        "[tasks.a]\nmatrix = { i = [0, 1], b = [0, 1], exclude = [{ i = 0, b = 0 }, { i = 1, b = 1 }] }\n"
        '[tasks.b]\nneeds = ["a[i=0]"]'
    )
    assert parents(graph, "b") == ["a[i=0,b=1]"]


def test_every_cell_times_every_cell():
    graph = graph_of('[tasks.a]\nmatrix = { x = [1, 2] }\n[tasks.b]\nneeds = ["a"]\nmatrix = { y = [1, 2] }\n')
    assert edges_of(graph) == [(f"a[x={x}]", f"b[y={y}]") for y in (1, 2) for x in (1, 2)]


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("trian", 'there is no task "trian"', 'did you mean "train"?'),
        ("nothing-like-it", 'there is no task "nothing-like-it"', 'the tasks are "train", "plain", "a"'),
        ("a", 'task "a" needs itself', "remove it"),
        ("plain[x=1]", 'task "plain" has no matrix to select from', 'write "plain"'),
        ("train[sed=1]", 'the selector "[sed=1]" doesn\'t name an axis', "the axes are"),
        ("train[]", 'the selector "[]" doesn\'t name an axis', "the axes are"),
        ("train[seed]", "doesn't name an axis", "the axes are"),
        ("train[1]", "doesn't name an axis", "the axes are"),
        ("train[seed=1,seed=1]", 'names "seed" twice', "the axes are"),
        ("train[seed=3]", '"seed" of task "train" doesn\'t have the value "3"', 'its values are "1", "2"'),
        ("train[seed=2,model=l]", '"train[seed=2,model=l]" matches no cell for "a"', "exclude that cell"),
        ("train[seed={{ params.nine }}]", 'matches no cell for "a"', ""),
        ("train[seed={{ params.x }}]", 'there is no parameter "x"', 'there are "nine"'),
        ("train[seed={{ matrix.seed }}]", "this task has no matrix", ""),
        ("train[seed={{ env.X }}]", "can't be used in needs", "only params and matrix"),
        ("train[seed={{ oops }}]", "is not a placeholder", "params., matrix."),
        ("train[seed={{ oops ]", 'without its "}}"', "double them"),
        ("{{ params.nine }}", "there is no task", "only allowed between the brackets"),
        ("x" * 30_000, "at most 20,000 characters", ""),
    ],
)
def test_entries_that_mean_nothing(entry: str, message: str, hint: str):
    body = f'params = {{ nine = 9 }}\n{TRAIN}[tasks.plain]\n[tasks.a]\nneeds = ["plain", "{entry}"]\n'
    (problem,) = problems_of(body)
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == 8
    assert problem.column >= 19


def test_a_cell_that_needs_itself():
    (problem,) = problems_of('[tasks.a]\nmatrix = { x = [1, 2] }\nneeds = ["a[x=1]"]')
    assert problem.message == '"a[x=1]" needs itself'


@given(st.data())
def test_selectors_choose_the_cells_that_agree(data: st.DataObject):
    names = ["u", "v", "w"]
    axes = {name: data.draw(st.integers(1, 3)) for name in names[: data.draw(st.integers(1, 3))]}
    cells: list[dict[str, int]] = [{}]
    for name, size in axes.items():
        cells = [{**cell, name: value} for cell in cells for value in range(size)]
    exclude = data.draw(st.lists(st.sampled_from(cells), max_size=len(cells) - 1))
    kept = [cell for cell in cells if cell not in exclude]
    fixed = data.draw(st.lists(st.sampled_from(list(axes)), min_size=1, unique=True))
    wanted = data.draw(st.sampled_from(kept))
    entry = ",".join(f"{name}={wanted[name]}" for name in fixed)
    written = ", ".join("{" + ", ".join(f"{n} = {v}" for n, v in cell.items()) + "}" for cell in exclude)
    table = ", ".join(f"{name} = {list(range(size))}" for name, size in axes.items())
    graph = graph_of(f'[tasks.a]\nmatrix = {{ {table}, exclude = [{written}] }}\n[tasks.b]\nneeds = ["a[{entry}]"]\n')
    expected = [cell for cell in kept if all(cell[name] == wanted[name] for name in fixed)]
    assert [dict(graph.cell(parent)) for parent in graph.parents(graph.node("b"))] == expected
    assert [dict(graph.cell(node)) for node in range(len(kept))] == kept


SEVERAL = """
[tasks."qc/reads"]
group = "data/raw"
[tasks."qc/index"]
group = "data"
[tasks.align]
group = "database"
matrix = { n = [1, 2] }
"""


@pytest.mark.parametrize(
    ("entries", "chosen"),
    [
        ('"qc/*"', ["qc/reads", "qc/index"]),
        ('"data/"', ["qc/reads", "qc/index"]),
        ('"data/raw/"', ["qc/reads"]),
        ('"*"', ["qc/reads", "qc/index", "align[n=1]", "align[n=2]"]),
        ('"a?ign"', ["align[n=1]", "align[n=2]"]),
        ('"align[n=2]", "a*"', ["align[n=2]", "align[n=1]"]),
        ('"qc/r*", "data/", "*x"', ["qc/reads", "qc/index"]),
    ],
)
def test_patterns_and_groups_mean_every_task_but_the_one_that_has_them(entries: str, chosen: list[str]):
    graph = graph_of(f'{SEVERAL}[tasks.report]\ngroup = "data"\nneeds = [{entries}]\n')
    assert parents(graph, "report") == chosen


APART = """
[tasks."qc/reads"]
group = "qc"
[tasks."qc/clean"]
group = "qc"
default = false
[tasks."qc/alert"]
group = "qc"
finally = true
"""


@pytest.mark.parametrize("entry", ["qc/*", "qc/"])
@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("", ["qc/reads"]),
        ("default = false", ["qc/reads", "qc/clean"]),
        ("finally = true", ["qc/reads", "qc/alert"]),
        ("default = false\nfinally = true", ["qc/reads", "qc/clean", "qc/alert"]),
    ],
)
def test_patterns_and_groups_leave_out_tasks_that_run_when_named_or_at_the_end(
    entry: str, keys: str, chosen: list[str]
):
    graph = graph_of(f'{APART}[tasks.all]\n{keys}\nneeds = ["{entry}"]\n')
    assert parents(graph, "all") == chosen
    named = '"qc/reads", "qc/clean"'
    assert parents(graph_of(f"{APART}[tasks.all]\nneeds = [{named}]\n"), "all") == ["qc/reads", "qc/clean"]


@pytest.mark.parametrize(
    ("key", "message", "hint"),
    [
        (
            "default = false",
            "only tasks that run when they are named",
            'name them, or write "default = false" here, too',
        ),
        ("finally = true", "only tasks that run when all others have ended", 'write "finally = true" here, too'),
    ],
)
def test_a_pattern_that_matches_only_tasks_apart_is_an_error(key: str, message: str, hint: str):
    (problem,) = problems_of(f'[tasks.ab]\n{key}\n[tasks.c]\nneeds = ["a*"]\n')
    assert (problem.message, problem.hint) == (f'"a*" matches {message}', hint)


def test_the_name_of_a_task_comes_before_a_pattern_and_a_group():
    body = '[tasks."a*"]\n[tasks.ab]\n[tasks."g/"]\n[tasks.c]\ngroup = "g"\n[tasks.z]\nneeds = ["a*", "g/"]\n'
    assert parents(graph_of(body), "z") == ["a*", "g/"]


def test_a_group_without_its_slash_gets_a_hint():
    (problem,) = problems_of('[tasks.a]\ngroup = "data"\n[tasks.b]\nneeds = ["data"]\n')
    assert (problem.message, problem.hint) == ('there is no task "data"', 'write "data/" for the tasks of that group')


def test_a_pattern_in_the_defaults_leaves_out_each_task_itself_and_may_make_a_cycle():
    graph = graph_of('[defaults]\nneeds = ["first*"]\n[tasks.first]\nneeds = []\n[tasks.b]\n[tasks.c]\n')
    assert edges_of(graph) == [("first", "b"), ("first", "c")]
    (problem,) = problems_of('[tasks.a1]\nneeds = ["a*"]\n[tasks.a2]\nneeds = ["a*"]\n')
    assert "cycle" in problem.message


def test_a_pattern_that_may_mean_a_broken_task_is_not_a_second_error():
    (problem,) = problems_of('[tasks]\nab = 1\n[tasks.b]\nneeds = ["ab*"]\n')
    assert "must be a table" in problem.message


def test_many_different_patterns_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(several_tasks, "MOST_COMPARED", 20)
    tasks = [f'[tasks.t{i}]\nneeds = ["b{"*" * i}", "b*"]\n' for i in range(2, 6)]
    problems = problems_of("".join(["[tasks.b]\n", *tasks]))
    assert [problem.line for problem in problems] == [10]
    assert "more than 4 different patterns and groups" in problems[0].message
