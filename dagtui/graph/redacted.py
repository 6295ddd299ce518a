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

    from dagtui.graph.model import Cell, Graph, Matrix, Task, Value
    from dagtui.text.secrets import Secrets

_MARK = MARK.decode()
_SEPARATOR = "\0"  # no name has one, and no secret
_Thing = TypeVar("_Thing")


def redacted(graph: Graph, secrets: Secrets) -> Graph:
    """The graph for everybody but the executor; the nodes have the same numbers.

    Values that are named by `run.secrets` become `***` as a whole, so a redacted value compares equal to any other.
    Raises GraphError when names that only differ in secrets would become the same.
    """
    masker = _Masker(graph, secrets)
    tasks = [masker.task(task) for task in graph.tasks]
    params = {secrets.mask(name): masker.parameter(name, value) for name, value in graph.params.items()}
    given = {secrets.mask(name): masker.given(name, text) for name, text in graph.given.items()}
    joined = _SEPARATOR.join(graph.labels)
    labels, cells = secrets.mask(joined).split(_SEPARATOR), graph.cells
    if labels != graph.labels:
        masker.check("tasks", [task.name for task in tasks])
        masker.check("nodes", labels)
        if cells is not None:
            cells = [masker.cell(cell) for cell in cells]
    return graph.described(secrets.mask(graph.name), labels, tasks, cells, params, given)


class _Masker:
    """Masks the parts of one graph."""

    def __init__(self, graph: Graph, secrets: Secrets) -> None:
        self._graph = graph
        self._mask = secrets.mask
        self._named = frozenset(graph.settings.secrets)
        self._envs: dict[int, Mapping[str, str]] = {}
        """By the identity of a table of variables, which most tasks share."""

    def parameter(self, name: str, value: Value) -> Value:
        """The value of a parameter."""
        return _MARK if name in self._named else self._value(value)

    def given(self, name: str, text: str) -> str:
        """The value of a parameter as it was given."""
        return _MARK if name in self._named else self._mask(text)

    def cell(self, cell: Cell) -> Cell:
        """One cell of a matrix."""
        return tuple((self._mask(axis), self._value(value)) for axis, value in cell)

    def task(self, task: Task) -> Task:
        """A task; every text in it, whichever fields tasks have."""
        env = self._envs.get(id(task.env))
        if env is None:
            env = {self._mask(name): self._variable(name, text) for name, text in task.env.items()}
            self._envs[id(task.env)] = env
        shown = self._record(dataclasses.replace(task, env={}))
        if shown.matrix is not None and shown.matrix != task.matrix:
            self._check_matrix(shown.matrix)
        return dataclasses.replace(shown, env=env)

    def check(self, what: str, names: Sequence[str]) -> None:
        """Raise GraphError when two of the names are the same."""
        seen: set[str] = set()
        for name in names:
            if name in seen:
                diagnostics = Diagnostics()
                message = f"two {what} would be shown as {quoted(name)}: they only differ in secrets"
                diagnostics.value(("run", "secrets"), message, "tell them apart by something that may be shown")
                raise located(diagnostics, self._graph)
            seen.add(name)

    def _check_matrix(self, matrix: Matrix) -> None:
        self.check("axes", [axis for axis, _ in matrix.axes])
        for _, entries in matrix.axes:
            self.check("values of an axis", [value_text(entry) for entry in entries])

    def _variable(self, name: str, text: str) -> str:
        """A variable; of one that is a secret nothing is shown but what other values it is made of."""
        if name in self._named and any(isinstance(part, str) and part for part in parse_template(text).parts):
            return _MARK
        return self._mask(text)

    def _record(self, record: _Thing) -> _Thing:
        """A dataclass with all of its fields redacted."""
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
        """What lies in a list or a table: there, numbers may be secrets too."""
        if isinstance(value, (int, float)):
            return self._value(value)
        return self._any(value)

    def _value(self, value: Value) -> Value:
        text = value_text(value)
        shown = self._mask(text)
        return value if shown == text else shown
