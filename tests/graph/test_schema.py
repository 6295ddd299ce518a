"""The JSON Schema of graph files accepts what `check` accepts, and refuses keys and types that `check` refuses."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import tomli_w
from graph.model_strategies import documents
from hypothesis import given, settings

from dagtui.graph.errors import GraphError
from dagtui.graph.keys import DOCUMENT, MATRIX_KEYS, PARAMETER, RESERVED_TASK, RETRY, RUN, TASK
from dagtui.graph.loading import load_text
from dagtui.graph.schema import schema

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft7Validator(schema())
VALUES = (1, 0, -1, 1.5, True, "x", "", "2s", "a.b:c", [], ["x"], [1], [[1]], {}, {"x": 1}, {"x": [1]}, {"x": {}})
MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def refusal(document: dict[str, object]) -> str:
    """What `check` says of a document; "" when it is a graph."""
    try:
        load_text(tomli_w.dumps(document), "graph.toml")
    except GraphError as error:
        return str(error)
    return ""


def is_accepted(document: dict[str, object]) -> bool:
    return VALIDATOR.is_valid(document)


def test_it_is_a_schema_and_each_key_has_its_line():
    jsonschema.Draft7Validator.check_schema(schema())
    definition = schema()["definitions"]["task"]
    assert definition["properties"].keys() == TASK.keys()
    assert definition["properties"]["retry"]["properties"].keys() == RETRY.keys()
    assert schema()["properties"].keys() == DOCUMENT.keys()
    parameter = schema()["properties"]["params"]["additionalProperties"]["anyOf"][2]
    assert parameter["properties"].keys() == PARAMETER.keys()
    assert schema()["properties"]["run"]["properties"].keys() == RUN.keys()
    assert definition["properties"]["grace"]["default"] == 5.0
    assert definition["properties"]["trigger"]["default"] == "all_success"
    assert all(key.doc for table in (TASK, RETRY, RUN, PARAMETER, MATRIX_KEYS) for key in table.values())


@settings(max_examples=100)
@given(documents())
def test_it_accepts_what_check_accepts(document: dict[str, object]):
    assert is_accepted(document), next(VALIDATOR.iter_errors(document)).message


@pytest.mark.parametrize("value", [*VALUES, MOMENT, MOMENT.date()], ids=repr)
@pytest.mark.parametrize("key", [key for key in TASK if key != "args"])
def test_it_judges_the_types_of_a_task_as_check_does(key: str, value: object):
    if key == "needs" and value == ["x"]:
        document = {"version": 1, "tasks": {"x": {}, "t": {key: value}}}
    else:
        document = {"version": 1, "tasks": {"t": {key: value}}}
    said = refusal(document)
    if not said:
        assert is_accepted(document)
    elif "must be a" in said or "must be an" in said:
        assert not is_accepted(document), said


@pytest.mark.parametrize("value", [*VALUES, MOMENT], ids=repr)
@pytest.mark.parametrize(("table", "key"), [("run", key) for key in RUN] + [("", key) for key in DOCUMENT])
def test_it_judges_the_types_of_other_tables_as_check_does(table: str, key: str, value: object):
    document: dict[str, object] = {"version": 1, "tasks": {"t": {}}}
    document |= {table: {key: value}} if table else {key: value}
    said = refusal(document)
    if not said:
        assert is_accepted(document)
    elif "must be a" in said:
        assert not is_accepted(document), said


@pytest.mark.parametrize("value", [*VALUES, [{"x": 1}], [{"x": [1]}], [{}], MOMENT], ids=repr)
@pytest.mark.parametrize("key", ["from", "include", "exclude", "x"])
def test_it_judges_a_matrix_as_check_does(key: str, value: object):
    document = {"version": 1, "tasks": {"t": {"matrix": {"y": [1], key: value}}}}
    said = refusal(document)
    if not said:
        assert is_accepted(document)
    elif "must be a" in said and "must name a file" not in said:
        assert not is_accepted(document), said


@pytest.mark.parametrize("value", [*VALUES, ["x", 1], [[1]], MOMENT, MOMENT.date()], ids=repr)
@pytest.mark.parametrize("key", [None, *PARAMETER])
def test_it_judges_parameters_as_check_does(key: str | None, value: object):
    declared = {"type": "str"} if key == "doc" else {}
    document = {"version": 1, "params": {"p": value if key is None else {**declared, key: value}}, "tasks": {"t": {}}}
    try:
        load_text(tomli_w.dumps(document), "graph.toml", {} if key in {None, "default"} else {"p": "1"})
        said = ""
    except GraphError as error:
        said = str(error)
    if not said:
        assert is_accepted(document)
    elif any(word in said for word in ("must be a", "must not be empty", "unknown", "repeats")):
        assert not is_accepted(document), said


@pytest.mark.parametrize(
    "params",
    [
        {"p": ["a", 1, True]},
        {"p": []},
        {"p": {"default": "s", "choices": ["s", "l"], "doc": "Size"}},
        {"p": {"type": "list", "choices": [1, 2]}},
    ],
)
def test_it_accepts_lists_and_declared_parameters(params: dict[str, object]):
    matrix = {"x": "{{ params.p }}"}
    assert is_accepted({"version": 1, "params": params, "tasks": {"t": {"matrix": matrix}}})
    assert not is_accepted({"version": 1, "params": params, "tasks": {"t": {"matrix": {"x": "params.p"}}}})


@pytest.mark.parametrize(
    ("include", "accepted"),
    [
        ([{"path": "a.toml", "prefix": "a/"}], True),
        ([{"path": "a.toml", "prefix": "a"}], False),
        ([{"path": "a.toml"}], False),
        ([{"path": "a.toml", "prefix": "a/", "x": 1}], False),
        ("a.toml", False),
    ],
)
def test_it_judges_includes_as_check_does(tmp_path: Path, include: object, accepted: bool):
    (tmp_path / "a.toml").write_text("version = 1\n[tasks.a]\n")
    document = {"version": 1, "include": include}
    assert is_accepted(document) is accepted
    if accepted:
        assert load_text(tomli_w.dumps(document), tmp_path / "graph.toml").labels == ["a/a"]
        return
    with pytest.raises(GraphError):
        load_text(tomli_w.dumps(document), tmp_path / "graph.toml")


@pytest.mark.parametrize("key", ["comand", "depends_on", *RESERVED_TASK])
@pytest.mark.parametrize("table", ["tasks", "defaults", "run", "retry", "params", ""])
def test_it_refuses_keys_that_are_unknown(table: str, key: str):
    document: dict[str, object] = {"version": 1, "tasks": {"t": {"run": "true"}}}
    places = {
        "tasks": {"tasks": {"t": {key: 1}}},
        "defaults": {"defaults": {key: 1}},
        "run": {"run": {key: 1}},
        "retry": {"tasks": {"t": {"retry": {key: 1}}}},
        "params": {"params": {"p": {f"x{key}" if key in PARAMETER else key: 2}}},
        "": {key: 1},
    }
    document |= places[table]
    assert refusal(document)
    assert not is_accepted(document)


def test_it_refuses_what_lacks_a_version_or_tasks_or_does_two_things():
    assert not is_accepted({"tasks": {"t": {}}})
    assert not is_accepted({"version": 1})
    assert not is_accepted({"version": 2, "tasks": {"t": {}}})
    assert not is_accepted({"version": 1, "tasks": {"t": {"run": "x", "call": "a:b"}}})


def test_the_command_prints_it_and_the_usual_tool_checks_files_with_it(tmp_path: Path):
    printed = subprocess.run([sys.executable, "-m", "dagtui", "schema"], capture_output=True, check=True).stdout
    assert json.loads(printed) == json.loads(json.dumps(schema()))
    path = tmp_path / "dagtui.schema.json"
    path.write_bytes(printed)
    files = [*(ROOT / "configs").glob("*.toml"), *(ROOT / "dagtui" / "cli").glob("*.toml")]
    check = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(path)]
    done = subprocess.run([*check, *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("version = 1\n[tasks.a]\nrun = 1\nretrys = 3\n")
    done = subprocess.run([*check, str(wrong)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "retrys" in done.stdout
