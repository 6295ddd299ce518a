"""What `run.secrets` names, what can't be redacted, and the graph that is shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagtui.graph.errors import GraphError
from dagtui.graph.export import to_toml
from dagtui.graph.loading import load, load_text
from dagtui.graph.redacted import redacted
from dagtui.graph.secrets import MOST_VALUES, find_secrets, known_secrets

if TYPE_CHECKING:
    from dagtui.graph.model import Graph

TOKEN = "hunter2-hunter3"


def graph_of(text: str, secrets: str = '["TOKEN"]') -> Graph:
    return load_text(f"version = 1\n[run]\nsecrets = {secrets}\n{text}", "graph.toml")


def shown_of(text: str, secrets: str = '["TOKEN"]', **environment: str) -> Graph:
    graph = graph_of(text, secrets)
    return redacted(graph, find_secrets(graph, environment))


def test_names_go_through_a_file_and_back():
    graph = graph_of('[tasks.a]\nrun = "true"', '["TOKEN", "a-b"]')
    assert graph.settings.secrets == ("TOKEN", "a-b")
    assert load_text(to_toml(graph), "again.toml").settings.secrets == ("TOKEN", "a-b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[tasks.a]", "from-outside"),
        ('[env]\nTOKEN = "of-the-file"\n[tasks.a]', "of-the-file"),
        ('[env]\nTOKEN = "of-the-file"\n[tasks.a]', "from-outside"),
        ('[tasks.a.env]\nTOKEN = "of-a-task"', "of-a-task"),
        ('[tasks.a.env]\nTOKEN = "is-{{ env.USER_NAME }}-42"', "is-somebody-42"),
        ('[params]\nTOKEN = "parameter-1"\n[tasks.a]', "parameter-1"),
        ("[params]\nTOKEN = 12345678\n[tasks.a]", "12345678"),
        ('[tasks.a]\nmatrix = { n = [1, 2] }\nenv = { TOKEN = "cell-{{ matrix.n }}-x" }', "cell-2-x"),
        ('[defaults.env]\nTOKEN = "of-defaults"\n[tasks.a]', "of-defaults"),
    ],
)
def test_every_value_of_a_name_is_redacted(text: str, value: str):
    secrets = find_secrets(graph_of(text), {"TOKEN": "from-outside", "USER_NAME": "somebody"})
    assert secrets.mask(f"<{value}>") == "<***>"


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("", None, '"TOKEN" is not set'),
        ("", "", '"TOKEN" is empty'),
        ("", " \n ", '"TOKEN" is empty'),
        ("", "hunt2", 'the value of "TOKEN" has fewer than 6 characters'),
        ("", "  hunt2  ", 'the value of "TOKEN" has fewer than 6 characters'),
        ("", "hunt2" * 30_000, 'the value of "TOKEN" has more than 131,072 characters'),
        ('[tasks.b]\nenv = { TOKEN = "hunt2" }', TOKEN, 'the value of "TOKEN" has fewer than 6 characters'),
        ('[tasks.b]\nneeds = ["a"]\nenv = { TOKEN = "hunt2 {{ needs.a.status }}" }', TOKEN, "depends on how other"),
        (
            '[tasks.b]\nenv = { TOKEN = "{{ matrix.n }}" }\nmatrix.n = ' + str([f"{n:06}" for n in range(MOST_VALUES)]),
            TOKEN,
            "at most 256 values, not 257",
        ),
    ],
)
def test_what_can_not_be_redacted_is_one_located_error(tmp_path: Path, text: str, value: str | None, message: str):
    path = tmp_path / "graph.toml"
    path.write_text(f'version = 1\n[run]\nsecrets = ["TOKEN"]\n[tasks.a]\n{text}\n', encoding="utf-8")
    graph = load(path)
    with pytest.raises(GraphError) as caught:
        find_secrets(graph, {} if value is None else {"TOKEN": value})
    (problem,) = caught.value.problems
    assert message in problem.message
    assert problem.line == 3
    assert "hunt" not in caught.value.report()
    path.write_text("no longer [ a graph", encoding="utf-8")
    with pytest.raises(GraphError) as caught:
        find_secrets(graph, {} if value is None else {"TOKEN": value})
    assert message in str(caught.value)


def test_a_value_in_the_file_is_found_although_another_variable_is_missing():
    graph = graph_of('[env]\nTOKEN = "of-the-file"\nOTHER = "{{ env.NOT_SET }}"\n[tasks.a]')
    assert find_secrets(graph, {}).mask("of-the-file") == "***"


def test_where_nothing_is_run_a_name_without_a_value_is_no_error():
    graph = graph_of('[env]\nTOKEN = "of-the-file"\n[tasks.a]', '["NOT_SET", "EMPTY", "TOKEN"]')
    secrets = known_secrets(graph, {"EMPTY": " "})
    assert secrets.mask("of-the-file is not <>") == "*** is not <>"
    with pytest.raises(GraphError, match="fewer than 6 characters") as caught:
        known_secrets(graph, {"EMPTY": "abc"})
    assert caught.value.problems[0].message.startswith('the value of "EMPTY"')


def test_an_empty_variable_does_not_matter_when_the_file_gives_a_value():
    secrets = find_secrets(graph_of('[env]\nTOKEN = "of-the-file"\n[tasks.a]'), {"TOKEN": ""})
    assert secrets.mask("of-the-file") == "***"


EVERYWHERE = f"""
[params]
p = "x {TOKEN}"
"{TOKEN}" = 1
[env]
TOKEN = "{TOKEN}"
OTHER = "a {TOKEN}"
ASKED = "{{{{ env.TOKEN }}}}"
[tasks."get {TOKEN}"]
doc = "uses {TOKEN}"
group = "g/{TOKEN}"
cwd = "{TOKEN}"
run = ["echo", "{TOKEN}", "{{{{ params.p }}}}"]
[tasks.cells]
needs = ["get {TOKEN}"]
matrix = {{ t = ["{TOKEN}", "b"], n = [1, 2], exclude = [{{ t = "{TOKEN}", n = 2 }}] }}
run = "echo {TOKEN} {{{{ matrix.t }}}}"
shell = ["bash", "-c", ": {TOKEN};"]
[tasks.after]
needs = ["cells[t={TOKEN}]"]
call = "module:function"
args = {{ a = ["{TOKEN}", {{ "{TOKEN}" = "{TOKEN}" }}] }}
"""


def test_the_graph_that_is_shown_holds_no_secret_and_is_the_same_graph():
    graph = graph_of(EVERYWHERE)
    before = to_toml(graph)
    shown = redacted(graph, find_secrets(graph, {}))
    text = to_toml(shown)
    assert TOKEN in before
    assert TOKEN not in text
    assert to_toml(graph) == before
    assert shown.labels == ["get ***", "cells[t=***,n=1]", "cells[t=b,n=1]", "cells[t=b,n=2]", "after"]
    assert [shown.find(name) for name in shown.labels] == list(range(5))
    assert shown.cell(1) == (("t", "***"), ("n", 1))
    assert [list(shown.parents(node)) for node in range(5)] == [list(graph.parents(node)) for node in range(5)]
    assert shown.task(0).env == {"TOKEN": "***", "OTHER": "a ***", "ASKED": "{{ env.TOKEN }}"}
    again = load_text(text, "graph.toml")
    assert again.labels == shown.labels
    assert to_toml(again) == text


def test_a_named_value_is_redacted_whatever_it_is_made_of():
    text = (
        '[params]\nTOKEN = "second-half"\nb = "half-2-half"\n[tasks.a]\n[tasks.a.env]\nTOKEN = "first-{{ params.b }}"\n'
        'KEPT = "x{{ params.b }}"\n[tasks.b.env]\nTOKEN = "{{ params.b }}"\n'
    )
    shown = shown_of(text)
    assert shown.task(0).env == {"TOKEN": "***", "KEPT": "x{{ params.b }}"}
    assert shown.task(1).env == {"TOKEN": "{{ params.b }}"}
    assert shown.params == {"TOKEN": "***", "b": "***"}


def test_numbers_are_redacted_where_they_may_be_secrets():
    shown = shown_of("[params]\nn = 12345678\nm = 7\n[tasks.a]\nmatrix = { n = [12345678, 3] }", TOKEN="12345678")
    assert shown.params == {"n": "***", "m": 7}
    assert shown.labels == ["a[n=***]", "a[n=3]"]


@pytest.mark.parametrize(
    "text",
    [
        '[tasks.a]\nmatrix = { t = ["one-secret", "two-secret"] }',
        '[tasks."a one-secret"]\n[tasks."a two-secret"]',
        '[tasks.a]\nmatrix = { t = ["one-secret", "two-secret"], n = [1], exclude = [{ t = "one-secret" }] }',
    ],
)
def test_names_that_only_differ_in_secrets_are_refused(text: str):
    with pytest.raises(GraphError, match="they differ only in secrets") as caught:
        shown_of(text, '["A", "B"]', A="one-secret", B="two-secret")
    assert "-secret" not in caught.value.report()


@pytest.mark.parametrize(
    "text",
    [
        f'[params]\nTOKEN = "{TOKEN}" # {TOKEN}\n[tasks.a]\nrun = "x {TOKEN} {{{{ params.nope }}}}"',
        f'[env]\nTOKEN = "{TOKEN}"\n[tasks.a]\nneeds = ["{TOKEN}"]\nrun = "true"',
        f'[defaults]\nenv = {{ TOKEN = "{TOKEN}", X = [] }}\n[tasks.a]\nrun = "true"',
        f'[tasks.a]\nrun = "true"\nenv = {{ TOKEN = "{TOKEN}" }}\nX{TOKEN} = 1',
        f'[env]\nTOKEN = "{TOKEN}"\n[tasks."{TOKEN}"]\nrun = "true"\n[tasks.b]\nneeds = ["c"]\nrun = "true"',
        f'[params]\nTOKEN = """\n{TOKEN}\nsecond-line"""\n[tasks.a]\nrun = "second-line {{{{ params.nope }}}}"',
    ],
)
def test_what_is_said_of_a_bad_file_holds_no_secret(text: str):
    with pytest.raises(GraphError) as caught:
        graph_of(text)
    report = str(caught.value)
    assert "graph.toml:" in report
    assert TOKEN not in report
    assert "second-line" not in report


def test_what_is_said_of_a_parameter_holds_no_secret():
    with pytest.raises(GraphError) as caught:
        load_text(
            'version = 1\n[run]\nsecrets = ["TOKEN"]\n[params]\nTOKEN = 12345678\n[tasks.a]\nrun = "true"',
            "graph.toml",
            {"TOKEN": TOKEN},
        )
    assert str(caught.value) == (
        'graph.toml: the parameter "TOKEN" must be an integer of at most 64 bits, not "***"\n  write -p TOKEN=NUMBER'
    )


def test_lines_without_a_secret_are_shown_and_placeholders_are_none():
    with pytest.raises(GraphError) as caught:
        graph_of('[env]\nTOKEN = "{{ env.OTHER }}"\n[tasks.a]\nrun = "x {{ env.OTHER }} {{ params.nope }}"')
    assert 'run = "x {{ env.OTHER }} {{ params.nope }}"' in str(caught.value)
    with pytest.raises(GraphError) as caught:
        graph_of(f'[env]\nTOKEN = "{TOKEN}"\n[tasks.a]\nneeds = ["b"]\nrun = "true"')
    assert 'needs = ["b"]' in str(caught.value)


MANY = 50_000
SECRETS = f"[run]\nsecrets = {[f'S{number}' for number in range(MANY)]}\n".replace("'", '"')
OF_MANY = {
    "no values": ('[tasks.a]\nrun = "true"\n', "and 49,950 more problems"),
    "variables": (
        "[env]\n" + "".join(f'S{number} = "value-{number}"\n' for number in range(MANY)) + '[tasks.a]\nrun = "true"\n',
        f"secrets can have at most {MOST_VALUES} values, not 50,000",
    ),
    "variables of tasks, and an error": (
        "".join(f'[tasks.t{number}]\nenv = {{ S{number} = "value-{number}" }}\n' for number in range(20_000))
        + "slots = 0",
        "and 29,951 more problems",
    ),
}


@pytest.mark.parametrize("name", OF_MANY)
def test_very_many_secrets_are_looked_at_in_linear_time(tmp_path: Path, name: str):
    text, expected = OF_MANY[name]
    (tmp_path / "graph.toml").write_text(f"version = 1\n{SECRETS}{text}")
    command = [sys.executable, "-m", "dagtui", "check", str(tmp_path / "graph.toml")]
    limited = ["sh", "-c", 'ulimit -t 20; exec "$@"', "sh"]  # a look at each for each takes minutes of the processor
    done = subprocess.run([*limited, *command], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert expected in done.stdout + done.stderr
