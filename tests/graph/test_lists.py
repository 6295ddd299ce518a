"""Lists among the parameters: words of a shell line, arguments of a program, axes of a matrix."""

from __future__ import annotations

import subprocess

import pytest
import tomli_w
from graph.sources import graph_of, problems_of
from hypothesis import given, settings
from hypothesis import strategies as st

from dagtui.graph.definition import changed_parts
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load_text
from dagtui.graph.model import Action, ArgumentList, PythonCall, ShellCommand
from dagtui.graph.redacted import redacted
from dagtui.graph.resolution import ResolutionError, Resolver
from dagtui.graph.secrets import find_secrets

HEAD = 'params = { l = ["a", "b c", "it\'s"], n = [1, 2.5, true], none = [], s = "x" }\n'


def action_of(body: str, parameters: dict[str, str] | None = None) -> Action:
    graph = graph_of(f"{HEAD}[tasks.a]\n{body}\n", parameters)
    return Resolver(graph, {"HOME": "/"}).resolve(0, str).action


@pytest.mark.parametrize(
    ("body", "action"),
    [
        ('run = "x {{ params.l }}"', ShellCommand("x a 'b c' 'it'\"'\"'s'")),
        ('run = "x {{ params.n }};"', ShellCommand("x 1 2.5 true;")),
        ('run = "x {{ params.none }} y"', ShellCommand("x  y")),
        ("""run = 'x {{ params.none or "d e" }}'""", ShellCommand("x 'd e'")),
        ("""run = 'x {{ params.n or "d" }}'""", ShellCommand("x 1 2.5 true")),
        ('run = "for i in {{ params.n }}; do x; done"', ShellCommand("for i in 1 2.5 true; do x; done")),
        ('run = "a=({{ params.n }})"\nshell = ["bash", "-c"]', ShellCommand("a=(1 2.5 true)")),
        ('run = "$(x {{ params.n }})|{{ params.n }}>out"', ShellCommand("$(x 1 2.5 true)|'1' '2.5' 'true'>out")),
        ('run = "x \\\\\\n{{ params.n }}\\\\\\n  y"', ShellCommand("x \\\n1 2.5 true\\\n  y")),
        ('run = "x # {{ params.l }}"', ShellCommand("x # {{ params.l }}")),
        ('run = ["x", "{{ params.l }}", "y"]', ArgumentList(("x", "a", "b c", "it's", "y"))),
        ('run = ["x", "{{ params.none }}"]', ArgumentList(("x",))),
        ('run = ["{{ params.l }}"]', ArgumentList(("a", "b c", "it's"))),
        ("""run = ["x", "{{ params.none or '' }}"]""", ArgumentList(("x", ""))),
        ('call = "a:b"\nargs = { x = "{{ params.n }}", y = ["{{ params.l }}"] }',
         PythonCall("a:b", {"x": [1, 2.5, True], "y": [["a", "b c", "it's"]]})),
    ],
)  # fmt: skip
def test_what_a_list_stands_for(body: str, action: Action):
    assert action_of(body) == action


def test_a_variable_gets_the_elements_with_spaces_between():
    graph = graph_of(f'{HEAD}[tasks.a]\nenv = {{ N = "{{{{ params.n }}}}", E = "{{{{ params.none }}}}" }}\nrun = "x"')
    assert Resolver(graph, {}).resolve(0, str).env == {"N": "1 2.5 true", "E": ""}


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("run = '''x \"{{ params.l }}\"'''", "is inside quotes", 'env = { LIST = "{{ params.l }}" }'),
        ("""run = "x 'a {{ params.l }}'" """, "is inside quotes", "without the quotes"),
        ('run = "x --in={{ params.l }}"', "is a part of a word", "put spaces around it"),
        ('run = "x {{ params.l }}.txt"', "is a part of a word", "put spaces around it"),
        ('run = "x {{ params.s }}{{ params.l }}"', "is a part of a word", ""),
        ('run = "x {{ params.l }}{{ params.s }}"', "is a part of a word", ""),
        ('run = "x {{ params.s }}\\\\\\n{{ params.l }}"', "is a part of a word", ""),
        ('run = "x \\\\ {{ params.l }}"', "is a part of a word", ""),
        ('run = "x y\\\\\\n{{ params.l }}"', "is a part of a word", ""),
        ('run = "x=$y{{ params.l }}"', "is a part of a word", ""),
        ('run = "x > {{ params.l }}"', "in the place of one file", "name one file"),
        ('run = "x >&{{ params.l }}"', "in the place of one file", ""),
        ('run = ["x", "--in={{ params.l }}"]', "is a part of a text", "an element of its own"),
        ('run = ["{{ params.none }}", "y"]', "is empty", "name the program"),
        ('call = "a:b"\nargs.x = "a {{ params.l }}"', "is a part of a text", "an element of its own"),
        ('cwd = "{{ params.l }}"', "can't be a part of a path", "one value"),
        ('env = { X = "a {{ params.n }}" }', "is a part of a text", "as the whole value"),
        ('env = { X = "{{ params.l }}" }', 'the element "b c"', 'into "run"'),
        ('needs = ["t[x={{ params.n }}]"]', "can't select one value", "all of its cells"),
    ],
)
def test_where_a_list_can_not_stand(body: str, message: str, hint: str):
    (problem,) = problems_of(f"{HEAD}[tasks.t]\nmatrix = {{ x = [1] }}\n[tasks.a]\n{body}\n")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == 6 + body.count("\n")
    assert "{{ params." in problem.excerpt[problem.mark[0] :]


ELEMENTS = st.lists(
    st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
    | st.sampled_from(["", "if", "$x", "~", "-n", "a b", "*", "'", '"', "\\", "\n", "{{ params.l }}"]),
    max_size=5,
)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@settings(deadline=None, max_examples=40)
@given(ELEMENTS)
def test_a_program_gets_every_element(shell: str, elements: list[str]):
    line = "true a {{ params.l }}; printf '[%s]\\0' . {{ params.l }}\nset -- {{ params.l }}\nprintf '%s' $#"
    task = {"run": line, "shell": [shell, "-c"]}
    graph = load_text(tomli_w.dumps({"version": 1, "params": {"l": elements}, "tasks": {"a": task}}), "g.toml")
    action = Resolver(graph, {}).resolve(0, str).action
    assert isinstance(action, ShellCommand)
    done = subprocess.run([shell, "-c", action.text], capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    assert done.stdout.decode() == "".join(f"[{text}]\0" for text in [".", *elements]) + str(len(elements))


# Matrices


def test_a_list_is_an_axis():
    body = (
        f"{HEAD}[tasks.a]\nmatrix = {{ s = '{{{{ params.l }}}}', n = [1, 2] }}\n"
        "[tasks.b]\nneeds = [\"a[s={{ matrix.s }},n=1]\"]\nmatrix.s = '{{ params.l }}'\n"
    )
    assert graph_of(body, {"l": "u, v"}).labels == [
        "a[s=u,n=1]",
        "a[s=u,n=2]",
        "a[s=v,n=1]",
        "a[s=v,n=2]",
        "b[s=u]",
        "b[s=v]",
    ]
    assert graph_of(f"{HEAD}[defaults]\nmatrix.n = '{{{{params.n}}}}'\n[tasks.a]\n").labels == [
        "a[n=1]", "a[n=2.5]", "a[n=true]"
    ]  # fmt: skip


def test_exclude_may_name_what_a_list_does_not_have_now():
    body = "params = { l = ['a', 'b'] }\n[tasks.a]\nmatrix = { l = '{{ params.l }}', n = [1], exclude = [{ l = 'a' }] }"
    assert graph_of(body).labels == ["a[l=b,n=1]"]
    graph = graph_of(body, {"l": "b,c"})
    assert graph.labels == ["a[l=b,n=1]", "a[l=c,n=1]"]
    assert load_text(to_toml(graph), "g.toml").labels == graph.labels
    (problem,) = problems_of(body.replace("{ l = 'a' }", "{ n = 2 }"))
    assert "doesn't have" in problem.message


@pytest.mark.parametrize(
    ("axis", "message", "hint"),
    [
        ("{{ params.s }}", "that parameter is a string, not a list", "write s = [...] in [params]"),
        ("{{ params.none }}", 'must have at least one value, and the list "none" is empty', "write -p none=A,B"),
        ("{{ params.lst }}", 'there is no parameter "lst"', "there are"),
        ("{{ params.l }}, x", "must be an array, or one list", "whole axis"),
        ("{{ params.l or 'x' }}", "a list has no default here", "in [params]"),
        ("{{ env.X }}", 'can\'t be "{{ env.X }}"', "only params are known"),
        ("{{ x }}", "is not a placeholder", "placeholders start with"),
        ("{{ params.l", "without its", "double them"),
        ("{{ params.twice }}", 'has the value "1" twice', ""),
        ("{{ params.bad }}", "can't be printed", ""),
        ("params.l", "must be an array, not a string", "list its values"),
    ],
)
def test_what_is_no_axis(axis: str, message: str, hint: str):
    body = f'[tasks.t]\nmatrix = {{ x = "{axis}" }}\n[tasks.a]\nneeds = ["t[x=1]"]\n'
    (problem,) = problems_of(
        f"{HEAD.replace(' }', ', twice = [1, true, 1], bad = [[]] }')}{body}".replace("[[]]", '["\\n"]')
    )
    assert message in problem.message
    assert hint in problem.hint
    assert problem.line == 4


# Resuming and secrets


def changes(text: str, one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    before, after = load_text(to_toml(graph_of(text, one)), "x/graph.toml"), graph_of(text, other)
    return {after.labels[node]: " ".join(parts) for node, parts in changed_parts(before, after).items()}


def test_what_changed_is_named():
    text = f"{HEAD}[tasks.a]\nrun = 'x {{{{ params.l }}}}'\n[tasks.b]\nrun = ['x', '{{{{ params.l }}}}']\n[tasks.c]\n"
    assert changes(text, {}, {}) == {}
    assert changes(text, {"l": "a b,c"}, {"l": "a,b c"}) == {"a": "params.l", "b": "params.l"}
    axis = f"{HEAD}[tasks.a]\nmatrix.l = '{{{{ params.l }}}}'\nrun = 'x {{{{ matrix.l }}}}'\n"
    assert changes(axis, {"l": "a,b"}, {"l": "b,c"}) == {"a[l=c]": "new"}


def test_the_elements_of_a_secret_list_are_redacted():
    graph = graph_of(
        "run.secrets = ['l']\nparams = { l = ['first-secret', 'second-secret'], x = ['no', 'first-secret'] }\n"
        "[tasks.a]\nrun = 'echo {{ params.l }} second-secret'\n"
    )
    secrets = find_secrets(graph, {})
    shown = redacted(graph, secrets)
    assert shown.params == {"l": ("***",), "x": ("no", "***")}
    assert "secret'" not in to_toml(shown)
    assert load_text(to_toml(shown), "x.toml").params == shown.params


def test_an_error_holds_no_element_of_a_secret_list():
    body = "run.secrets = ['l']\nparams = { l = { type = 'list', choices = ['third-secret'] } }\n[tasks.a]\nrun = 1"
    said = str([str(problem) for problem in problems_of(body, {"l": "first-secret,second-secret"})])
    assert "first-" not in said
    assert "third-" not in said


def test_the_elements_of_lists_are_bounded_in_total():
    graph = graph_of(
        f"params.l = ['{'x' * 300_000}', '{'y' * 300_000}']\n[tasks.a]\nrun = 'x{' {{ params.l }}' * 8}'\n"
    )
    with pytest.raises(ResolutionError, match="more than 4,194,304 characters"):
        Resolver(graph, {}).resolve(0, str)
