"""Entries of `needs`: a task, or those of its cells that match: `train[seed={{ matrix.seed }}]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import in_other_form, listed
from dagtui.graph.errors import FollowsError, ValueProblem, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import parameter_text, parse_template
from dagtui.graph.matrix.axis_values import AxisValues
from dagtui.graph.toml.values import LONGEST_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.expressions.templates import Template
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.matrix.cells import Cells
    from dagtui.graph.model import Cell, ParameterValue, TaskIndex

LONGEST_ENTRY = 20_000
"""Characters of one entry of `needs`."""
MOST_PLACEHOLDERS = 64
"""Number of placeholders in the value of one axis, which is filled in for every cell."""

LITERAL_BEHIND_OR = '"or" must be followed by a literal: {{ … or "text" }}'


class Selector:
    """Some cells of a task, chosen for each cell of the task that needs them."""

    def __init__(self, first: int, target: Cells, own: Cells | None, fixed: Sequence[str]) -> None:
        """Choose among the cells of `target`, whose first node is `first`, by the axes `fixed`."""
        self._first = first
        self._target = target
        self._own = own
        self._digits: dict[str, int | _VaryingAxis | None] = dict.fromkeys(fixed)
        self._choice = target.choice(fixed)

    def choose(self, axis: str, text: str) -> None:
        """Fix the value of an axis for every cell."""
        self._digits[axis] = self._target.digits[axis].get(text)

    def vary(
        self, axis: str, template: Template, params: Mapping[str, ParameterValue], diagnostics: Diagnostics
    ) -> None:
        """Make the value of an axis depend on the cell. Raises ValueProblem for what can't be known here."""
        placeholders = list(template.placeholders())
        if len(placeholders) > MOST_PLACEHOLDERS:
            raise ValueProblem(f"a value can have at most {MOST_PLACEHOLDERS} placeholders, not {len(placeholders):,}")
        for placeholder in placeholders:
            _check(placeholder, params, self._own, diagnostics)
        self._digits[axis] = _VaryingAxis(axis, template, params, self._own, self._target)

    def __len__(self) -> int:
        """Return the largest number of nodes chosen for one cell."""
        return self._choice.most

    def nodes(self, cell: int) -> list[int]:
        """Return the nodes that are chosen for a cell, none if a value is not on its axis."""
        digits: list[int] = []
        for digit in self._digits.values():
            found = digit.digit(cell) if isinstance(digit, _VaryingAxis) else digit
            if found is None:
                return []
            digits.append(found)
        return [self._first + number for number in self._choice.numbers(digits)]


class _VaryingAxis:
    """The value of one axis as a function of the cell that needs it, computed once for each of its inputs."""

    def __init__(
        self,
        axis: str,
        template: Template,
        params: Mapping[str, ParameterValue],
        own: Cells | None,
        target: Cells,
    ) -> None:
        self._axis = axis
        self._template = template
        self._params = params
        self._target = target
        there = own.digits if own is not None else {}
        names = {part.name for part in template.placeholders() if part.root is Root.MATRIX and part.name in there}
        self._texts = {name: list(there[name]) for name in names}
        self._read = own.reader(list(self._texts)) if own is not None else lambda _cell: ()
        self._known: dict[tuple[int, ...], int | None] = {}

    def digit(self, cell: int) -> int | None:
        """Return the position of the value on the axis, or None if the axis does not have it."""
        digits = self._read(cell)
        if digits not in self._known:
            texts = {
                name: texts[digit]
                for (name, texts), digit in zip(self._texts.items(), digits, strict=True)
                if digit >= 0
            }
            text = self._template.fill(lambda part: self._value(part, texts))
            value = self._target.values(self._axis).meant(text)
            self._known[digits] = None if value is None else self._target.digits[self._axis].get(value)
        return self._known[digits]

    def _value(self, part: Placeholder, texts: Mapping[str, str]) -> str:
        """Return the value of a placeholder, cut. A text longer than every value of an axis equals none of them."""
        found = texts.get(part.name)
        if part.root is Root.PARAMS:
            found = parameter_text(self._params[part.name]) if part.name in self._params else None
        return (part.known(found) or "")[: LONGEST_NAME + 1]


def _check(
    placeholder: Placeholder, params: Mapping[str, ParameterValue], own: Cells | None, diagnostics: Diagnostics
) -> None:
    if placeholder.root is Root.PARAMS:
        known: Mapping[str, object] = params
        if isinstance(params.get(placeholder.name), tuple):
            hint = 'write the name of the task for all of its cells, or give this task the same axis in "matrix"'
            message = f"the list {quoted(placeholder.source)} can't select one value"
            raise ValueProblem(message, hint, needle=placeholder.source)
    elif placeholder.root is Root.MATRIX:
        known = own.digits if own is not None else {}
    else:
        raise ValueProblem(
            f"{quoted(placeholder.source)} can't be used in needs",
            "only params and matrix are known before the run starts",
            needle=placeholder.source,
        )
    if placeholder.name not in known and placeholder.default is None:
        raise unknown_name(placeholder, known, diagnostics)


def unknown_name(
    placeholder: Placeholder, known: Mapping[str, object], diagnostics: Diagnostics
) -> ValueProblem | FollowsError:
    """Return the error for a placeholder whose parameter, axis or task does not exist."""
    lost, name = diagnostics.lost, placeholder.name
    if (placeholder.root is Root.PARAMS and lost.has_parameter(name)) or (
        placeholder.root is Root.NEEDS and lost.has_task(name)
    ):
        return FollowsError()
    what = {Root.PARAMS: "parameter", Root.MATRIX: "axis"}.get(placeholder.root, "task")
    if placeholder.root is Root.MATRIX and not known:
        return ValueProblem(f"{quoted(placeholder.source)}: this task has no matrix", needle=placeholder.source)
    if "|" in placeholder.name or "(" in placeholder.name:
        bare = re.split(r"[|(]", placeholder.name)[0].strip()
        hint = f"functions and filters are not supported: write {{{{ {placeholder.root.value}.{bare} }}}}"
        return ValueProblem(f"{quoted(placeholder.source)} is not a placeholder", hint, needle=placeholder.source)
    if " or " in placeholder.name:
        return ValueProblem(
            f"{quoted(placeholder.source)} is not a placeholder", LITERAL_BEHIND_OR, needle=placeholder.source
        )
    message = f"{quoted(placeholder.source)}: there is no {what} {quoted(placeholder.name)}"
    return ValueProblem(message, diagnostics.suggestion(placeholder.name, known), needle=placeholder.source)


def is_several(entry: str) -> bool:
    """Return whether an entry that is not the name of a task means several tasks: a group or a pattern."""
    return entry.endswith("/") or "*" in entry or "?" in entry


def target_of(entry: str, index: Mapping[str, TaskIndex]) -> tuple[TaskIndex, str | None] | None:
    """Return the task that an entry of `needs` names and what is between its brackets, or None without such a task.

    Names may contain brackets: the whole entry as a name comes first, then the longest name before a bracket.
    """
    found = index.get(entry)
    if found is not None:
        return found, None
    if not entry.endswith("]"):
        return None
    bracket = entry.rfind("[")
    while bracket > 0:
        found = index.get(entry[:bracket])
        if found is not None:
            return found, entry[bracket + 1 : -1]
        bracket = entry.rfind("[", 0, bracket)
    return None


def parse_selector(
    inside: str,
    layout: GraphLayout,
    target: TaskIndex,
    own: Cells | None,
    params: Mapping[str, ParameterValue],
    diagnostics: Diagnostics,
) -> Selector:
    """Read what is between the brackets. Raises ValueProblem and FollowsError."""
    cells = layout.cells.get(target)
    name = layout.tasks[target].name
    if cells is None:
        raise ValueProblem(f"task {quoted(name)} has no matrix to select from", f"write {quoted(name)}")
    chosen = split_axes(inside, cells.names)
    selector = Selector(layout.firsts[target], cells, own, list(chosen))
    for axis, text in chosen.items():
        template = parse_template(text)
        if template.filled:
            selector.vary(axis, parse_template(text.strip()), params, diagnostics)
            continue
        literal = template.fill(lambda part: part.source)
        known = cells.digits[axis]
        literal = literal if literal in known else literal.strip()
        value = cells.values(axis).meant(literal)
        if value is None:
            message = f"{quoted(axis)} of task {quoted(name)} doesn't have the value {quoted(literal)}"
            hint = in_other_form(literal, known) or f"its values are {listed(known)}"
            raise ValueProblem(message, hint, needle=text.strip())
        selector.choose(axis, value)
    return selector


def is_chosen(cell: Cell, inside: str) -> bool:
    """Return whether a cell has the values between the brackets. False if those are wrong."""
    try:
        chosen = split_axes(inside, [axis for axis, _ in cell])
    except ValueProblem:
        return False
    values = dict(cell)
    return all(AxisValues([values[axis]]).meant(text.strip()) is not None for axis, text in chosen.items())


def split_axes(inside: str, axes: Sequence[str]) -> dict[str, str]:
    """Split `seed=1,model=s` where an axis starts, because values may contain commas."""
    names = "|".join(re.escape(axis) for axis in sorted(axes, key=len, reverse=True))
    starts = list(re.finditer(rf"(?:^|,)[ ]*+({names})[ ]*+=", inside))
    hint = f"write axis=value; the axes are {listed(axes)}"
    if not starts or starts[0].start() != 0:
        raise ValueProblem(f"the selector {quoted('[' + inside + ']')} doesn't name an axis", hint)
    chosen: dict[str, str] = {}
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        if start[1] in chosen:
            raise ValueProblem(f"the selector names {quoted(start[1])} twice", hint)
        chosen[start[1]] = inside[start.end() : following.start() if following else len(inside)]
    return chosen
