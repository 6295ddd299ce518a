"""Parameters: their types, choices and text, and what -p makes of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from graph.sources import graph_of, problems_of
from support.program import call

from dagtui.graph.expressions.declared import as_given

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import ParameterValue

PARAMS = """
[params]
n = 1
rate = { default = 1, type = "float", doc = "Learning rate" }
size = { default = "s", choices = ["s", "l"] }
lane = { type = "int", doc = "Lane of the flow cell" }
level = { choices = [1, 2.5] }
names = { default = ["a"], choices = ["a", "b", "c"] }
seeds = [1, 2]
flags = { type = "list", choices = [true, false] }
free = { type = "list" }
dry = { type = "bool" }
[tasks.a]
"""
GIVEN = {"lane": "3", "level": "2.5", "flags": "true", "free": "", "dry": "FALSE"}


def value(name: str, text: str) -> ParameterValue:
    return graph_of(PARAMS, {**GIVEN, name: text}).params[name]


def test_values_in_the_order_of_the_file():
    assert dict(graph_of(PARAMS, GIVEN).params) == {
        "n": 1, "rate": 1, "size": "s", "lane": 3, "level": 2.5, "names": ("a",), "seeds": (1, 2), "flags": (True,),
        "free": (), "dry": False,
    }  # fmt: skip
    assert list(graph_of(PARAMS, GIVEN).params)[:4] == ["n", "rate", "size", "lane"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("rate", "2", 2.0),
        ("size", "l", "l"),
        ("level", "1", 1),
        ("level", "1.0", 1),
        ("names", "c,a", ("c", "a")),
        ("names", " b ", ("b",)),
        ("seeds", "3, -4", (3, -4)),
        ("seeds", "", ()),
        ("flags", "true,False", (True, False)),
        ("free", "a b,c", ("a b", "c")),
        ("free", '["a,b", "", 1, true]', ("a,b", "", "1", "true")),
        ("free", "[]", ()),
        ("free", "x=1,y=[2]", ("x=1", "y=[2]")),
        ("dry", "true", True),
    ],
)
def test_a_text_is_read_as_the_type(name: str, text: str, expected: ParameterValue):
    found = value(name, text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "text", "message", "hint"),
    [
        ("lane", "x", 'the parameter "lane" must be an integer of at most 64 bits, not "x"', "write -p lane=NUMBER"),
        ("size", "m", 'must be one of "s", "l", not "m"', 'the values are "s", "l"'),
        ("size", "L", 'must be one of "s", "l", not "L"', 'did you mean "l"?'),
        ("level", "2", 'must be one of "1", "2.5", not "2"', ""),
        ("names", "a,d", 'has the element "d", which must be one of "a", "b", "c"', ""),
        ("seeds", "1,x", 'has the element "x", which must be an integer', "write -p seeds=A,B"),
        ("free", "a,,b", 'must have no empty elements, not "a,,b"', "write a,b"),
        ("free", "[a]", 'must be a list, as it begins with "[", not "[a]"', '["a,b", "c"]'),
        ("free", "[[1]]", "must be a list of strings, numbers or booleans", ""),
        ("free", "[" * 100_000, "must be a list", ""),
        ("free", "[" + "9" * 5000 + "]", "must be a list", ""),
        ("free", "x," * 100_000 + "x", "at most 100,000 elements", ""),
        ("dry", "yes", "must be true or false", "write -p dry=true"),
        ("siz", "l", 'there is no parameter "siz"', 'did you mean "size"?'),
    ],
)
def test_what_is_said_of_a_wrong_text(name: str, text: str, message: str, hint: str):
    (problem,) = problems_of(PARAMS, {**GIVEN, name: text})
    assert message in problem.message
    assert hint in problem.hint


def test_what_is_missing_wrong_and_unknown_is_in_one_report():
    body = PARAMS + 'run = "{{ params.lane }} {{ params.level }} {{ params.oops }}"\n'
    said = [str(problem) for problem in problems_of(body, {"size": "m", "siz": "l", "flags": "false", "free": "a"})]
    assert [text.splitlines()[0].removeprefix("demo.toml").lstrip(":") for text in said] == [
        ' the parameter "size" must be one of "s", "l", not "m"',
        ' there is no parameter "siz"',
        '7:1: the parameter "lane" must be given: Lane of the flow cell',
        '8:1: the parameter "level" must be given',
        '13:1: the parameter "dry" must be given',
        '15:45: "{{ params.oops }}": there is no parameter "oops"',
    ]
    assert said[2].endswith("write -p lane=NUMBER")
    assert said[3].endswith('write -p level=VALUE; the values are "1", "2.5"')


WRONG = [
    ("{}", "{}", '"p" must not be empty', 'write { default = "a" }'),
    ("{ default = {} }", "{}", '"p.default" must be a string, a number or a boolean, not a table', ""),
    ("{ default = [[1]] }", "[1]", 'an element of "p.default" must be a string', ""),
    ("{ default = 2020-01-01 }", "2020-01-01", "not a date", "in quotation marks"),
    ("{ default = 0x8000000000000000 }", "0x8000000000000000", "must fit in 64 bits", ""),
    ("{ type = 1 }", "1", '"p.type" must be a string', ""),
    ("{ type = 'integer' }", "'integer'", '"p.type" names an unknown type', 'did you mean "int"?'),
    ("{ type = 'flaot' }", "'flaot'", "names an unknown type", 'did you mean "float"?'),
    ("{ type = 'json' }", "'json'", "names an unknown type", "the types are str, int, float, bool, list"),
    ("{ type = 'int', default = 'x' }", "'x'", '"p.default" must be an integer, not a string', ""),
    ("{ type = 'int', default = 1.5 }", "1.5", '"p.default" must be an integer, not a float', ""),
    ("{ type = 'int', default = [1] }", "[1]", "must be an integer, not an array", 'write type = "list"'),
    ("{ type = 'list', default = 1 }", "1", "must be a list, not an integer", ""),
    ("{ choices = 1 }", "1", '"p.choices" must be an array', 'write ["a", "b"]'),
    ("{ choices = [] }", "[]", '"p.choices" must not be empty', "leave it out"),
    ("{ choices = [1, 1] }", "1", "repeats", "remove it"),
    ("{ choices = ['a', 1] }", "1", 'an element of "p.choices" must be a string, not an integer', ""),
    ("{ choices = ['a', []] }", "[]", 'an element of "p.choices" must be a string, a number', ""),
    ("{ type = 'int', choices = ['a'] }", "'a'", "must be an integer, not a string", ""),
    ("{ default = 'c', choices = ['a', 'b'] }", "'c'", "is not one of the choices", 'the choices are "a", "b"'),
    ("{ default = ['c'], choices = ['a', 'b'] }", "'c'", "is not one of the choices", ""),
    ("{ doc = 1 }", "1", '"p.doc" must be a string', ""),
    ("{ default = 1, required = true }", "required", 'unknown key "required"', 'leave "default" out'),
    ("{ default = 1, options = [1] }", "options", 'unknown key "options"', 'did you mean "choices"?'),
    ("{ default = 1, choice = [1] }", "choice", 'unknown key "choice"', 'did you mean "choices"?'),
    ("{ default = 1, Type = 'int' }", "Type", 'unknown key "Type"', 'did you mean "type"?'),
    ("{ default = 1, run = 'x' }", "run", 'unknown key "run"', "the keys here are default, type, choices, doc"),
]


@pytest.mark.parametrize(("text", "marked", "message", "hint"), WRONG)
def test_what_is_said_of_a_wrong_declaration(text: str, marked: str, message: str, hint: str):
    (problem,) = problems_of(f'[params]\np = {text}\n[tasks.a]\nrun = "{{{{ params.p }}}}"\n', {"p": "1"})
    assert message in problem.message
    assert hint in problem.hint
    before, width = problem.mark
    assert (problem.line, problem.excerpt[before : before + width]) == (3, marked)


def test_check_plan_and_run_say_the_same_before_anything_runs(tmp_path: Path):
    path = tmp_path / "g.toml"
    path.write_text('version = 1\n[params]\nlane = { type = "int" }\n[tasks.a]\nrun = "touch {{ params.lane }}"\n')
    for words in (["check"], ["plan"], ["run"], []):
        done = call(*words, path, stdin=subprocess.DEVNULL)
        assert done.returncode == 2
        assert 'g.toml:3:1: the parameter "lane" must be given' in done.stderr
        assert "write -p lane=NUMBER" in done.stderr
    assert list(tmp_path.iterdir()) == [path]
    assert call("run", path, "-p", "lane=7", stdin=subprocess.DEVNULL).returncode == 0
    assert (tmp_path / "7").exists()


@pytest.mark.parametrize("name", ["n", "size", "lane", "level", "names", "seeds", "flags", "free", "dry"])
def test_a_value_is_read_again_from_its_text(name: str):
    params = graph_of(PARAMS, {**GIVEN, "free": '["a,b", "", "[", "ü"]', "seeds": "3,4"}).params
    assert value(name, as_given(params[name])) == params[name]


def test_nodes_of_an_ended_run_are_rerun_with_its_parameters(tmp_path: Path):
    params = '[params]\nlane = { type = "int" }\nnames = { type = "list" }\n'
    text = f'version = 1\n{params}[tasks.a]\nrun = "echo {{{{ params.lane }}}} {{{{ params.names }}}} >> out"\n'
    (tmp_path / "g.toml").write_text(text)

    assert call("run", "g.toml", "-p", "lane=7", "-p", "names=x,y z", cwd=tmp_path).returncode == 0
    done = call("rerun", "g.toml", "a", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").read_text() == "7 x y z\n" * 2
