"""Check at load time that the paths of conditions exist, and that what they compare can be equal.

Imported only for a graph with conditions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean, listed
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.asked import AskedNodes
from dagtui.graph.expressions.braces import Placeholder, Root
from dagtui.graph.expressions.conditions import (
    MEMBERSHIPS,
    ORDER,
    Comparison,
    Literal,
    comparisons_of,
    parse_condition,
    paths_of,
)
from dagtui.graph.expressions.placeholders import ATTEMPT_VARIABLES, wrong_run_value
from dagtui.graph.expressions.templates import cut_template, value_text
from dagtui.graph.matrix.selectors import target_of, unknown_name
from dagtui.graph.model import numbered_tasks
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from dagtui.graph.check.diagnostics import Diagnostics, Origins
    from dagtui.graph.expressions.conditions import Expression, Operand
    from dagtui.graph.layout import GraphLayout
    from dagtui.graph.model import Graph, ParameterValue, TaskIndex, Value

STATUSES: tuple[str, ...] = ("completed", "failed", "failed_parent", "cancelled", "skipped")
"""The words that a condition can find as a parent's status."""
VERDICTS: tuple[str, ...] = ("completed", "failed", "cancelled")
_MEANT_STATUSES = {
    **dict.fromkeys(("success", "succeeded", "successful", "ok", "passed", "done", "complete"), "completed"),
    **dict.fromkeys(("failure", "error", "errored", "fail"), "failed"),
    **dict.fromkeys(("canceled", "aborted"), "cancelled"),
    **dict.fromkeys(("blocked", "upstream_failed"), "failed_parent"),
    "skip": "skipped",
}
_REDACTED = MARK.decode()
_TEXT, _NUMBER, _BOOLEAN, _LIST = "a string", "a number", "true or false", "a list"
_KINDS: Mapping[type, str] = {str: _TEXT, int: _NUMBER, float: _NUMBER, bool: _BOOLEAN, tuple: _LIST}


class ConditionCheck:
    """Checks the conditions of a layout. What refers to needed nodes is checked once the graph is built."""

    def __init__(
        self, layout: GraphLayout, params: Mapping[str, ParameterValue], diagnostics: Diagnostics, origins: Origins
    ) -> None:
        self._layout = layout
        self._params = params
        self._diagnostics = diagnostics
        self._origins = origins
        self._needed: list[tuple[TaskIndex, Placeholder]] = []

    def check(self, broken: Collection[str]) -> None:
        """Record what is wrong with the conditions of every task except those whose matrix is unknown."""
        known: dict[str, Expression] = {}
        for number, task in numbered_tasks(self._layout.tasks):
            if not task.condition or task.name in broken:
                continue
            expression = known.get(task.condition) or known.setdefault(task.condition, parse_condition(task.condition))
            wrong = [self._path(number, path) for path in dict.fromkeys(paths_of(expression))]
            if not any(wrong):
                for comparison in comparisons_of(expression):
                    self._note(number, self._comparison(number, comparison))
                continue
            for problem in wrong:
                self._note(number, problem)

    def check_needs(self, graph: Graph) -> None:
        """Record paths that do not refer to exactly one parent."""
        asked = AskedNodes(graph)
        for number, path in self._needed:
            if self._diagnostics.lost.has_needs(self._layout.tasks[number].name):
                continue
            try:
                far = [node for node in self._layout.nodes(number) if asked.node(node, path) not in graph.parents(node)]
            except ValueProblem as wrong:
                self._note(number, wrong)
                continue
            if far:
                message = f"{quoted(path.source)}: {quoted(graph.labels[far[0]])} doesn't need it directly"
                hint = f"a condition reads parents only: add {quoted(path.name)} to needs"
                self._note(number, ValueProblem(message, hint, needle=path.source))

    def _note(self, number: TaskIndex, wrong: ValueProblem | None) -> None:
        if wrong is not None and wrong.message:
            self._diagnostics.wrong(self._origins.of(number, "if"), wrong)

    def _path(self, number: TaskIndex, path: Placeholder) -> ValueProblem | None:
        """Return what is wrong with a path. A problem without a message follows from one that is reported already."""
        root, name = path.root, path.name
        known: Mapping[str, object]
        if root is Root.ENV:
            if name not in ATTEMPT_VARIABLES:
                return _made_of_needs(self._layout.tasks[number].env, path)
            message = f"{quoted(path.source)} is set for each attempt, and a condition is asked before there is one"
            return ValueProblem(message, "compare matrix or params instead", needle=path.source)
        if root is Root.RUN:
            return wrong_run_value(self._layout.tasks[number], path)
        if root is Root.NEEDS:
            if target_of(name, self._layout.index) is not None:
                self._needed.append((number, path))
                return None
            known = self._layout.index
        elif root is Root.MATRIX:
            cells = self._layout.cells.get(number)
            known = cells.digits if cells is not None else {}
        else:
            known = self._params
        if name in known:
            return None
        wrong = unknown_name(path, known, self._diagnostics)
        return wrong if isinstance(wrong, ValueProblem) else ValueProblem("")

    # Comparisons

    def _comparison(self, number: TaskIndex, comparison: Comparison) -> ValueProblem | None:
        left, right = comparison.left, comparison.right
        if comparison.operator in MEMBERSHIPS:
            return self._membership(number, comparison)
        for path, other in ((left, right), (right, left)):
            if isinstance(other, Literal) and (wrong := _wrong_status(path, [other.value])):
                return wrong
        return _mismatch(
            comparison, self._kinds(number, left), self._kinds(number, right), ordered=comparison.operator in ORDER
        )

    def _membership(self, number: TaskIndex, comparison: Comparison) -> ValueProblem | None:
        whole = self._kinds(number, comparison.right)
        if whole & {_NUMBER, _BOOLEAN}:
            hint = f"write {comparison.left.source} in [{comparison.right.source}], or =="
            message = f"{quoted(comparison.right.source)} is {listed_kinds(whole)}, not a list"
            return ValueProblem(message, hint, needle=comparison.source)
        if not isinstance(comparison.right, Literal) or not isinstance(comparison.right.value, tuple):
            return None
        if wrong := _wrong_status(comparison.left, comparison.right.value):
            return wrong
        kinds = self._kinds(number, comparison.left)
        for entry in comparison.right.value:
            literal = Literal(entry, _as_written(entry))
            found = _mismatch(
                Comparison("==", comparison.left, literal, comparison.source), kinds, {_KINDS[type(entry)]}
            )
            if found is not None:
                return found
        return None

    def _kinds(self, number: TaskIndex, operand: Operand) -> set[str]:
        """Return what a value may be. Empty if that is not known, because a text may stand for a number."""
        if isinstance(operand, Literal):
            return {_KINDS[type(operand.value)]} if operand.source != _REDACTED else set()
        if operand.root is Root.PARAMS:
            value = self._params[operand.name]
            return {_KINDS[type(value)]} if value not in (_REDACTED, (_REDACTED,)) else set()
        if operand.root is Root.MATRIX:
            kinds = {_KINDS[type(entry)] for entry in self._layout.cells[number].entries(operand.name)}
            return set() if _TEXT in kinds else kinds
        if operand.root is Root.RUN:
            return {{"failed": _LIST, "number": _NUMBER}.get(operand.name, _TEXT)}
        return {_TEXT} if operand.root is Root.NEEDS and not operand.output else set()


def _made_of_needs(env: Mapping[str, str], path: Placeholder) -> ValueProblem | None:
    """Return the error for a variable of the task that is made of how others ended."""
    names = [path.name] if path.name in env else []
    for name in names:
        for part in cut_template(env[name]):
            if not isinstance(part, Placeholder):
                continue
            if part.root is Root.NEEDS:
                message = f"{quoted(path.source)} is made of {quoted(part.source)}, which a condition has to name"
                return ValueProblem(message, f"write {part.source.strip('{} ')}", needle=path.source)
            if part.root is Root.ENV and part.name in env and part.name not in names:
                names.append(part.name)
    return None


def listed_kinds(kinds: Iterable[str]) -> str:
    """Return what a value may be, in words."""
    return " or ".join(sorted(kinds))


def _mismatch(comparison: Comparison, left: set[str], right: set[str], *, ordered: bool = False) -> ValueProblem | None:
    """Return why two values can never be equal, or can't be ordered."""
    if ordered and (left | right) & {_BOOLEAN, _LIST}:
        wrong = comparison.left if left & {_BOOLEAN, _LIST} else comparison.right
        kinds = listed_kinds(left if left & {_BOOLEAN, _LIST} else right)
        return ValueProblem(
            f"{quoted(wrong.source)} is {kinds}, which has no order", "write == or !=", needle=comparison.source
        )
    if not left or not right or left & right:
        return None
    message = (
        f"{quoted(comparison.left.source)} is {listed_kinds(left)}, and {quoted(comparison.right.source)} is "
        f"{listed_kinds(right)}: they are never equal"
    )
    return ValueProblem(message, _how_to_write(comparison, left, right), needle=comparison.source)


def _how_to_write(comparison: Comparison, left: set[str], right: set[str]) -> str:
    literal, kinds = (comparison.right, left) if isinstance(comparison.right, Literal) else (comparison.left, right)
    if not isinstance(literal, Literal) or isinstance(literal.value, tuple):
        return "give both the same type in [params]" if _LIST not in left | right else 'write "in" for a list'
    if _LIST in kinds:
        return f"write {literal.source} in the list: {literal.source} in {comparison.left.source}"
    if kinds == {_TEXT}:
        return f"write '{value_text(literal.value)}'"
    return f"write {value_text(literal.value)} without quotes" if isinstance(literal.value, str) else ""


def _wrong_status(path: Operand, compared: ParameterValue | Iterable[ParameterValue]) -> ValueProblem | None:
    """Return the error for a word that is never a status, or never a verdict."""
    if not isinstance(path, Placeholder):
        return None
    if path.root is Root.RUN and path.name == "verdict":
        known = VERDICTS
    elif path.root is Root.NEEDS and not path.output:
        known = STATUSES
    else:
        return None
    words = [compared] if isinstance(compared, str) else compared
    for word in words if isinstance(words, (list, tuple)) else []:
        if isinstance(word, str) and word not in known and word != _REDACTED:
            meant = _MEANT_STATUSES.get(word.lower(), "")
            hint = f"did you mean {quoted(meant)}?" if meant in known else did_you_mean(word, known)
            what = "status" if known is STATUSES else "verdict"
            hint = hint or f"it is one of {listed(known)}"
            return ValueProblem(f"a {what} is never {quoted(word)}", hint, needle=word)
    return None


def _as_written(value: Value) -> str:
    return f"'{value}'" if isinstance(value, str) else value_text(value)
