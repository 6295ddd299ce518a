"""A graph as it is shown and recorded: the same nodes and edges, with the secrets in all its texts redacted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.errors import quoted
from dagtui.graph.expressions.templates import parse_template, value_text
from dagtui.graph.secrets import located
from dagtui.text.redaction import MARK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Cell, Graph, Matrix, ParameterValue, Task, Value
    from dagtui.text.secrets import Secrets

_MARK = MARK.decode()
_SEPARATOR = "\0"  # no name and no secret contains it
_Thing = TypeVar("_Thing")


def redacted(graph: Graph, secrets: Secrets) -> Graph:
    """Return the graph for every reader except the executor. Its nodes have the same numbers.

    Values that are named by `run.secrets` become `***` as a whole, so a redacted value equals any other.
    Raises GraphError if names that differ only in secrets would become the same.
    """
    redactor = _Redactor(graph, secrets)
    tasks = [redactor.task(task) for task in graph.tasks]
    params = {secrets.mask(name): redactor.parameter(name, value) for name, value in graph.params.items()}
    given = {secrets.mask(name): redactor.given(name, text) for name, text in graph.given.items()}
    joined = _SEPARATOR.join(graph.labels)
    labels, cells = secrets.mask(joined).split(_SEPARATOR), graph.cells
    if labels != graph.labels:
        redactor.check("tasks", [task.name for task in tasks])
        redactor.check("nodes", labels)
        if cells is not None:
            cells = [redactor.cell(cell) for cell in cells]
    return graph.described(secrets.mask(graph.name), labels, tasks, cells, params, given)


class _Redactor:
    """Redacts the parts of one graph."""

    def __init__(self, graph: Graph, secrets: Secrets) -> None:
        self._graph = graph
        self._mask = secrets.mask
        self._named = frozenset(graph.settings.secrets)
        self._envs: dict[int, Mapping[str, str]] = {}
        """By the identity of a table of variables, which most tasks share."""

    def parameter(self, name: str, value: ParameterValue) -> ParameterValue:
        """Redact the value of a parameter. A list stays one."""
        if isinstance(value, tuple):
            return (_MARK,) if name in self._named else tuple(map(self._value, value))
        return _MARK if name in self._named else self._value(value)

    def given(self, name: str, text: str) -> str:
        """Redact the value of a parameter as it was given."""
        return _MARK if name in self._named else self._mask(text)

    def cell(self, cell: Cell) -> Cell:
        """Redact one cell of a matrix."""
        return tuple((self._mask(axis), self._value(value)) for axis, value in cell)

    def task(self, task: Task) -> Task:
        """Redact every text of a task, in all of its fields."""
        env = self._envs.get(id(task.env))
        if env is None:
            env = {self._mask(name): self._variable(name, text) for name, text in task.env.items()}
            self._envs[id(task.env)] = env
        shown = self._record(dataclasses.replace(task, env={}))
        if shown.matrix is not None and shown.matrix != task.matrix:
            self._check_matrix(shown.matrix)
        return dataclasses.replace(shown, env=env)

    def check(self, what: str, names: Sequence[str]) -> None:
        """Raise GraphError if two of the names are the same."""
        seen: set[str] = set()
        for name in names:
            if name in seen:
                diagnostics = Diagnostics()
                message = f"two {what} would be shown as {quoted(name)}: they differ only in secrets"
                diagnostics.value(("run", "secrets"), message, "make them differ in something that may be shown")
                raise located(diagnostics, self._graph)
            seen.add(name)

    def _check_matrix(self, matrix: Matrix) -> None:
        columns = dict.fromkeys(axis for row in matrix.rows for axis, _ in row)
        self.check("axes", [*columns, *(axis for axis, _ in matrix.axes)])
        for cell in (*matrix.rows, *matrix.include):
            self.check("axes", [axis for axis, _ in cell])
        for _, entries in matrix.axes:
            self.check("values of an axis", [value_text(entry) for entry in entries])

    def _variable(self, name: str, text: str) -> str:
        """Redact a variable. Of a secret one, only references to other values are shown."""
        if name in self._named and any(isinstance(part, str) and part for part in parse_template(text).parts):
            return _MARK
        return self._mask(text)

    def _record(self, record: _Thing) -> _Thing:
        """Redact all fields of a dataclass."""
        if not dataclasses.is_dataclass(record) or isinstance(record, type):
            return record
        changes: dict[str, object] = {}
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            shown = self._any(value)
            if shown != value:
                changes[field.name] = shown
        return dataclasses.replace(record, **changes) if changes else record

    def _any(self, value: object) -> object:
        if isinstance(value, str):
            return self._mask(value)
        if isinstance(value, (tuple, list)):
            return type(value)([self._entry(entry) for entry in value])
        if isinstance(value, Mapping):
            return {self._mask(str(key)): self._entry(entry) for key, entry in value.items()}
        return self._record(value)

    def _entry(self, value: object) -> object:
        """Redact an element of a list or a table, where numbers may be secrets too."""
        if isinstance(value, (int, float)):
            return self._value(value)
        return self._any(value)

    def _value(self, value: Value) -> Value:
        text = value_text(value)
        shown = self._mask(text)
        return value if shown == text else shown
