"""One cause, one error: what follows from an error is not told beside it."""

from __future__ import annotations

import pytest
from graph.sources import problems_of

from dagtui.graph.errors import GraphError
from dagtui.graph.loading import load_text

ONCE = {
    "a parameter": ('[params]\nfiles = [["a"]]\n[tasks.a]\nrun = "x {{ params.files }}"', 'of "files" must be'),
    "a parameter in needs": (
        '[params]\ns = [[1]]\n[tasks.t]\nmatrix = { x = [1] }\n[tasks.a]\nneeds = ["t[x={{ params.s }}]"]',
        'an element of "s" must be',
    ),
    "all parameters": ('params = 1\n[tasks.a]\nrun = "x {{ params.files }}"', '"params" must be a table'),
    "misspelt parameters": ('[parms]\nfiles = 1\n[tasks.a]\nrun = "x {{ params.files }}"', 'unknown key "parms"'),
    "a name of a parameter": ('[params]\n"\\n" = 1\n[tasks.a]', "the name of a parameter"),
    "a task": (
        '[tasks]\nb = "make"\n[tasks.a]\nneeds = ["b"]\nrun = "{{ needs.b.status }}"',
        'task "b" must be a table',
    ),
    "a task at the top": ('[b]\nrun = "x"\n[tasks.a]\nneeds = ["b"]', 'unknown table "b"'),
    "a task of a dotted name": ('[tasks.b.c]\nrun = "x"\n[tasks.a]\nneeds = ["b.c"]', 'has a table "c"'),
    "a name of a task": ('[tasks."b\\n"]\n[tasks.a]\nneeds = ["b\\n"]', "the name of a task"),
    "all tasks": ('[task.a]\nrun = "x"', 'unknown key "task"'),
    "all tasks as a list": ('[[tasks]]\nname = "a"', '"tasks" must be a table'),
    "an unknown parent and its status": (
        '[tasks.fetch]\n[tasks.a]\nneeds = ["fetsh"]\nrun = "{{ needs.fetch.status }}"',
        'there is no task "fetsh"',
    ),
    "needs in another word": (
        '[tasks.b]\n[tasks.a]\ndepends_on = ["b"]\ntrigger = "any_failed"\nrun = "{{ needs.b.status }}"',
        'unknown key "depends_on"',
    ),
    "needs that are no list": (
        '[tasks.b]\n[tasks.a]\nneeds = "b"\ntrigger = "any_failed"\nrun = "{{ needs.b.status }}"',
        '"needs" must be an array',
    ),
    "needs of the defaults": (
        '[tasks.b]\nneeds = []\n[defaults]\nneeds = "b"\n[tasks.a]\ntrigger = "any_failed"',
        '"needs" must be an array',
    ),
    "needs of the children": ('[tasks.b]\ndownstream = ["a"]\n[tasks.a]\ntrigger = "any_failed"', 'key "downstream"'),
    "a matrix in another word": (
        '[tasks.b]\nmatirx = { x = [1] }\nrun = "{{ matrix.x }}"\n[tasks.a]\nneeds = ["b[x=1]"]',
        'unknown key "matirx"',
    ),
    "a function": ('[tasks.a]\ncall = "f"\nargs = { x = 1 }', '"call" must be a function'),
    "a variable": ('[env]\nA = []\n[tasks.a]\nrun = "echo {{ env.A }}"', '"env.A" must be a string'),
    "a variable of a task": ('[tasks.a]\nenv = { A = [] }\nrun = "echo {{ env.A }}"', '"env.A" must be a string'),
    "all variables": ('env = 1\n[tasks.a]\nrun = "echo {{ env.A }}"', '"env" must be a table'),
    "all variables of a task": ('[tasks.a]\nenv = 1\nrun = "echo {{ env.A }}"', '"env" must be a table'),
    "variables in another word": (
        '[tasks.a]\nenvironment = { A = "1" }\nrun = "echo {{ env.A }}"',
        'unknown key "environment"',
    ),
    "slots": ("[run]\njobs = 'x'\n[tasks.a]\nslots = 0", None),
    "a delay": ('[tasks.a]\nretry = { delay = "x", max_delay = 1 }\nretry_delay = 1', '"retry.delay"'),
    "two names in one": ('[tasks.b]\n[tasks.c]\n[tasks.a]\nneeds = ["b, c"]', 'there is no task "b, c"'),
    "another version": ("version = 2\n[steps]\nx = 1\n[tasks.a]\nafter = 1", "only version 1 is supported"),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_follows_from_an_error_is_not_told(name: str):
    body, said = ONCE[name]
    text = body if body.startswith("version") else f"version = 1\n{body}"
    with pytest.raises(GraphError) as caught:
        load_text(text, "demo.toml", environment={})
    if said is None:
        assert len(caught.value.problems) == 2  # two causes
        return
    (problem,) = caught.value.problems
    assert said in problem.message


def test_what_does_not_follow_is_told():
    body = '[params]\nfiles = [["a"]]\n[tasks.a]\nrun = "x {{ params.files }} {{ params.other }}"\nneeds = ["gone"]'
    assert [problem.line for problem in problems_of(body)] == [3, 5, 6]


def test_a_parameter_that_is_given_for_a_wrong_one():
    assert len(problems_of('[params]\nfiles = [["a"]]\n[tasks.a]', {"files": "x"})) == 1
    assert len(problems_of("params = 1\n[tasks.a]", {"files": "x"})) == 1


@pytest.mark.parametrize(
    ("run", "hint"),
    [
        ('["echo a", "echo b"]', r'write one string, "echo a\necho b", or a task for each'),
        ('["make all"]', 'write run = "make all", or ["make", "all"]'),
        ('["python train.py", "--n", "3"]', '["python", "train.py", "--n", "3"]'),
        ('["./run.sh --fast", "x"]', '["./run.sh", "--fast", "x"]'),
        ('["cd sub", "make"]', r'"cd sub\nmake"'),
        ('["echo \\"a b\\""]', "write run = "),
        ('["cat x | wc"]', "write run = "),
        ('["echo {{ params.x }}"]', 'write run = "echo {{ params.x }}", or ["echo", "{{ params.x }}"]'),
    ],
)
def test_a_command_line_in_a_list(run: str, hint: str):
    (problem,) = problems_of(f"params = {{ x = 1 }}\n[tasks.a]\nrun = {run}")
    assert problem.message == 'an element of "run" is a command line, not a program'
    assert hint in problem.hint


@pytest.mark.parametrize("run", ['["echo", "&&", "ls"]', '["make", "||", "true"]'])
def test_an_operator_of_a_shell_in_a_list(run: str):
    (problem,) = problems_of(f"[tasks.a]\nrun = {run}")
    assert problem.message == 'an element of "run" is a shell operator, but a list runs without a shell'


@pytest.mark.parametrize(
    "run",
    [
        *[
            '["/opt/my tools/run", "x"]',
            '["bash", "-c", "echo a && echo b"]',
            '["make", "build all"]',
            '["{{ params.x }}"]',
        ],
        *['["{{ params.x }}/bin/x", "a"]', '["expr", "1", "|", "0"]', '["find", ".", "-exec", "rm", "{}", ";"]'],
        *['["/opt/Some App"]', '["test", "a", ">", "b"]'],
    ],
)
def test_a_program_and_its_arguments(run: str):
    load_text(f"version = 1\nparams = {{ x = 1 }}\n[tasks.a]\nrun = {run}", "demo.toml")
