"""The `[params]` of a graph, and those given on the command line, read as the type of their default."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import Value

_WHOLE = r"[+-]?\d{1,30}"
_NUMBER = r"[+-]?(?:inf|nan|(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:e[+-]?\d{1,5})?)"
_BOOLEANS = {"true": True, "false": False}


def read_params(diagnostics: Diagnostics, table: dict[str, object], given: Mapping[str, str]) -> dict[str, Value]:
    """Return the parameters, with given values in place of their defaults. Record what is wrong."""
    params: dict[str, Value] = {}
    for name, value in table.items():
        try:
            values.name(name)
        except ValueProblem as wrong:
            diagnostics.key(("params", name), f"the name of a parameter {wrong.message}")
            diagnostics.lost.parameters.add(name)
            continue
        try:
            params[name] = values.scalar(value)
        except ValueProblem as wrong:
            diagnostics.wrong(("params", name), wrong, quoted(name))
            diagnostics.lost.parameters.add(name)
    for name, text in given.items():
        _give(diagnostics, params, name, text, known=name in table)
    return params


def _give(diagnostics: Diagnostics, params: dict[str, Value], name: str, text: str, *, known: bool) -> None:
    if not known and diagnostics.lost.has_parameter(name):
        return
    if not known:
        hint = did_you_mean(name, params) or 'declare it with a default: [params], then "name = value"'
        diagnostics.key((), f"there is no parameter {quoted(name)}", hint)
        return
    if name not in params:
        return
    try:
        params[name] = _like(params[name], text)
    except ValueProblem as wrong:
        diagnostics.key((), f"the parameter {quoted(name)} {wrong.message}, not {quoted(text)}")


def _like(default: Value, text: str) -> Value:
    """Read a text as the type of the default. Raises ValueProblem."""
    if isinstance(default, bool):
        if text.lower() not in _BOOLEANS:
            raise ValueProblem("must be true or false")
        return _BOOLEANS[text.lower()]
    if isinstance(default, int):
        if not re.fullmatch(_WHOLE, text, re.ASCII) or not -(2**63) <= int(text) < 2**63:
            raise ValueProblem("must be an integer of at most 64 bits")
        return int(text)
    if isinstance(default, float):
        if not re.fullmatch(_NUMBER, text, re.ASCII | re.I):
            raise ValueProblem("must be a number")
        return float(text)
    return values.text(text)
