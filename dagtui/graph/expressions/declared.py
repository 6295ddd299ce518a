"""Parameters that are declared with a type or choices, lists, and those that are given on the command line.

Imported only for a graph that has them.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import ValueProblem, quoted, read_inside, subject
from dagtui.graph.expressions.templates import parameter_texts, value_text
from dagtui.graph.key_values import read_parameter_value
from dagtui.graph.keys import PARAMETER
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import ParameterValue, Value
    from dagtui.graph.toml.positions import KeyPath

_Fields = dict[str, Any]
"""The values read of one table, by key, each in its reader's own type."""
_WHOLE = r"[+-]?\d{1,30}"
_NUMBER = r"[+-]?(?:inf|nan|(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,5})?)"
_BOOLEANS = {"true": True, "false": False}


class ParameterType(enum.Enum):
    """What the text of a parameter on the command line is read as."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list"


_TYPES = {
    str: ParameterType.STR,
    int: ParameterType.INT,
    float: ParameterType.FLOAT,
    bool: ParameterType.BOOL,
    tuple: ParameterType.LIST,
}
_ARTICLES = {
    ParameterType.STR: "a string",
    ParameterType.INT: "an integer",
    ParameterType.FLOAT: "a number",
    ParameterType.BOOL: "true or false",
    ParameterType.LIST: "a list",
}
_EXAMPLES = {
    ParameterType.STR: "TEXT",
    ParameterType.INT: "NUMBER",
    ParameterType.FLOAT: "NUMBER",
    ParameterType.BOOL: "true",
    ParameterType.LIST: "A,B",
}
MOST_ELEMENTS = 100_000
"""Elements of a list that is given on the command line."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter as the file declares it."""

    kind: ParameterType
    element: ParameterType
    """The type of the elements of a list."""
    default: ParameterValue | None = None
    """None if a value must be given."""
    choices: tuple[Value, ...] = ()
    """The only values, or elements of a list. Empty if every value is allowed."""
    doc: str = ""

    def read(self, text: str) -> ParameterValue:
        """Return the value that a text on the command line means. Raises ValueProblem."""
        if self.kind is not ParameterType.LIST:
            return self._chosen(_like(self.kind, text))
        return tuple([self._element(entry) for entry in elements_of(text)])

    def _element(self, text: str) -> Value:
        try:
            return self._chosen(_like(self.element, text))
        except ValueProblem as wrong:
            raise ValueProblem(f"has the element {quoted(text)}, which {wrong.message}", wrong.hint) from None

    def _chosen(self, value: Value) -> Value:
        """Return the choice that a value equals, as the file writes it."""
        if not self.choices:
            return value
        for choice in self.choices:
            if choice == value:
                return choice
        texts = parameter_texts(self.choices)
        raise ValueProblem(f"must be one of {listed(texts)}", did_you_mean(value_text(value), texts))


def read_declared(
    diagnostics: Diagnostics, table: dict[str, object], given: Mapping[str, str]
) -> dict[str, ParameterValue]:
    """Return the parameters, with given values in place of their defaults. Record what is wrong."""
    params: dict[str, ParameterValue] = {}
    declared: dict[str, Parameter] = {}
    for name, value in table.items():
        try:
            values.name(name)
        except ValueProblem as wrong:
            diagnostics.wrong_name(("params", name), wrong, "a parameter")
            diagnostics.lost.parameters.add(name)
            continue
        parameter = _declared(diagnostics, name, value)
        if parameter is None:
            diagnostics.lost.parameters.add(name)
            continue
        declared[name] = parameter
        if parameter.default is not None:
            params[name] = parameter.default
        elif name not in given:
            _missing(diagnostics, name, parameter)
    for name, text in given.items():
        if name in declared:
            _give(diagnostics, params, name, text, declared[name])
        elif name not in table and not diagnostics.lost.has_parameter(name):
            prefix = diagnostics.prefix
            hint = did_you_mean(prefix + name, [prefix + known for known in declared])
            hint = hint or 'declare it with a default: [params], then "name = value"'
            diagnostics.key((), f"there is no parameter {quoted(prefix + name)}", hint)
    return {name: params[name] for name in declared if name in params}


def elements_of(text: str) -> list[str]:
    """Split the text of a list: `a,b`, or `["a,b", "c"]` for elements with commas. Raises ValueProblem."""
    if text.startswith("["):
        found = _array(text)
    else:
        found = [entry.strip() for entry in text.split(",")] if text.strip() else []
        if "" in found:
            raise ValueProblem("must have no empty elements", """write a,b; an empty one is written '["a", ""]'""")
    if len(found) > MOST_ELEMENTS:
        raise ValueProblem(f"must have at most {MOST_ELEMENTS:,} elements")
    return found


def as_given(value: ParameterValue) -> str:
    """Return the text that means a value on the command line."""
    if not isinstance(value, tuple):
        return value_text(value)
    import json

    return json.dumps(parameter_texts(value))


def _array(text: str) -> list[str]:
    import json

    hint = """write it as '["a,b", "c"]'"""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueProblem('must be a list, as it begins with "["', hint) from None
    if not isinstance(found, list) or not all(isinstance(entry, (str, int, float)) for entry in found):
        raise ValueProblem("must be a list of strings, numbers or booleans", hint)
    return [value_text(entry) for entry in found]


def _declared(diagnostics: Diagnostics, name: str, value: object) -> Parameter | None:
    """Read one entry of `[params]`. Return None if it is wrong."""
    at: KeyPath = ("params", name)
    try:
        if isinstance(value, dict):
            return _of_table(diagnostics, at, value)
        return _of_default(read_parameter_value(value))
    except ValueProblem as wrong:
        diagnostics.wrong(at, wrong, subject(name, wrong))
        return None


def _of_default(default: ParameterValue) -> Parameter:
    if isinstance(default, tuple):
        return Parameter(ParameterType.LIST, _common(default), default)
    return Parameter(_TYPES[type(default)], ParameterType.STR, default)


def _common(entries: tuple[Value, ...]) -> ParameterType:
    """Return the type of all the values, or STR if they differ."""
    kinds = {_TYPES[type(entry)] for entry in entries}
    if kinds == {ParameterType.INT, ParameterType.FLOAT}:
        return ParameterType.FLOAT
    return kinds.pop() if len(kinds) == 1 else ParameterType.STR


def _of_table(diagnostics: Diagnostics, at: KeyPath, table: dict[str, object]) -> Parameter | None:
    """Read a parameter with type, choices or text. Return None if a key is unknown. Raises ValueProblem."""
    if not table.keys() <= PARAMETER.keys():
        from dagtui.graph.check.unknown_keys import check_keys

        check_keys(diagnostics, at, table, PARAMETER)
        return None
    if not table:
        raise ValueProblem(
            "must not be empty", 'write { default = "a" }, or { type = "str" } for one that must be given'
        )
    fields: _Fields = {}
    for key, entry in table.items():
        fields[key] = read_inside((key,), PARAMETER[key].read, entry)
    return _parameter(fields)


def _parameter(fields: _Fields) -> Parameter:
    """Combine the keys of a parameter, which have been read one by one. Raises ValueProblem."""
    choices: tuple[Value, ...] = fields.get("choices", ())
    default: ParameterValue | None = fields.get("default")
    own = None if default is None else _of_default(default)
    kind = _common(choices) if own is None else own.kind
    if "type" in fields:
        kind = ParameterType(fields["type"])
    if kind is ParameterType.INT and "type" not in fields and _common(choices) is ParameterType.FLOAT:
        kind = ParameterType.FLOAT
    element = kind
    if kind is ParameterType.LIST:
        element = _common(choices or (default if isinstance(default, tuple) else ()))
    for index, choice in enumerate(choices):
        _check_type(choice, element, ("choices", index))
    parameter = Parameter(kind, element, default, choices, fields.get("doc", ""))
    if default is not None:
        _check_default(default, parameter)
    return parameter


def _check_default(default: ParameterValue, parameter: Parameter) -> None:
    """Raise ValueProblem unless the default has the type, and is one of the choices."""
    if not isinstance(default, tuple):
        _check_type(default, parameter.kind, ("default",))
        _check_choice(default, parameter, ("default",))
        return
    if parameter.kind is not ParameterType.LIST:
        message = f"must be {_ARTICLES[parameter.kind]}, not an array"
        raise ValueProblem(message, 'write type = "list"', inside=("default",))
    for index, entry in enumerate(default):
        _check_choice(entry, parameter, ("default", index))


def _check_type(value: Value, kind: ParameterType, inside: KeyPath) -> None:
    found = _TYPES[type(value)]
    if found is not kind and (kind, found) != (ParameterType.FLOAT, ParameterType.INT):
        raise ValueProblem(f"must be {_ARTICLES[kind]}, not {values.kind(value)}", inside=inside)


def _check_choice(value: Value, parameter: Parameter, inside: KeyPath) -> None:
    if parameter.choices and value not in parameter.choices:
        hint = f"the choices are {listed(parameter_texts(parameter.choices))}"
        raise ValueProblem("is not one of the choices", hint, inside=inside)


def _missing(diagnostics: Diagnostics, name: str, parameter: Parameter) -> None:
    diagnostics.lost.parameters.add(name)
    about = f": {parameter.doc}" if parameter.doc else ""
    diagnostics.key(
        ("params", name),
        f"the parameter {quoted(name)} must be given{about}",
        _example(diagnostics.prefix + name, parameter),
    )


def _example(name: str, parameter: Parameter) -> str:
    if parameter.choices:
        return f"write -p {name}=VALUE; the values are {listed(parameter_texts(parameter.choices))}"
    return f"write -p {name}={_EXAMPLES[parameter.kind]}"


def _give(
    diagnostics: Diagnostics, params: dict[str, ParameterValue], name: str, text: str, parameter: Parameter
) -> None:
    try:
        params[name] = parameter.read(text)
    except ValueProblem as wrong:
        if name not in params:
            diagnostics.lost.parameters.add(name)
        shown = "" if wrong.message.startswith("has ") else f", not {quoted(text)}"
        message = f"the parameter {quoted(name)} {wrong.message}{shown}"
        diagnostics.key((), message, wrong.hint or _example(diagnostics.prefix + name, parameter))


def _like(kind: ParameterType, text: str) -> Value:
    """Read a text as a type. Raises ValueProblem."""
    if kind is ParameterType.BOOL:
        if text.lower() not in _BOOLEANS:
            raise ValueProblem("must be true or false")
        return _BOOLEANS[text.lower()]
    if kind is ParameterType.INT:
        if not re.fullmatch(_WHOLE, text, re.ASCII) or not -(2**63) <= int(text) < 2**63:
            raise ValueProblem("must be an integer of at most 64 bits")
        return int(text)
    if kind is ParameterType.FLOAT:
        if not re.fullmatch(_NUMBER, text, re.ASCII | re.I):
            raise ValueProblem("must be a number")
        return float(text)
    return values.text(text)
