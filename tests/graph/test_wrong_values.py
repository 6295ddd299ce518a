"""Each key with each wrong value: one error that says what is wrong, where, and how to mend it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.check import examples
from dagtui.graph.errors import GraphError
from dagtui.graph.keys import DOCUMENT, INCLUDE, MATRIX_KEYS, PARAMETER, RETRY, RUN, TASK
from dagtui.graph.loading import load_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.errors import Problem
    from dagtui.graph.keys import Key

VALUES = r"""
1
-1
9999999999999999999999
1.5
nan
inf
true
"x"
""
" "
"\u0007"
"{{ x"
"{{ nope.x }}"
"2 parsecs"
"{{ params.nope }}"
"{{ needs.nope.outputs.k }}"
"{{ matrix.nope }}"
"{{ run.verdict }}"
"params.nope == 1"
"nope[x=1]"
["nope[x=1]"]
["t"]
["{{ params.nope }}"]
["nope*"]
["nope/"]
["nope.toml#a"]
["a", "b/../../c", "/d/"]
[]
["x"]
["x", "x"]
[""]
["\u0007"]
[1]
[true]
[[]]
{}
{ x = 1 }
{ x = [1] }
{ x = {} }
{ "" = 1 }
[{}]
[{ x = [1] }]
2026-01-01
12:00:00
""".strip().splitlines()

_WITH = dict.fromkeys(TASK, "") | {"args": 'call = "a:f"', "choices": 'ask = "Go on?"'}
_IN_TASK = {
    "a task": [f"[tasks.t]\n{_WITH[key]}\n{key} = VALUE" for key in TASK],
    "the defaults": [f"[defaults]\n{key} = VALUE\n[tasks.t]\n{_WITH[key]}" for key in TASK],
    "retry": [f"[tasks.t]\nretries = 1\nretry = {{ {key} = VALUE }}" for key in RETRY],
    "service": [
        '[tasks.t]\nrun = "x"\nservice = { ready = VALUE }',
        '[tasks.t]\nrun = "x"\nservice = { ready = "port 1", timeout = VALUE }',
    ],
    "a matrix": [f"[tasks.t]\nmatrix = {{ y = [1], {key} = VALUE }}" for key in [*MATRIX_KEYS, "x"]],
    "variables": ["[tasks.t]\nenv = { A = VALUE }", "[tasks.t]\n[env]\nA = VALUE"],
    "wants": ["[pools]\np = 2\n[tasks.t]\npools = { p = VALUE }"],
}
_ELSEWHERE = {
    "pools": ["[tasks.t]\n[pools]\np = VALUE"],
    "a parameter": ["[tasks.t]\n[params]\np = VALUE", *[f"[tasks.t]\n[params.p]\n{key} = VALUE" for key in PARAMETER]],
    "an include": [
        'include = [{ path = VALUE, prefix = "q/" }]\n[tasks.t]',
        'include = [{ path = "absent.toml", prefix = VALUE }]\n[tasks.t]',
    ],
    "the run": [f"[tasks.t]\n[run]\n{key} = VALUE" for key in RUN],
    "the top": [f"{key} = VALUE\n" + "[tasks.t]" * (key != "tasks") for key in DOCUMENT if key != "version"],
    "names": ['[tasks."NAME"]', '[tasks.t]\n[params]\n"NAME" = 1', '[tasks.t]\n[pools]\n"NAME" = 1'],
}


@pytest.mark.parametrize("where", [*_IN_TASK, *_ELSEWHERE])
def test_a_wrong_value_has_one_error_that_says_how_to_mend_it(where: str):
    accepted = refused = 0
    for template in (_IN_TASK | _ELSEWHERE)[where]:
        for value in VALUES if "VALUE" in template else ["", " ", "\\u0007", "x" * 201]:
            text = "version = 1\n" + template.replace("VALUE", value).replace("NAME", value)
            given = {"p": "1"} if "[params.p]" in template and "default" not in template else {}
            problems = problems_in(text, given)
            if not problems:
                accepted += 1
                continue
            refused += 1
            in_file = [problem for problem in problems if not problem.message.startswith("the parameter")]  # of -p
            places = {(problem.line, problem.column) for problem in in_file}
            assert len(in_file) == len(places) <= max(1, value.count(",") + 1), f"{text}\n{problems}"
            for problem in in_file:
                assert problem.line, f"{text}\n{problem}"
                assert problem.column, f"{text}\n{problem}"
                assert problem.excerpt, f"{text}\n{problem}"
                assert problem.hint, f"{text}\n{problem}"
    assert refused
    assert accepted or where in {"names", "an include"}


def problems_in(text: str, given: Mapping[str, str]) -> tuple[Problem, ...]:
    try:
        load_text(text, "graph.toml", given)
    except GraphError as error:
        return error.problems
    return ()


@pytest.mark.parametrize(
    ("keys", "known"),
    [
        (TASK, examples.TASK),
        (RETRY, examples.RETRY),
        (RUN, examples.RUN),
        (PARAMETER, examples.PARAMETER),
        (INCLUDE, examples.INCLUDE),
    ],
)
def test_each_key_has_an_example_that_it_accepts(keys: Mapping[str, Key], known: Mapping[str, str]):
    assert known.keys() == keys.keys()
    for name, written in known.items():
        value = tomllib.loads(f"{name} = {written.partition(', or ')[0]}")[name]
        keys[name].read(value)
