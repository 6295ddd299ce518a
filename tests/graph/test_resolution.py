"""What a node executes once its placeholders are filled in."""

from __future__ import annotations

from pathlib import Path

import pytest
from graph.sources import graph_of

from dagtui.graph import resolution
from dagtui.graph.model import ArgumentList, Graph, PythonCall, ShellCommand, Task
from dagtui.graph.resolution import ResolutionError, Resolver

HEAD = 'params = { n = 2, s = "a b", yes = true, rate = 0.5 }\n'
OUTER = {"HOME": "/home/x", "PATH": "/bin", "A": "outer"}


def resolver_of(body: str, head: str = "") -> tuple[Graph, Resolver]:
    graph = graph_of(f"{HEAD}{head}[tasks.b]\n[tasks.a]\n{body}\n")
    return graph, Resolver(graph, OUTER)


def resolved(body: str, head: str = "", label: str = "a"):
    graph, resolver = resolver_of(body, head)
    return resolver.resolve(graph.node(label), lambda node: f"status-{graph.labels[node]}")


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ('run = "x {{ params.n }}"', ShellCommand("x 2")),
        ('run = "x {{ params.s }}"', ShellCommand("x 'a b'")),
        ('run = "x {{ params.yes }} {{ params.rate }}"', ShellCommand("x true 0.5")),
        ('run = "x {{ env.HOME }}"', ShellCommand("x /home/x")),
        ('run = "x {{ env.A }}"\nenv = { A = "inner" }', ShellCommand("x inner")),
        ('run = "x {{{{ params.n }}"', ShellCommand("x {{ params.n }}")),
        ('run = "x"', ShellCommand("x")),
        ('run = ["x", "{{ params.s }}", "-{{ params.n }}"]', ArgumentList(("x", "a b", "-2"))),
        ('run = ["x", "{{{{"]', ArgumentList(("x", "{{"))),
        ('needs = ["b"]\nrun = "x {{ needs.b.status }}"', ShellCommand("x status-b")),
        (
            'call = "m:f"\nargs = { x = 1, y = ["{{ params.s }}", 2], z = { w = "{{ params.n }}" } }',
            PythonCall("m:f", {"x": 1, "y": ["a b", 2], "z": {"w": "2"}}),
        ),
        ('call = "m:f"\nargs = { x = [1, "{{{{"] }', PythonCall("m:f", {"x": [1, "{{"]})),
        ("", None),
    ],
)
def test_actions(body: str, action: object):
    assert resolved(body).action == action


def test_cells_and_their_parents():
    graph, resolver = resolver_of(
        'matrix = { x = ["p q", "r"] }\nrun = "{{ matrix.x }} {{ needs.c.status }} {{ needs.b.status }}"\n'
        'needs = ["c[x={{ matrix.x }}]", "b"]\ncwd = "out/{{ matrix.x }}"\nenv = { X = "{{ matrix.x }}" }',
        '[tasks.c]\nmatrix = { x = ["p q", "r"] }\n',
    )
    first = resolver.resolve(graph.node("a[x=p q]"), lambda node: graph.labels[node])
    assert first.action == ShellCommand("'p q' 'c[x=p q]' b")
    assert first.env == {"X": "p q"}
    assert first.cwd == Path.cwd() / "out/p q"
    second = resolver.resolve(graph.node("a[x=r]"), lambda node: graph.labels[node])
    assert second.action == ShellCommand("r 'c[x=r]' b")


def test_one_cell_of_several():
    body = 'needs = ["c"]\nrun = "{{ needs.c[x=2].status }}"'
    assert resolved(body, "[tasks.c]\nmatrix = { x = [1, 2] }\n").action == ShellCommand("'status-c[x=2]'")


def test_variables_are_made_of_others_in_any_order():
    env = 'env = { B = "{{ env.A }}!", A = "{{ env.C }}{{ env.HOME }}", C = "c", PATH = "bin:{{ env.PATH }}" }'
    assert resolved(env).env == {"B": "c/home/x!", "A": "c/home/x", "C": "c", "PATH": "bin:/bin"}


def test_a_statuses_are_asked_anew_each_time():
    graph, resolver = resolver_of('needs = ["b"]\nrun = "{{ needs.b.status }}"')
    words = iter(["failed", "completed"])
    actions = [resolver.resolve(graph.node("a"), lambda _: next(words)).action for _ in range(2)]
    assert actions == [ShellCommand("failed"), ShellCommand("completed")]


def test_directories_and_shells():
    found = resolved('run = "x"\nshell = ["bash", "-c"]\ncwd = "/abs"')
    assert (found.cwd, found.shell) == (Path("/abs"), ("bash", "-c"))
    assert resolved('run = "x"').cwd == Path.cwd()
    assert resolved('run = "x"').shell is None


def test_without_placeholders_every_attempt_gets_the_same():
    graph, resolver = resolver_of('run = "x"\nenv = { A = "1" }\nmatrix = { x = [1, 2] }')
    first = resolver.resolve(graph.node("a[x=1]"), str)
    assert resolver.resolve(graph.node("a[x=2]"), str) is first
    assert first.env == {"A": "1"}


def test_tasks_without_variables_of_their_own_share_the_graphs():
    graph, resolver = resolver_of("", '[env]\nG = "{{ params.n }}"\nH = "1"\n[tasks.c]\nenv = { H = "2" }\n')
    assert [resolver.resolve(graph.node(name), str).env for name in "bac"] == [
        {"G": "2", "H": "1"},
        {"G": "2", "H": "1"},
        {"G": "2", "H": "2"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        'run = "x {{ env.NOT\\tTHERE }}"',
        'run = ["x", "{{ env.NOT\\tTHERE }}"]',
        'env = { B = "{{ env.NOT\\tTHERE }}" }',
    ],
)
def test_a_variable_that_is_not_set(body: str):
    with pytest.raises(ResolutionError, match="the environment variable is not set") as caught:
        resolved(body)
    assert str(caught.value).startswith("{{ env.NOT^ITHERE }}")


def test_directories_that_cannot_be():
    graph, resolver = resolver_of('cwd = "{{ env.EMPTY }}"')
    resolver = Resolver(graph, {"EMPTY": ""})
    with pytest.raises(ResolutionError, match="is not a directory"):
        resolver.resolve(graph.node("a"), str)


def test_graphs_made_in_python():
    graph = Graph.from_edges("ab", [("a", "b")])
    found = Resolver(graph, {}).resolve(0, str)
    assert (found.action, found.env, found.cwd, found.shell) == (None, {}, Path.cwd(), None)


def test_tasks_made_in_python_with_mistakes():
    graph = Graph(["a"], [], tasks=[Task("a", ShellCommand("{{ params.gone }}"))])
    with pytest.raises(ResolutionError, match="there is no such value"):
        Resolver(graph, {}).resolve(0, str)
    graph = Graph(["a"], [], tasks=[Task("a", ShellCommand("`{{ params.gone }}`"))])
    with pytest.raises(ResolutionError, match="inside backticks"):
        Resolver(graph, {}).resolve(0, str)


@pytest.mark.parametrize(("cwd", "shown"), [(".", "/base/configs"), ("..", "/base"), ("../x/./y", "/base/x/y")])
def test_dots_of_a_working_directory_are_taken_away(cwd: str, shown: str):
    graph = Graph(["a"], [], tasks=[Task("a", cwd=cwd)], directory=Path("/base/configs"))
    assert Resolver(graph, {}).resolve(0, str).cwd == Path(shown)


def test_texts_are_split_once_for_each_task(monkeypatch: pytest.MonkeyPatch):
    _, resolver = resolver_of('run = "echo {{ matrix.x }} ok"\nmatrix.x = [1, 2, 3]')
    split: list[Task] = []

    class Plan(resolution._Plan):
        def __init__(self, task: Task, env: dict[str, str]) -> None:
            split.append(task)
            super().__init__(task, env)

    monkeypatch.setattr(resolution, "_Plan", Plan)
    shown = [resolver.known(node, lambda _node: "completed", lambda _name, value: value).action for node in (1, 2, 3)]
    assert shown == [ShellCommand(f"echo {number} ok") for number in (1, 2, 3)]
    assert [task.name for task in split] == ["a"]
