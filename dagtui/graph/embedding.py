"""Tasks of an included file as tasks of the file that includes it: under other names, relative to another folder."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from dagtui.graph.expressions.braces import Placeholder, Root, doubled
from dagtui.graph.expressions.templates import TOKEN, cut_template, parameter_texts, value_text
from dagtui.graph.gates import Gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.graph.model import Graph, Task

_NAMED = re.compile(r"\A(\{\{[ \t]*+(?:params|needs)[ \t]*+\.[ \t]*+)")
_PATH = re.compile(
    r"""(?P<text>"[^"\n]*+"|'[^'\n]*+')|(?<![\w.])(?P<root>params|needs)\.(?P<quoted>"[^"\n]*+"|'[^'\n]*+')?"""
)
_AS_THEY_ARE = frozenset(
    {"name", "group", "doc", "cwd", "needs", "env", "matrix", "shell", "retry", "trigger", "line", "file", "condition"}
    | {"executor", "resources"}
)
"""Fields of a task without placeholders, or that have a function of their own here."""
_Record = TypeVar("_Record")


class Embedding:
    """Moves the tasks of one included graph below a prefix."""

    def __init__(self, graph: Graph, prefix: str, path: str) -> None:
        """`path` is the file as the including one names it. The prefix is empty or ends in a slash."""
        self._graph = graph
        self._prefix = prefix
        self._path = path
        self._folder = os.path.dirname(os.path.expanduser(path)) or "."
        self._envs: dict[int, Mapping[str, str]] = {}
        """By the identity of a table of variables, which most tasks share."""

    def tasks(self) -> list[Task]:
        """Return the tasks of the graph."""
        return [self._task(task) for task in self._graph.tasks]

    def path_of(self, written: str) -> str:
        """Return a path that the graph names, as the including file names it."""
        outside = os.path.isabs(written) or written.startswith("~")
        return written if outside else os.path.normpath(os.path.join(self._folder, self._text(written)))

    def _task(self, task: Task) -> Task:
        changes = {
            field.name: self._any(getattr(task, field.name))
            for field in dataclasses.fields(task)
            if field.name not in _AS_THEY_ARE
        }
        if task.condition:
            changes["condition"] = self._condition(task.condition)
        matrix = task.matrix
        if matrix is not None and matrix.sheet:
            changes["matrix"] = dataclasses.replace(matrix, sheet=os.path.join(self._folder, matrix.sheet))
        changes |= {
            "name": self._prefix + task.name,
            "group": "/".join(filter(None, [self._prefix.rstrip("/"), task.group])),
            "needs": tuple([self._prefix + self._text(entry) for entry in task.needs]),
            "cwd": task.cwd if isinstance(task.action, Gate) else self._text(self._moved(task.cwd)),
            "env": self._env(task.env),
            "file": os.path.normpath(os.path.join(self._folder, task.file) if task.file else self._path),
        }
        return dataclasses.replace(task, **changes)  # type: ignore[arg-type]

    def _env(self, env: Mapping[str, str]) -> Mapping[str, str]:
        found = self._envs.get(id(env))
        if found is None:
            found = self._envs[id(env)] = {name: self._text(text) for name, text in env.items()}
        return found

    def _any(self, value: object) -> object:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, tuple | list):
            return type(value)([self._any(entry) for entry in value])
        if isinstance(value, Mapping):
            return {key: self._any(entry) for key, entry in value.items()}
        return self._record(value)

    def _record(self, record: _Record) -> _Record:
        if not dataclasses.is_dataclass(record) or isinstance(record, type):
            return record
        changes = {field.name: self._any(getattr(record, field.name)) for field in dataclasses.fields(record)}
        return dataclasses.replace(record, **changes)

    def _text(self, text: str) -> str:
        """Return a text whose placeholders name parameters and tasks with the prefix."""
        if not self._prefix or "{{" not in text:
            return text
        return re.sub(TOKEN, lambda found: _NAMED.sub(lambda start: start[1] + self._prefix, found[0]), text)

    def _condition(self, text: str) -> str:
        """Return a condition whose paths name parameters and tasks with the prefix."""

        def renamed(found: re.Match[str]) -> str:
            if found["text"]:
                return found[0]
            quoted = found["quoted"] or ""
            return f"{found['root']}.{quoted[:1]}{self._prefix}{quoted[1:]}"

        return _PATH.sub(renamed, text)

    def _moved(self, cwd: str) -> str:
        """Return a working directory relative to the including file."""
        if self._folder == "." or os.path.isabs(cwd) or self._is_absolute(cwd):
            return cwd
        folder = doubled(self._folder)
        return folder if cwd == "." else f"{folder}/{cwd}"

    def _is_absolute(self, cwd: str) -> bool:
        """Return whether a directory that begins with a placeholder is absolute. With a variable, it has to be."""
        first = next((part for part in cut_template(cwd) if part), "")
        if not isinstance(first, Placeholder):
            return False
        if first.root is Root.PARAMS:
            texts: Sequence[str] = parameter_texts(self._graph.params.get(first.name, first.default or ""))
        elif first.root is Root.MATRIX:
            cells = self._graph.cells or ()
            texts = [value_text(value) for cell in cells for axis, value in cell if axis == first.name][:1]
        else:
            return first.root is Root.ENV
        return any(map(os.path.isabs, texts))
