"""Each key of a task, of the defaults and of the top of the file: what it means for the graph."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from graph.sources import graph_of, task_of

from dagtui.graph.loading import load, load_text
from dagtui.graph.model import ArgumentList, PythonCall, RetryPolicy, ShellCommand, Trigger
from dagtui.graph.run_settings import RunSettings

_NEED_PARENTS = {Trigger.NONE_FAILED_MIN_ONE_SUCCESS, Trigger.ANY_SUCCESS, Trigger.ANY_FAILED}


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ('run = "make"', "action", ShellCommand("make")),
        ('run = ["make", "-j", ""]', "action", ArgumentList(("make", "-j", ""))),
        ('call = "a.b:f"', "action", PythonCall("a.b:f", {})),
        (
            'call = "a:f"\nargs = { x = 1, y = [true, { z = "t" }] }',
            "action",
            PythonCall("a:f", {"x": 1, "y": [True, {"z": "t"}]}),
        ),
        ("", "action", None),
        ('group = "data/raw"', "group", "data/raw"),
        ('group = ""', "group", ""),
        ('doc = "two\\nlines"', "doc", "two\nlines"),
        ('cwd = "sub"', "cwd", "sub"),
        ("", "cwd", "."),
        (
            'env = { A = "x", I = 1, F = 1.5, T = true }',
            "env",
            {"A": "x", "I": "1", "F": "1.5", "T": "true"},
        ),
        ('shell = ["bash", "-c"]', "shell", ("bash", "-c")),
        ('shell = ["python3"]', "shell", ("python3",)),
        ("", "shell", None),
        ("", "retry", RetryPolicy()),
        ("retries = 3", "retry", RetryPolicy(3)),
        ('retries = 3\nretry_delay = "2s"', "retry", RetryPolicy(3, delay=2)),
        (
            'retries = 4\nretry = { delay = "2s", backoff = 2.0, max_delay = "1m", jitter = 0.2, exit_codes = [7] }',
            "retry",
            RetryPolicy(4, 2, 2, 60, 0.2, (7,)),
        ),
        ('retries = 1\nretry_delay = "2h"', "retry", RetryPolicy(1, 7200, max_delay=7200)),
        ('timeout = "1m"', "timeout", 60),
        ("timeout = 0.5", "timeout", 0.5),
        ("", "timeout", None),
        ("grace = 0", "grace", 0),
        ("", "grace", 5),
        ("slots = 3", "slots", 3),
        ("", "trigger", Trigger.ALL_SUCCESS),
        *[(f'trigger = "{trigger.value}"', "trigger", trigger) for trigger in Trigger if trigger not in _NEED_PARENTS],
        ("default = false", "default", False),
        ("", "default", True),
        ("allow_failure = true", "allow_failure", True),
        ("", "allow_failure", False),
        (
            'retries = 1\nretry = { exit_codes = [137, "timeout", "lost", 137] }',
            "retry",
            RetryPolicy(1, exit_codes=(137, "timeout", "lost")),
        ),
        ("tty = true", "tty", True),
        ("", "tty", False),
        ("colour = true", "colour", True),
        ("", "colour", False),
        ('wrap = ["nice", "-n", "{{ env.HOME }}"]', "wrap", ("nice", "-n", "{{ env.HOME }}")),
        ("", "wrap", ()),
    ],
)
def test_a_key_of_a_task(body: str, field: str, value: object):
    assert getattr(task_of(body), field) == value


@pytest.mark.parametrize("trigger", Trigger)
def test_a_trigger_of_a_task_with_parents(trigger: Trigger):
    text = f'version = 1\n[tasks.a]\nrun = "x"\n[tasks.b]\nrun = "x"\nneeds = ["a"]\ntrigger = "{trigger.value}"\n'
    assert load_text(text, "graph.toml").tasks[1].trigger is trigger


@pytest.mark.parametrize(
    ("defaults", "body", "field", "value"),
    [
        ('timeout = "1m"', "", "timeout", 60),
        ('timeout = "1m"', "timeout = 5", "timeout", 5),
        ('env = { A = "1", B = "1" }', 'env = { B = "2" }', "env", {"G": "0", "A": "1", "B": "2"}),
        ('env = { G = "1" }', "", "env", {"G": "1"}),
        ('run = "x"', "", "action", ShellCommand("x")),
        ('run = "x"', 'call = "a:f"', "action", PythonCall("a:f", {})),
        ('call = "a:f"\nargs = { x = 1 }', 'run = "x"', "action", ShellCommand("x")),
        ('call = "a:f"\nargs = { x = 1 }', "args = { y = 2 }", "action", PythonCall("a:f", {"y": 2})),
        ("retries = 2", "", "retry", RetryPolicy(2)),
        ('retries = 2\nretry_delay = "2s"', 'retry = { delay = "3s" }', "retry", RetryPolicy(2, 3)),
        ('retries = 2\nretry_delay = "2s"', "retry = { jitter = 0.5 }", "retry", RetryPolicy(2, 2, jitter=0.5)),
        ('retries = 2\nretry = { delay = "2s" }', 'retry_delay = "3s"', "retry", RetryPolicy(2, 3)),
        ('retries = 2\nretry = { delay = "2s" }', "retry = { backoff = 2 }", "retry", RetryPolicy(2, 1, 2)),
        ('shell = ["bash", "-c"]', "", "shell", ("bash", "-c")),
        ('trigger = "all_done"', "", "trigger", Trigger.ALL_DONE),
        ("colour = true", "", "colour", True),
        ("colour = true", "colour = false", "colour", False),
        ('wrap = ["nice"]', "", "wrap", ("nice",)),
        ('wrap = ["nice"]', "wrap = []", "wrap", ()),
    ],
)
def test_defaults_are_replaced_and_variables_merge(defaults: str, body: str, field: str, value: object):
    task = task_of(body, f'[env]\nG = "0"\n[defaults]\n{defaults}')
    expected = value if field != "env" else {"G": "0", **value}
    assert getattr(task, field) == expected


def test_needs_and_matrix_of_the_defaults():
    graph = graph_of('[defaults]\nneeds = ["first"]\nmatrix = { x = [1, 2] }\n[tasks.first]\nneeds = []\n[tasks.a]\n')
    assert graph.labels == ["first[x=1]", "first[x=2]", "a[x=1]", "a[x=2]"]
    assert [graph.parent_count(node) for node in range(4)] == [0, 0, 2, 2]


def test_the_top_of_the_file():
    graph = graph_of('name = "reads"\n[params]\ns = 2\n[run]\njobs = 3\nkeep_going = false\n[tasks.a]\nslots = 3\n')
    assert (graph.name, graph.params, graph.settings) == ("reads", {"s": 2}, RunSettings(3, keep_going=False))


def test_defaults_of_the_top_of_the_file(tmp_path: Path):
    path = tmp_path / "some.graph.toml"
    path.write_text("version = 1\n[tasks.a]\n")
    graph = load(str(path))
    assert (graph.name, graph.params, graph.settings) == ("some.graph", {}, RunSettings())
    assert (graph.path, graph.directory) == (path, tmp_path)


def test_the_directory_is_absolute():
    assert load_text("version = 1\n[tasks.a]\n", "sub/demo.toml").directory == Path.cwd() / "sub"


@pytest.mark.parametrize(
    ("default", "given", "value"),
    [
        ('"x"', "12", "12"),
        ('"x"', "", ""),
        ("2", "+4", 4),
        ("2", "-4", -4),
        ("0.5", "4", 4.0),
        ("0.5", ".5e1", 5.0),
        ("0.5", "-inf", -float("inf")),
        ("true", "False", False),
        ("false", "true", True),
    ],
)
def test_a_given_parameter_is_read_as_its_default(default: str, given: str, value: object):
    graph = graph_of(f"[params]\np = {default}\n[tasks.a]\n", {"p": given})
    assert graph.params == {"p": value}
    assert type(graph.params["p"]) is type(value)


@pytest.mark.parametrize(
    "name", ["a.b", "a-b", "a b", "größe", "名前", "[x]", "a[b=1]", "'", '"', "{{ x }}", "-", "→", "x" * 200]
)
def test_names_are_any_printable_text(name: str):
    written = name.replace('"', '\\"')
    graph = graph_of(f'[tasks."{written}"]\n[tasks.after]\nneeds = ["{written}"]\n')
    assert graph.labels == [name, "after"]
    assert list(graph.parents(1)) == [0]


def test_lines_of_the_headers():
    body = """
[tasks.a]
doc = '''
[tasks.b]
'''  # ''' [tasks.c]
x = "\\"#"  #
  [ tasks . 'b' ]
[tasks.b.matrix]
x = [
  [1],
]
["tasks"."c\\u0064"]
""".replace('x = "\\"#"', 'cwd = "\\"#"').replace("[1]", "1")
    graph = graph_of(body)
    assert {task.name: task.line for task in graph.tasks} == {"a": 3, "b": 8, "cd": 13}


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("tasks.a.run = 'x'\ntasks.b.run = 'x'\n", [2, 3]),
        ("tasks = { a = {}, b = {} }\n", [2, 2]),
        ("[tasks]\na = {}\nb.run = 'x'\n", [3, 4]),
        ("[tasks.a.env]\nX = 1\n[tasks.b]\n", [2, 4]),
    ],
)
def test_lines_of_tasks_without_headers(body: str, lines: list[int]):
    assert [task.line for task in graph_of(body).tasks] == lines


def test_line_ends_and_byte_order_mark_of_other_systems():
    graph = load_text(b"\xef\xbb\xbfversion = 1\r\n[tasks.a]\r\nrun = '''x\r\ny'''\r\n", "demo.toml")
    assert graph.task(0).action == ShellCommand("x\ny")
    assert graph.task(0).line == 2


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_collection_is_as_it_was(enabled: bool):
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        graph_of("[tasks.a]")
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()
