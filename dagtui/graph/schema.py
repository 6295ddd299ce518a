"""The JSON Schema of a graph file, made from the tables of keys. Editors complete and check with it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING

from dagtui.graph.executor_keys import EXECUTOR
from dagtui.graph.gate_values import KEPT as OF_GATES
from dagtui.graph.keys import AMOUNTS, DOCUMENT, INCLUDE, PARAMETER, RETRY, RUN, SCALAR, SCALARS, TASK, VARIABLES
from dagtui.graph.loading import VERSION
from dagtui.graph.model import RetryPolicy, Task
from dagtui.graph.run_settings import RunSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.keys import Key, Schema

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that editors for TOML know."""
_TABLE = {"type": "object", "additionalProperties": False}


def schema() -> dict[str, object]:
    """Return the JSON Schema of a graph file.

    It refuses the wrong keys and types. What depends on other places of the file, such as the name of a parent, only
    `dagtui check` can judge.
    """
    both = [("run", "call"), *(("ask", key) for key in TASK if key not in OF_GATES)]
    task = {
        **_table(TASK, Task),
        "not": {"anyOf": [{"required": list(pair)} for pair in both]},
        "dependencies": {"choices": ["ask"]},
    }
    values: Mapping[str, Schema] = {
        "version": {"const": VERSION},
        "name": {"type": "string", "pattern": r"\S"},
        "params": {"type": "object", "additionalProperties": {"anyOf": [SCALAR, SCALARS, _parameter()]}},
        "include": {"type": "array", "items": {**_plain_table(INCLUDE), "required": list(INCLUDE)}},
        "env": VARIABLES,
        "defaults": {
            "allOf": [
                {"$ref": "#/definitions/task"},
                {"not": {"required": ["ask"]}},
                {"not": {"required": ["service"]}},
            ]
        },
        "run": _table(RUN, RunSettings),
        "pools": AMOUNTS,
        "executors": {"type": "object", "additionalProperties": _executor()},
        "tasks": {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/definitions/task"}},
    }
    return {
        "$schema": DRAFT,
        "title": "dagtui graph",
        **_TABLE,
        "required": ["version"],
        "anyOf": [{"required": ["tasks"]}, {"required": ["include"]}],
        "properties": {name: {**values[name], "description": doc} for name, doc in DOCUMENT.items()},
        "definitions": {"task": task},
    }


def _parameter() -> dict[str, object]:
    """Return the schema of a parameter that is a table."""
    return {**_plain_table(PARAMETER), "minProperties": 1}


def _executor() -> dict[str, object]:
    """Return the schema of a table of `[executors]`."""
    properties = {name: {**key.schema, "description": key.doc} for name, key in EXECUTOR.items()}
    return {**_TABLE, "required": ["kind"], "properties": properties}


def _plain_table(keys: Mapping[str, Key]) -> dict[str, object]:
    return {**_TABLE, "properties": {name: {**key.schema, "description": key.doc} for name, key in keys.items()}}


def _table(keys: Mapping[str, Key], kind: type[Task | RetryPolicy | RunSettings]) -> dict[str, object]:
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    return {**_TABLE, "properties": {name: _key(key, defaults.get(name)) for name, key in keys.items()}}


def _key(key: Key, default: object) -> dict[str, object]:
    value: Mapping[str, object] = _table(RETRY, RetryPolicy) if key.inner else key.schema
    found = {**value, "description": key.doc}
    default = getattr(default, "value", default)
    if isinstance(default, (str, int, float)) and default != "":
        found["default"] = default
    return found
