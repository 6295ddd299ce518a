"""A graph as it is shown and recorded: the same nodes and edges, with the secrets in all its texts redacted.

Errors of a file are redacted before there is a graph.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.errors import GraphError, quoted
from dagtui.graph.expressions.templates import parse_template, value_text
from dagtui.graph.secrets import MOST_VALUES, located
from dagtui.text.redaction import MARK
from dagtui.text.secrets import LEAST, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.errors import Problem
    from dagtui.graph.model import Cell, Graph, Matrix, ParameterValue, Task, Value

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
    shown = graph.described(secrets.mask(graph.name), labels, tasks, cells, params, given)
    shown.variables = {}
    if any(map(_other_paths, graph.tasks, tasks)):
        redactor.check_paths(shown)
    settings = graph.settings
    if settings.default or settings.env_file or settings.notify:
        texts = (settings.default, settings.env_file, settings.notify)
        named, files, notify = (tuple(map(secrets.mask, each)) for each in texts)
        shown.settings = dataclasses.replace(settings, default=named, env_file=files, notify=notify)
    if graph.executors:
        shown.executors = {secrets.mask(name): redactor.record(found) for name, found in graph.executors.items()}
    if graph.pools:
        shown.pools = tuple([dataclasses.replace(pool, name=secrets.mask(pool.name)) for pool in graph.pools])
        redactor.check("pools", [pool.name for pool in shown.pools])
    return shown


def _other_paths(task: Task, shown: Task) -> bool:
    return task.inputs != shown.inputs or task.outputs != shown.outputs


class _Redactor:
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
        shown = self.record(dataclasses.replace(task, env={}))
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

    def check_paths(self, shown: Graph) -> None:
        """Raise GraphError if other nodes would be joined by files, or two would write the same one."""
        from dagtui.graph.files.matching import matching_of

        before, after = matching_of(self._graph), matching_of(shown)
        after.find_clashes()
        if after.clashing or set(before.edges()) != set(after.edges()):
            diagnostics = Diagnostics()
            message = "paths in inputs and outputs have secrets in them, and would mean other files without"
            diagnostics.value(("run", "secrets"), message, "write paths without secrets")
            raise located(diagnostics, self._graph)

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

    def record(self, record: _Thing) -> _Thing:
        """Redact every text in the fields of a dataclass. Other objects stay as they are."""
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
        return self.record(value)

    def _entry(self, value: object) -> object:
        """Redact an element of a list or a table, where numbers may be secrets too."""
        if isinstance(value, (int, float)):
            return self._value(value)
        return self._any(value)

    def _value(self, value: Value) -> Value:
        text = value_text(value)
        shown = self._mask(text)
        return value if shown == text else shown


_LONGEST = 10_000
"""Characters of a value that is searched for, so that a file that is not a graph does not cost much."""


def redacted_error(
    error: GraphError, document: Mapping[str, object], text: str, path: str, given: Mapping[str, str]
) -> GraphError:
    """Return the error without the values that the document, or the call, gives to what `run.secrets` names.

    No excerpt is shown of a line that contains one.
    """
    values = {value for value in _values(document, given) if LEAST <= len(value.strip()) <= _LONGEST}
    secrets = Secrets(islice(values, MOST_VALUES))
    if not secrets:
        return error
    lines = text.split("\n")
    return GraphError([_redacted_problem(problem, lines, secrets, path) for problem in error.problems], error.more)


def _redacted_problem(problem: Problem, lines: list[str], secrets: Secrets, path: str) -> Problem:
    line = lines[problem.line - 1] if 0 < problem.line <= len(lines) else ""
    has_secret = secrets.mask(line) != line or problem.path != path  # the lines of other files are not known
    return dataclasses.replace(
        problem,
        message=secrets.mask(problem.message),
        hint=secrets.mask(problem.hint),
        excerpt="" if has_secret else problem.excerpt,
    )


def _values(document: Mapping[str, object], given: Mapping[str, str]) -> Iterator[str]:
    names = _table(document, "run").get("secrets")
    if not isinstance(names, list):
        return
    wanted = {name for name in names if isinstance(name, str)}
    tasks = [task for task in _table(document, "tasks").values() if isinstance(task, dict)]
    tables = [_table(document, "params"), given]
    tables += [_table(holder, "env") for holder in (document, _table(document, "defaults"), *tasks)]
    for table in tables:
        for name, value in table.items():
            if name in wanted:
                yield from _texts_of(value)
    yield from (part.strip() for name in wanted & given.keys() for part in given[name].split(","))  # of a list


def _texts_of(value: object) -> Iterator[str]:
    """Yield the texts of a value: of a list its elements, of a declared parameter its default and its choices."""
    if isinstance(value, list):
        for entry in value:
            yield from _texts_of(entry)
    elif isinstance(value, dict):
        for key in ("default", "choices"):
            if not isinstance(value.get(key), dict):
                yield from _texts_of(value.get(key))
    elif isinstance(value, str | int | float) and "{{" not in str(value):
        yield value_text(value)


def _table(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = holder.get(key)
    return table if isinstance(table, dict) else {}
