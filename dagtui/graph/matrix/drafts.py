"""Matrices that take values from elsewhere: the lists among the parameters of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parse_template
from dagtui.graph.matrix.matrices import EXCLUDE, matrix_of
from dagtui.graph.matrix.selectors import unknown_name
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.matrix.matrices import MatrixDraft
    from dagtui.graph.model import Matrix, ParameterValue

_WHOLE_AXIS = 'write one list as the whole axis: "{{ params.NAME }}"'


def complete(draft: MatrixDraft, params: Mapping[str, ParameterValue], diagnostics: Diagnostics) -> Matrix:
    """Return the matrix with the values that its draft refers to. Raises ValueProblem and FollowsError."""
    table = dict(draft.table)
    changing: set[str] = set()
    for axis, entries in draft.table.items():
        if axis == EXCLUDE or not isinstance(entries, str) or "{{" not in entries:
            continue
        changing.add(axis)
        try:
            table[axis] = list(_elements(entries, params, diagnostics))
        except ValueProblem as wrong:
            raise ValueProblem(wrong.message, wrong.hint, inside=(axis,), needle=wrong.needle) from None
    try:
        return matrix_of(table, frozenset(changing))
    except ValueProblem as wrong:
        if len(wrong.inside) == 2 and wrong.inside[0] in changing:  # there is no element in the file
            raise ValueProblem(wrong.message, wrong.hint, inside=wrong.inside[:1]) from None
        raise


def _elements(text: str, params: Mapping[str, ParameterValue], diagnostics: Diagnostics) -> tuple[object, ...]:
    """Return the elements of the list that an axis refers to."""
    try:
        placeholder = parse_template(text.strip()).alone
    except ValueProblem as wrong:
        raise _unreadable(wrong) from None
    if placeholder is None:
        raise ValueProblem("must be an array, or one list", _WHOLE_AXIS)
    source, name = quoted(placeholder.source), placeholder.name
    if placeholder.root is not Root.PARAMS:
        raise ValueProblem(f"can't be {source}", "only params are known before the run starts")
    if placeholder.default is not None:
        raise ValueProblem(f"can't be {source}: a list has no default here", f"give {quoted(name)} one in [params]")
    if name not in params:
        unknown = unknown_name(placeholder, params, diagnostics)
        raise _unreadable(unknown) if isinstance(unknown, ValueProblem) else unknown
    found = params[name]
    if not isinstance(found, tuple):
        example = f"write {name} = [...] in [params]"
        raise ValueProblem(f"can't be {source}: that parameter is {values.kind(found)}, not a list", example)
    if not found:
        raise ValueProblem(
            f"must have at least one value, and the list {quoted(name)} is empty", f"write -p {name}=A,B"
        )
    return found


def _unreadable(wrong: ValueProblem) -> ValueProblem:
    return ValueProblem(f"can't be read: {wrong.message}", wrong.hint, needle=wrong.needle)
