"""Evaluate a condition, and say why it is false.

A text from outside the file (a variable, an output, a cell of a sheet) has no type. Beside a number it is read as a
number, and beside `true` or `false` as one of these. What is not set is an empty text. A text alone is true unless it
is empty, a number unless it is 0, and a list unless it is empty.
"""

from __future__ import annotations

import operator
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.expressions.conditions import ORDER, Comparison, Junction, Literal, Negation, paths_of
from dagtui.graph.expressions.templates import value_text
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.conditions import Expression, Operand
    from dagtui.graph.model import ParameterValue, Value

MOST_CHARACTERS = 60
"""Characters of a value in a reason."""
MOST_SAID = 4
"""Number of values in a reason."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,5})?")
_BOOLEANS = {"true": True, "false": False}
_ORDERS: Mapping[str, Callable[[ParameterValue, ParameterValue], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Reading(NamedTuple):
    """The value of a path now."""

    value: ParameterValue
    typed: bool = True
    """Whether a text is one by declaration. Any other text may stand for a number."""
    is_set: bool = True


UNSET = Reading("", typed=False, is_set=False)


class ConditionError(Exception):
    """A condition has no answer. The text is one line and safe to show."""


def holds(expression: Expression, read: Callable[[Placeholder], Reading]) -> bool:
    """Return whether a condition is true. Raises ConditionError."""
    if isinstance(expression, Junction):
        found = (holds(operand, read) for operand in expression.operands)
        return all(found) if expression.word == "and" else any(found)
    if isinstance(expression, Negation):
        return not holds(expression.operand, read)
    if isinstance(expression, Comparison):
        return _compare(expression, _reading(expression.left, read), _reading(expression.right, read))
    return bool(_reading(expression, read).value)


def why_false(expression: Expression, read: Callable[[Placeholder], Reading]) -> str:
    """Return the part of a false condition that makes it false, with the values of its paths.

    Raises ConditionError.
    """
    holds(expression, read)
    while isinstance(expression, Junction) and expression.word == "and":
        expression = next(operand for operand in expression.operands if not holds(operand, read))
    readings = {path.source: read(path) for path in paths_of(expression)}
    source = label(expression.source, 200)
    if not isinstance(expression, Comparison | Negation | Junction):
        reading = _reading(expression, read)
        return f"{source} is {'false' if isinstance(expression, Literal) else _said(reading)}"
    said = [f"{label(path)} is {_said(reading)}" for path, reading in islice(readings.items(), MOST_SAID)]
    if len(readings) > MOST_SAID:
        said.append("…")
    return f"{source} is false ({', '.join(said)})" if said else f"{source} is false"


def _reading(operand: Operand, read: Callable[[Placeholder], Reading]) -> Reading:
    return Reading(operand.value) if isinstance(operand, Literal) else read(operand)


def _said(reading: Reading) -> str:
    """Return a value as a reason says it."""
    value = reading.value
    if not reading.is_set:
        return "not set"
    if isinstance(value, tuple):
        return f"[{label(', '.join(map(_shown, value)), MOST_CHARACTERS)}]"
    return _shown(value)


def _shown(value: Value) -> str:
    return f'"{label(value, MOST_CHARACTERS)}"' if isinstance(value, str) else value_text(value)


def _compare(comparison: Comparison, left: Reading, right: Reading) -> bool:
    sign = comparison.operator
    if sign == "in":
        return _contains(comparison, left, right)
    if sign == "not in":
        return not _contains(comparison, left, right)
    if sign in ORDER:
        return _ordered(comparison, left, right)
    return _same(left, right) is (sign == "==")


def _same(left: Reading, right: Reading) -> bool:
    one, other = _alike(left, right)
    if isinstance(one, bool) is not isinstance(other, bool) or isinstance(one, str) is not isinstance(other, str):
        return False
    return one == other


def _alike(left: Reading, right: Reading) -> tuple[ParameterValue, ParameterValue]:
    """Return two values, an untyped text as the type that the other one has, if it can be read as that."""
    return _as_other(left, right.value), _as_other(right, left.value)


def _as_other(reading: Reading, other: ParameterValue) -> ParameterValue:
    value = reading.value
    if reading.typed or not isinstance(value, str) or isinstance(other, str | tuple):
        return value
    if isinstance(other, bool):
        return _BOOLEANS.get(value.strip().lower(), value)
    text = value.strip()
    if _is_whole(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else value


def _is_whole(text: str) -> bool:
    return len(text) < 400 and re.fullmatch(r"[+-]?[0-9]+", text) is not None


def _ordered(comparison: Comparison, left: Reading, right: Reading) -> bool:
    one, other = _alike(left, right)
    if (isinstance(one, str) and isinstance(other, str)) or (_is_number(one) and _is_number(other)):
        return _ORDERS[comparison.operator](one, other)
    raise ConditionError(_incomparable(comparison, left, right))


def _is_number(value: ParameterValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _incomparable(comparison: Comparison, left: Reading, right: Reading) -> str:
    """Say which of two values is in the way of an order."""
    sides = ((comparison.left, left), (comparison.right, right))
    wrong, reading = next(((side, found) for side, found in sides if not _is_number(found.value)), sides[0])
    source = label(comparison.source, 200)
    if not reading.is_set:
        return f"{source}: {label(wrong.source)} is not set; write {label(wrong.source)} and {source}"
    return f"{source}: {label(wrong.source)} is {_said(reading)}, not a number"


def _contains(comparison: Comparison, left: Reading, right: Reading) -> bool:
    whole = right.value
    if isinstance(whole, tuple):
        return any(_same(left, Reading(entry, right.typed)) for entry in whole)
    if isinstance(whole, str) and isinstance(left.value, str):
        return left.value in whole
    raise ConditionError(f"{label(comparison.source, 200)}: {label(comparison.right.source)} is not a list")
