"""Included graph files: what their tasks, parameters and paths become, and what is wrong with them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tomli_w
from graph.model_strategies import documents
from graph.sources import edges_of
from hypothesis import HealthCheck, given, settings

from dagtui.graph.embedding import Embedding
from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.gates import Gate
from dagtui.graph.loading import load, load_recorded
from dagtui.graph.model import Graph, ShellCommand
from dagtui.graph.required_parameters import required_parameters
from dagtui.graph.resolution import Resolver
from dagtui.graph.secrets import find_secrets
from dagtui.graph.toml.parse import digest_of

if TYPE_CHECKING:
    from dagtui.graph.resolution import Resolved

ENVIRONMENT = {"HOME": "/home/me"}


def resolved(graph: Graph) -> list[Resolved]:
    """What each node executes. A gate has no directory."""
    resolver = Resolver(graph, ENVIRONMENT)
    found = [resolver.resolve(node, lambda _: "completed") for node in graph.nodes]
    return [replace(one, cwd=Path()) if isinstance(one.action, Gate) else one for one in found]


@given(documents())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_included_tasks_run_the_same_under_other_names(tmp_path: Path, document: dict[str, object]):
    for folder in ("main", "other"):
        (tmp_path / folder).mkdir(exist_ok=True)
    path = tmp_path / "other/g.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    main = tmp_path / "main/graph.toml"
    main.write_text('version = 1\ninclude = [{ path = "../other/g.toml", prefix = "o/p/" }]\n')
    alone, included = load(path), load(main)
    assert included.labels == [f"o/p/{label}" for label in alone.labels]
    assert edges_of(included) == [(f"o/p/{parent}", f"o/p/{child}") for parent, child in edges_of(alone)]
    assert resolved(included) == resolved(alone)
    recorded = load_recorded(main, to_toml(included).encode("utf-8", "backslashreplace"))
    assert (recorded.labels, edges_of(recorded)) == (included.labels, edges_of(included))
    assert resolved(recorded) == resolved(alone)


def write(folder: Path, **files: str) -> Path:
    """Write graph files, `main` among them, and return its path. `deep__x` is written as deep/x.toml."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"version = 1\n{text}\n")
    return folder / "main.toml"


def included(*entries: tuple[str, str]) -> str:
    listed = ", ".join(f'{{ path = "{path}", prefix = "{prefix}" }}' for path, prefix in entries)
    return f"include = [{listed}]"


DEEP = '[params]\nlane = { type = "int" }\n[tasks.a]\nrun = "x {{ params.lane }}"'
QC = (
    included(("deep/d.toml", "d/"))
    + """
[params]
size = "s"
[env]
WHO = "{{ params.size }}"
[run]
jobs = 2
[tasks.a]
run = "y {{ params.size }}"
[tasks.b]
group = "data"
needs = ["a", "d/*"]
cwd = "sub"
run = "z {{ needs.d/a.status }} {{ params.size or 'x' }} {{{{ params.size }}"
"""
)


def test_a_file_may_be_included_twice_and_nested(tmp_path: Path):
    main = write(
        tmp_path,
        deep__d=DEEP,
        qc=QC,
        main=included(("qc.toml", "one/"), ("./qc.toml", "two/"))
        + '\n[params]\nsize = "m"\n[tasks.end]\nneeds = ["one/data/", "two/b"]\nrun = "{{ params.size }}"',
    )
    graph = load(main, {"one/d/lane": "1", "two/d/lane": "2", "two/size": "l"})
    assert graph.labels == ["one/d/a", "one/a", "one/b", "two/d/a", "two/a", "two/b", "end"]
    assert edges_of(graph)[-2:] == [("one/b", "end"), ("two/b", "end")]
    assert graph.params == {"size": "m", "one/size": "s", "one/d/lane": 1, "two/size": "l", "two/d/lane": 2}
    one, two = resolved(graph)[2], resolved(graph)[5]
    assert (one.action, two.action) == (
        ShellCommand("z completed s {{ params.size }}"),
        ShellCommand("z completed l {{ params.size }}"),
    )
    assert (one.cwd, one.env) == (tmp_path / "sub", {"WHO": "s"})
    assert graph.tasks[0].file == "deep/d.toml"
    assert [task.group for task in graph.tasks] == ["one/d", "one", "one/data", "two/d", "two", "two/data", ""]
    assert set(graph.sources) == {tmp_path / "qc.toml", tmp_path / "deep/d.toml"}
    said = 'qc.toml: "jobs" in its [run] counts only when that file is run itself'
    assert graph.remarks == (said, f"./{said}")
    assert required_parameters(main) == ("one/d/lane", "two/d/lane")


def test_a_gate_asks_the_same(tmp_path: Path):
    text = "[params]\nx = 1\n[tasks.a]\nask = 'go on with {{ params.x }}?'\n[tasks.b]\nneeds = ['a']\n"
    text += "run = 'echo {{ needs.a.outputs.answer }}'"
    main = write(tmp_path, sub__qc=text, main=included(("sub/qc.toml", "q/")))
    graph = load_recorded(main, to_toml(load(main)).encode())
    assert graph.labels == ["q/a", "q/b"]
    assert "go on with {{ params.q/x }}?" in str(graph.tasks[0].action)
    assert graph.tasks[1].action == ShellCommand("echo {{ needs.q/a.outputs.answer }}")


def test_secrets_and_variables_of_included_files_count(tmp_path: Path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/s.env").write_text("TOKEN=hunter2-hunter2\n")
    text = '[params]\npassword = "secret-secret"\nstage = "s"\n[run]\nsecrets = ["TOKEN", "password"]\n'
    text += 'env_file = ["{{ params.stage }}.env"]\n'
    text += '[tasks.a]\nrun = "echo {{ env.TOKEN }} {{ params.password }}"'
    main = write(tmp_path, sub__qc=text, main=included(("sub/qc.toml", "q/")))
    graph = load(main, environment={})
    assert graph.settings.secrets == ("TOKEN", "q/password")
    assert find_secrets(graph, {}).mask("hunter2-hunter2 secret-secret") == "*** ***"
    assert graph.settings.env_file == ("sub/{{ params.q/stage }}.env",)
    main.write_text(to_toml(graph))
    assert load(main, environment={}).variables == graph.variables == {"TOKEN": "hunter2-hunter2"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params.x == 'params.y' and not env.A", "params.q/x == 'params.y' and not env.A"),
        ("""needs."fetch all".status in ["a", 'needs.b']""", """needs."q/fetch all".status in ["a", 'needs.b']"""),
        ("needs.a.outputs.n > params.b-c", "needs.q/a.outputs.n > params.q/b-c"),
    ],
)
def test_conditions_name_what_is_in_their_own_file(text: str, expected: str):
    assert Embedding(Graph(["a"], []), "q/", "x.toml")._condition(text) == expected


@pytest.mark.parametrize(
    ("cwd", "expected"),
    [
        (".", "../qc"),
        ("a/{{ matrix.n }}", "../qc/a/{{ matrix.n }}"),
        ("/tmp", "/tmp"),
        ("{{ env.TMPDIR }}/x", "{{ env.TMPDIR }}/x"),
        ("{{ params.there }}/x", "{{ params.q/there }}/x"),
        ("{{ params.here }}/x", "../qc/{{ params.q/here }}/x"),
    ],
)
def test_directories_stay_relative_to_their_own_file(tmp_path: Path, cwd: str, expected: str):
    text = '[params]\nthere = "/there"\nhere = "here"\n[tasks.a]\nmatrix.n = [1]\n'
    (tmp_path / "main").mkdir()
    write(tmp_path, qc__g=f"{text}cwd = '{cwd}'\nrun = 'x'", main__main=included(("../qc/g.toml", "q/")))
    assert load(tmp_path / "main/main.toml").tasks[0].cwd == expected


def test_a_text_without_a_file_includes_relative_to_the_folder_of_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from dagtui.graph.loading import load_text

    write(tmp_path, qc="[tasks.a]\nrun = 'x'")
    monkeypatch.chdir(tmp_path)
    assert load_text("version = 1\n" + included(("qc.toml", "q/")), "stdin").labels == ["q/a"]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ('include = "qc.toml"', '2:11: "include" must be an array', 'write [{ path = "qc.toml", prefix = "qc/" }]'),
        ('include = ["qc.toml"]', '2:12: an element of "include" must be a table', "write { path ="),
        ('include = [{ path = "qc.toml" }]', 'an element of "include" has no prefix', "write { path ="),
        ('include = [{ prefix = "q/" }]', 'an element of "include" has no path', "write { path ="),
        (
            'include = [{ path = 1, prefix = "q/" }]',
            '2:21: an element of "include" has a path',
            "",
        ),
        ('include = [{ path = "qc.toml", prefix = "q" }]', "2:41: an element", 'write "q/"'),
        ('include = [{ path = "qc.toml", prefix = "q=/" }]', "must be words that end in a slash", 'write "qc/"'),
        ('include = [{ pth = "qc.toml", prefix = "q/" }]', 'has the unknown key "pth"', 'did you mean "path"?'),
        (included(("gone.toml", "q/")), '2:21: "include.path" can\'t be read: ', "the folder of the graph file"),
        (included((".", "q/")), "must name a file, not a folder", ""),
        (included(("main.toml", "q/")), "includes a file that includes this one: main.toml → main.toml", "remove it"),
        (included(("loop.toml", "q/")), "loop.toml:2:21:", "remove it"),
        (included(("qc.toml", "q/"), ("qc.toml", "q/a/")), "beside that of another one", "no prefix may begin"),
        (
            included(("qc.toml", "q/")) + '\n[tasks."q/z"]',
            '3:8: task "q/z" has the prefix of an included file',
            "give it",
        ),
        (included(("qc.toml", "q/")) + '\n[params]\n"q/z" = 1', '4:1: parameter "q/z" has the prefix', "give it"),
        (included(("qc.toml", "q/")) + '\n[tasks.z]\nneeds = ["q/b"]', 'there is no task "q/b"', 'did you mean "q/a"?'),
        (included(("wide.toml", "q/")) + "\n[run]\njobs = 1", '2:12: task "q/a" needs 2 slots', "raise"),
        (included(("bad.toml", "q/")) + '\n[tasks.z]\nneeds = ["q/b"]', "bad.toml:2:1: unknown key", ""),
    ],
)
def test_what_is_wrong_is_said_once_where_it_is(tmp_path: Path, text: str, said: str, hint: str):
    task = "[tasks.a]\nrun = 'x'"
    loop = included(("main.toml", "m/"))
    main = write(tmp_path, qc=task, wide=f"{task}\nslots = 2", loop=loop, bad=f"nonsense = 1\n{task}", main=text)
    with pytest.raises(GraphError) as caught:
        load(main)
    assert said in str(caught.value)
    assert hint in str(caught.value)
    assert len(caught.value.problems) == 1


def test_a_large_matrix_in_many_files_is_refused_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dagtui.graph.includes.MOST_NODES", 2_000)  # in place of 2,000,000, to be quick
    axes = ", ".join(f"x{axis} = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]" for axis in range(2))
    text = f"[tasks.a]\nmatrix = {{ {axes} }}"
    entries = included(*[("wide.toml", f"a{number}/") for number in range(100)])
    main = write(tmp_path, wide=text, main=entries)
    with pytest.raises(GraphError, match="have more than 2,000 nodes") as caught:
        load(main)
    assert len(caught.value.problems) == 1


def test_files_that_multiply_are_refused_soon(tmp_path: Path):
    for number in range(12):
        name = f"{number + 1}.toml"
        (tmp_path / f"{number}.toml").write_text(f"version = 1\n{included((name, 'a/'), (name, 'b/'), (name, 'c/'))}\n")
    (tmp_path / "12.toml").write_text('version = 1\n[params]\nx = { default = 1 }\n[tasks.a]\nrun = "x"\n')
    began = time.process_time()
    with pytest.raises(GraphError, match="more than 200 included files"):
        load(tmp_path / "0.toml")
    assert required_parameters(tmp_path / "0.toml") == ()
    assert time.process_time() - began < 20


def test_a_problem_of_a_file_that_is_included_twice_is_reported_once(tmp_path: Path):
    twice = 'include = [{ path = "c.toml", prefix = "a/" }, { path = "c.toml", prefix = "b/" }]'
    main = write(tmp_path, main=twice, c='[tasks.y]\nrun = "x"\nneds = ["z"]\nneeds = ["nope"]')
    with pytest.raises(GraphError) as caught:
        load(main)
    assert [problem.line for problem in caught.value.problems] == [4, 5]


def test_edited_contents_are_read_in_place_of_those_on_disk(tmp_path: Path):
    main = write(
        tmp_path,
        main='include = [{ path = "deep/x.toml", prefix = "d/" }]\n[tasks.a]\nrun = "true"\n',
        deep__x='[tasks.b]\nrun = "true"\n',
    )
    (tmp_path / "link.toml").symlink_to(main)
    new = b'version = 1\n[tasks.c]\nrun = "true"\n'
    inner = load(tmp_path / "link.toml", edited={str(tmp_path / "deep/x.toml"): new})
    assert inner.labels == ["d/c", "a"]
    assert list(inner.sources.values()) == [digest_of(new)]
    outer = load(tmp_path / "link.toml", edited={str(main): new})
    assert (outer.labels, outer.digest) == (["c"], digest_of(new))
    assert main.read_bytes() != new
