"""The `[params]` of a graph, and those given on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import ParameterValue


def read_params(
    diagnostics: Diagnostics, table: dict[str, object], given: Mapping[str, str]
) -> dict[str, ParameterValue]:
    """Return the parameters, with given values in place of their defaults. Record what is wrong."""
    params: dict[str, ParameterValue] = {}
    try:
        if not given:
            for name, value in table.items():
                params[values.name(name)] = values.scalar(value)
            return params
    except ValueProblem:  # a list, a table, or something wrong
        params.clear()
    from dagtui.graph.expressions.declared import read_declared

    return read_declared(diagnostics, table, given)


def without_default(document: Mapping[str, object]) -> list[str]:
    """Return the parameters that must be given, as the tables of a file have them."""
    table = document.get("params")
    own = table if isinstance(table, dict) else {}
    return [name for name, value in own.items() if isinstance(value, dict) and "default" not in value]
