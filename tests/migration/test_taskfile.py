"""A Taskfile becomes a graph: what its tasks do as Task does it, and a remark where something is lost."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.program import call

from dagtui.graph.errors import GraphError
from dagtui.graph.expressions.templates import parse_command
from dagtui.graph.files.matching import meets
from dagtui.graph.loading import load_text
from dagtui.migration.drafts import LOST
from dagtui.migration.taskfile.taskfile import read_taskfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.files.paths import DeclaredPath
    from dagtui.graph.model import Graph

FORMS = Path(__file__).parent / "taskfile_forms"


def drafted(folder: Path, tasks: str, head: str = "") -> str:
    (folder / "Taskfile.yml").write_text(f"version: '3'\n{head}\ntasks:\n{tasks}\n", encoding="utf-8")
    return read_taskfile(folder / "Taskfile.yml").text()


def graph_of(text: str, folder: Path) -> Graph:
    return load_text(text, str(folder / "graph.toml"))


def tasks_of(text: str) -> Mapping[str, dict[str, object]]:
    return tomllib.loads(text)["tasks"]


def needs_of(text: str) -> dict[str, object]:
    return {name: table.get("needs", []) for name, table in tasks_of(text).items()}


def test_every_form_does_what_task_does(tmp_path: Path):
    """The expected texts are those that Task's own program wrote."""
    folder = tmp_path / FORMS.name
    shutil.copytree(FORMS, folder)
    (folder / "out").mkdir()
    expected = tomllib.loads((folder / "expected.toml").read_text())
    imported = call("import", "Taskfile.yml", cwd=folder)
    assert imported.returncode == 0, imported.stderr
    assert "39 of 40 tasks carried over whole, 1 place lost" in imported.stdout
    names = [*expected, "skipped", "status"]
    done = call("run", "graph.toml", *names, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {path.name: path.read_text() for path in (folder / "out").iterdir()}
    assert found == expected
    again = call("run", "graph.toml", "files", cwd=folder)
    assert "up to date" in again.stdout


def test_nothing_of_the_source_is_executed(tmp_path: Path):
    touch = f"touch {tmp_path}/executed"
    head = f"vars: {{X: {{sh: {touch}}}}}\nenv: {{Y: {{sh: {touch}}}}}"
    tasks = f"""
  a: {{if: {touch}, status: [{touch}], preconditions: [{touch}], cmds: ["{touch} {{{{.X}}}} `{touch}`"]}}
  b: {{dir: $({touch}), sources: ["$({touch})", "`{touch}`"], generates: ["$({touch})"], cmds: [x]}}
"""
    graph_of(drafted(tmp_path, tasks, head), tmp_path)
    (tmp_path / "graph.toml").unlink(missing_ok=True)
    assert call("import", "Taskfile.yml", cwd=tmp_path).returncode == 0
    assert call("check", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "executed").exists()


def test_a_call_among_commands_makes_stages_in_its_order(tmp_path: Path):
    text = drafted(
        tmp_path,
        """
  default: {cmds: [{task: first}, {task: second}]}
  first: {deps: [{task: tool, vars: {N: 1}}, tool], cmds: [echo first]}
  second: {cmds: [echo a, {task: tool}, echo b], prompt: "Sure of {{.TASK}}?"}
  tool: {cmds: ['echo {{.N}}'], aliases: [t]}
""",
    )
    assert LOST not in text
    assert needs_of(text) == {
        "first/tool": [],
        "tool": [],
        "first": ["first/tool", "tool"],
        "default/second/prompt": ["first"],
        "default/second/1": ["default/second/prompt"],
        "default/second/tool": ["default/second/1"],
        "default/second": ["default/second/tool"],
        "default": ["default/second"],
        "second/prompt": [],
        "second/1": ["second/prompt"],
        "second/tool": ["second/1"],
        "second": ["second/tool"],
        "t": ["tool"],
    }
    assert tasks_of(text)["second/prompt"]["ask"] == "Sure of second?"
    assert tasks_of(text)["first/tool"]["run"] == "echo 1"
    assert tomllib.loads(text)["run"] == {"default": ["default"]}
    assert not any(task.default for task in graph_of(text, tmp_path).tasks)


def test_files_are_inputs_and_outputs_unless_they_would_order_tasks(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "in.txt").touch()
    text = drafted(
        tmp_path,
        """
  build: {sources: [in.txt, docs, gone.txt, "src/**/*.{c,h}", "odd#1"], generates: [out/a], cmds: [x]}
  always: {method: none, sources: [in.txt], cmds: [x]}
  reads: {sources: [out/a], cmds: [x]}
  after: {deps: [build], sources: [out/a], generates: [b], cmds: [x]}
  same: {sources: [in.txt], generates: [in.txt], cmds: [x]}
  clash: {sources: [in.txt], generates: [b], cmds: [x]}
  beside: {sources: [in.txt], status: ["test -e b"], cmds: [x]}
  leaves: {sources: [in.txt, {exclude: in.md}], cmds: [x]}
""",
    )
    tasks = tasks_of(text)
    wanted = ["in.txt", "docs/", "[g]one.txt", "src/**/*.c", "src/**/*.h", "[o]dd[#]1"]
    assert (tasks["build"]["inputs"], tasks["build"]["outputs"]) == (wanted, ["out/a"])
    assert (tasks["after"]["inputs"], tasks["after"]["outputs"]) == (["out/[a]"], ["b"])
    assert [name for name, table in tasks.items() if "inputs" not in table] == [
        "always",
        "reads",
        "same",
        "clash",
        "beside",
    ]
    assert text.count(LOST) == 5
    assert "test -e b" not in text, "what its status calls up to date would not be by its sources"
    graph_of(text, tmp_path)


def test_variables_that_are_one_word_are_parameters(tmp_path: Path):
    head = """
vars: {A: one, N: 3, WORDS: two words, USED_IN_IF: x, MADE: "{{.A}}/b"}
env: {E: "value {{.A}}", QUOTED: "it's"}
dotenv: [a.env, "{{.A}}.env", "{{.HOME}}/b.env"]
"""
    text = drafted(
        tmp_path,
        """
  a: echo {{.A}} '{{.N}}' "{{.MADE}}" {{.WORDS}} {{if eq .USED_IN_IF "x"}}yes{{end}} $(( {{.N}} ))
  b: {cmds: ['run {{.CLI_ARGS}}'], interactive: true, desc: "Runs {{.A}}", env: {OWN: own}}
  c: docker run -it image
  d: {dir: "{{.HOME}}/x", cmds: [docker build -t name .]}
""",
        head,
    )
    document = tomllib.loads(text)
    assert LOST not in text
    assert document["params"]["N"] == 3
    assert "A" not in document["params"], "the name of a file depends on it"
    assert "USED_IN_IF" not in document["params"]
    assert document["env"] == {"E": '{{ env.E or "value one" }}', "QUOTED": '{{ env.QUOTED or "it\'s" }}'}
    assert document["run"]["env_file"] == ["~/b.env?", "one.env?", "a.env?"]
    tasks = document["tasks"]
    assert tasks["a"]["run"] == """echo one '{{ params.N }}' "one/b" two words yes $(( 3 ))"""
    assert tasks["b"] == {
        "doc": "Runs one",
        "default": False,
        "run": "run {{ params.CLI_ARGS }}",
        "env": {"OWN": '{{ env.OWN or "own" }}'},
        "tty": True,
    }
    assert tasks["c"]["tty"] is True
    assert "tty" not in tasks["d"]
    graph_of(text, tmp_path)


def test_what_a_call_requires_is_said_before_its_commands(tmp_path: Path):
    drafted(tmp_path, "  a: {requires: {vars: [NEEDED]}, cmds: ['echo got {{.NEEDED}}']}")
    assert call("import", "Taskfile.yml", cwd=tmp_path).returncode == 0
    assert call("check", cwd=tmp_path).returncode == 0
    failed = call("run", "graph.toml", "a", cwd=tmp_path)
    assert "NEEDED: is required: set it in the environment" in failed.stdout
    assert call("run", "graph.toml", "a", cwd=tmp_path, env={**os.environ, "NEEDED": "it"}).returncode == 0


@pytest.mark.parametrize(
    ("task", "lost"),
    [
        ("{cmds: ['{{.X | sha256sum}}']}", "cmds: the function sha256sum of a value that only the shell knows"),
        ("{cmds: [{task: none}]}", "cmds: there is no task none"),
        ("{deps: [none], cmds: [x]}", "deps: there is no task none"),
        ("{cmds: [{task: a}]}", "a: a calls itself"),
        ("{cmds: [x], watch: true}", "watch: dagtui has no word for it here"),
        ("{cmds: [x], dotenv: [.env]}", "dotenv of a task: variables of its files are not set"),
        ("{cmds: ['{{.X']}", "cmds: the template {{.X"),
        ("{cmds: ['{{if .X}}y']}", "cmds: if in a template without its end"),
        ("{cmds: [{for: [1, 2]}, {for: {odd: 1}, cmd: x}]}", "cmds: a for that is not a list"),
        ("{cmds: [{task: '{{.X}}'}]}", "cmds: ${X}: only the shell knows it"),
        ("{cmds: [x], sources: ['{{.X}}']}", "sources: it runs each time: ${X}: only the shell knows it"),
        ("{cmds: [{cmd: x, timeout: 5s}]}", "cmds: the timeout of a command"),
        ('{cmds: [x], sources: ["a\\e"]}', "sources: it runs each time: "),
        ('{"cmds": [{"task": "odd\\n[tasks.evil]"}]}', "cmds: there is no task odd\n#   [tasks.evil]"),
    ],
)
def test_what_is_lost_is_said_and_fails_where_it_is(tmp_path: Path, task: str, lost: str):
    text = drafted(tmp_path, f"  well: 'true'\n  a: {task}")
    assert f"{LOST} {lost}" in text
    assert {task.name for task in graph_of(text, tmp_path).tasks} == {"well", "a"}


def test_a_command_that_is_lost_fails(tmp_path: Path):
    text = drafted(tmp_path, "  a: {cmds: [echo one, 'echo {{.X | sha256sum}}', echo two]}")
    assert tasks_of(text)["a"]["run"] == "echo one\necho 'this command was not carried over' >&2\nexit 1\necho two"


def test_a_pattern_is_carried_for_its_calls_only(tmp_path: Path):
    text = drafted(tmp_path, "  say-*: 'echo {{index .MATCH 0}}'\n  a: {cmds: [{task: say-hi}]}")
    assert tasks_of(text)["a/say--"]["run"] == "echo hi"
    assert f"{LOST} the name say-* is a pattern" in text


INCLUDES = "version: '3'\nincludes: {x: %s}\ntasks: {a: x}\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"Taskfile.yml": "version: '3'\ntasks:\n  a: [1\n  b: 2"}, "Taskfile.yml: line 4, column "),
        ({"Taskfile.yml": "version: '2'\ntasks: {a: x}"}, "its version is 2: only Taskfiles of version 3 can be read"),
        ({"Taskfile.yml": "tasks: {a: x}"}, "it has no version: only Taskfiles of version 3 can be read"),
        ({"Taskfile.yml": "- 1"}, 'it has no table "tasks"'),
        ({"Taskfile.yml": "version: 3\ntasks: {}"}, 'it has no table "tasks"'),
        ({"Taskfile.yml": "version: 3\ntasks: [a]"}, 'its "tasks" is not a table'),
        ({"Taskfile.yml": "version: 3\nx: " + "[" * 5000}, "Taskfile.yml: "),
        ({"Taskfile.yml": "#" * (10 * 1024**2)}, "it holds more than 4 MB"),
        ({"Taskfile.yml": INCLUDES % "b.yml", "b.yml": INCLUDES % "Taskfile.yml"}, "include each other: "),
        ({"Taskfile.yml": INCLUDES % "b.yml", "b.yml": "version: '3'\ntasks: ["}, "b.yml: line 3, column "),
    ],
)
def test_what_can_t_be_read_is_one_sentence(tmp_path: Path, files: Mapping[str, str], said: str):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    try:
        read_taskfile(tmp_path / "Taskfile.yml")
    except ValueError as error:
        message = f"Taskfile.yml: {error}"
    assert said in message
    assert "\n" not in message


def test_the_command_writes_once_and_never_without_a_graph(tmp_path: Path):
    (tmp_path / "Taskfile.yml").write_text("version: 2\n")
    refused = call("import", "Taskfile.yml", cwd=tmp_path)
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
    assert refused.stderr.startswith("dagtui: Taskfile.yml: its version is 2")
    assert not (tmp_path / "graph.toml").exists()
    drafted(tmp_path, "  a: 'true'")
    assert call("import", "Taskfile.yml", cwd=tmp_path).returncode == 0
    before = (tmp_path / "graph.toml").read_bytes()
    assert "already exists" in call("import", "Taskfile.yml", cwd=tmp_path).stderr
    assert (tmp_path / "graph.toml").read_bytes() == before


@pytest.mark.parametrize(
    "bomb",
    [
        "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)),
        "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 30)),
    ],
)
def test_aliases_end_soon(tmp_path: Path, bomb: str):
    first = "a0: &a0 {x: y}\n"
    (tmp_path / "Taskfile.yml").write_text(f"version: '3'\n{first}{bomb}tasks: {{a: *a29}}\n")
    with contextlib.suppress(ValueError):
        assert len(read_taskfile(tmp_path / "Taskfile.yml").text()) < 10_000


def test_calls_that_double_at_each_step_end_soon(tmp_path: Path):
    tasks = "".join(f"  t{n}: {{cmds: [echo, {{task: t{n + 1}}}, {{task: t{n + 1}}}]}}\n" for n in range(40))
    (tmp_path / "Taskfile.yml").write_text(f"version: '3'\ntasks:\n{tasks}  t40: x\n")
    with pytest.raises(ValueError, match="its calls make more than"):
        read_taskfile(tmp_path / "Taskfile.yml")


def test_files_of_many_tasks_are_not_compared_pair_by_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    compared = []
    from dagtui.migration.taskfile import sources

    def counting(one: DeclaredPath, other: DeclaredPath) -> bool:
        compared.append(one)
        return meets(one, other)

    monkeypatch.setattr(sources, "meets", counting)
    tasks = "".join(f"  t{n}: {{sources: [in{n}, '*.c'], generates: [out/{n}], cmds: [x]}}\n" for n in range(100))
    text = drafted(tmp_path, tasks)
    assert LOST not in text
    assert len(compared) <= 4 * 100


@given(st.text(st.sampled_from("{}ab \\'\"`$#()"), max_size=12))
@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@example("{{{{}}")
@example("${{{")
def test_literal_braces_stay_what_they_are(tmp_path: Path, command: str):
    """Each brace of the command stands in a raw string of a template."""
    template = "echo x" + command.replace("{", "{{`{`}}") + "x"
    text = drafted(tmp_path, f"  a: {{cmds: [{json.dumps(template)}]}}")
    run = str(tasks_of(text)["a"]["run"])
    assert parse_command(run, ("bash",)).parts == (f"echo x{command}x",)


KEYS = [
    *("cmds", "cmd", "deps", "vars", "env", "dir", "sources", "generates", "status", "preconditions", "if", "requires"),
    *("prompt", "for", "task", "sh", "ref", "map", "defer", "dotenv", "aliases", "set", "run", "desc", "matrix", "var"),
    *("includes", "taskfile", "internal", "platforms", "method", "ignore_error", "split", "exclude", "enum", "name"),
]
TEXTS = st.sampled_from(
    [
        *("a", "b:c", ":a", "*", "{{.X}}", "{{.X | upper}}", "{{if .X}}y{{end}}", "{{", "}}", "../up", "/abs/x", ""),
        *("{{range .X}}{{.}}{{end}}", "{{index .L 9}}", "{{splitList .X .X}}", "$(x)", "#", "sources", "once", "x/"),
        *("é\n\x1b", "'", "[tasks.a]"),
    ]
)
ANY = st.recursive(
    TEXTS | st.integers(-3, 3) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(TEXTS, st.dictionaries(st.sampled_from(KEYS), ANY, max_size=5) | ANY, max_size=3),
    st.dictionaries(st.sampled_from(["vars", "env", "dotenv", "includes", "set", "run", "method"]), ANY, max_size=3),
)
def test_any_file_makes_a_graph_or_a_sentence(tmp_path: Path, tasks: object, head: dict[str, object]):
    (tmp_path / "Taskfile.yml").write_text(yaml.safe_dump({"version": "3", "tasks": tasks, **head}), encoding="utf-8")
    with contextlib.suppress(GraphError, ValueError):  # what the command says as a sentence
        graph_of(read_taskfile(tmp_path / "Taskfile.yml").text(), tmp_path)
