"""What a node reads and writes: the texts of `inputs` and `outputs` with their placeholders filled in.

A path is relative to the task's `cwd`. `DeclaredPath.path` is relative to the graph's directory, or absolute if it
leads out of it, so that two ways to write a path give the same text. Nothing here looks at the disk.
"""

from __future__ import annotations

import enum
import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.braces import Root
from dagtui.graph.expressions.templates import Template, parameter_text, parameter_texts, parse_template, value_text
from dagtui.graph.files.patterns import is_pattern, unescaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dagtui.graph.expressions.braces import Placeholder
    from dagtui.graph.model import Cell, Graph, NodeIndex, ParameterValue, Task, TaskIndex


class PathKind(enum.Enum):
    """What a path of `inputs` or `outputs` stands for."""

    FILE = "file"
    GLOB = "glob"
    """A pattern with `*`, `?`, `[…]` or `**`."""
    FOLDER = "folder"
    """All that lies below. It is written with a slash at its end."""
    VALUE = "value"
    """A value inside of a TOML, JSON or YAML file."""


class DeclaredPath(NamedTuple):
    """One path of a node."""

    text: str
    """As written, filled in."""
    path: str
    """Relative to the graph's directory, or absolute. Of a glob the pattern. Without the slash of a folder."""
    kind: PathKind
    key: str = ""
    """The dotted path of a VALUE."""

    @property
    def from_folder(self) -> str:
        """How a task in the graph's directory would write it, to compare the paths of different tasks."""
        ends = {PathKind.FOLDER: "/", PathKind.VALUE: f"#{self.key}"}
        return self.path + ends.get(self.kind, "")


class NodeFiles(NamedTuple):
    """What a node reads and writes, in the order of the file."""

    inputs: tuple[DeclaredPath, ...] = ()
    outputs: tuple[DeclaredPath, ...] = ()


NO_FILES = NodeFiles()
_PLAIN = re.compile(r"(?:[\w%+=,@~-][\w.%+=,@~-]*+/)*+[\w%+=,@~-][\w.%+=,@~-]*+")
"""A path of a file that is in its shortest form: no empty part, and none that begins with a dot."""
_VALUE = re.compile(r"(.+\.(?:toml|json|ya?ml))#(.*)", re.DOTALL)


class UnknownValue(ValueProblem):
    """The value of a placeholder is not known."""


def is_plain(task: Task) -> bool:
    """Return whether a task's paths are all files below the graph's directory, in shortest form, as in most tasks."""
    return task.cwd == "." and all(map(_PLAIN.fullmatch, task.inputs)) and all(map(_PLAIN.fullmatch, task.outputs))


def escaped(value: str) -> str:
    """Return a value as it is written into a path, in which no character of it makes a pattern."""
    return glob.escape(value) if "*" in value or "?" in value or "[" in value else value


def _file(path: str) -> DeclaredPath:
    return DeclaredPath(path, path, PathKind.FILE)


class DeclaredPaths:
    """Fills in `inputs` and `outputs`. Texts are split once for each task."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._spelling = PathSpelling(graph.directory if graph.directory is not None else Path())
        self._plans: dict[TaskIndex, PathPlan] = {}

    def of(self, node: NodeIndex) -> NodeFiles:
        """Return what a node reads and writes. Raises ValueProblem if a value is missing or makes a path wrong."""
        number = self._graph.task_of[node]
        task = self._graph.tasks[number]
        if not task.inputs and not task.outputs:
            return NO_FILES
        if is_plain(task):
            return NodeFiles(tuple(map(_file, task.inputs)), tuple(map(_file, task.outputs)))
        plan = self._plans.get(number)
        if plan is None:
            plan = self._plans[number] = PathPlan(task, self._graph.params, self._spelling)
        return plan.constant if plan.constant is not None else plan.fill(self._graph.cell(node))


class PathPlan:
    """The paths of one task, split at their placeholders."""

    def __init__(self, task: Task, params: Mapping[str, ParameterValue], spelling: PathSpelling) -> None:
        """Split the texts. Raises ValueProblem for what is wrong in each cell alike."""
        self._params = params
        self._spelling = spelling
        self._cwd = parse_template(task.cwd)
        self._inputs = [self._listed(parse_template(text)) for text in task.inputs]
        self._outputs = [self._listed(parse_template(text)) for text in task.outputs]
        entries = (self._cwd, *self._inputs, *self._outputs)
        filled = any(entry.filled for entry in entries if isinstance(entry, Template))
        self._folder = None if self._cwd.filled else spelling.folder(self._cwd.fill(str))
        self.constant: NodeFiles | None = None if filled else self.fill(())
        """The paths of each node, if they are the same for all."""

    def fill(self, cell: Cell) -> NodeFiles:
        """Return the paths of a cell. Raises ValueProblem, with the key and position inside of the task."""
        values = {axis: value_text(value) for axis, value in cell}

        def value(hole: Placeholder) -> str:
            return self._value(hole, values)

        folder = self._folder
        if folder is None:
            folder = self._spelling.folder(self._cwd.fill(value))
        inputs = _all("inputs", self._inputs, value, folder, self._spelling.input)
        return NodeFiles(inputs, _all("outputs", self._outputs, value, folder, self._spelling.output))

    def _listed(self, template: Template) -> Template | Sequence[str]:
        """Return the elements of a list if an entry consists of one, or the template."""
        alone = template.alone
        elements = self._params.get(alone.name) if alone is not None and alone.root is Root.PARAMS else None
        if not isinstance(elements, tuple) or alone is None:
            return template
        return [alone.default] if not elements and alone.default is not None else parameter_texts(elements)

    def _value(self, hole: Placeholder, cell: Mapping[str, str]) -> str:
        found = cell.get(hole.name) if hole.root is Root.MATRIX else None
        if hole.root is Root.PARAMS and hole.name in self._params:
            found = parameter_text(self._params[hole.name])
        found = hole.known(found)
        if found is None:
            raise UnknownValue(f"{quoted(hole.source)}: there is no such value before the run begins")
        return found


def _all(
    key: str,
    entries: Sequence[Template | Sequence[str]],
    value_of: Callable[[Placeholder], str],
    folder: str,
    read: Callable[[str, str], DeclaredPath],
) -> tuple[DeclaredPath, ...]:
    """Fill in and read all paths of a key. Raises ValueProblem, with the key and position inside of the task."""
    found: list[DeclaredPath] = []
    for position, entry in enumerate(entries):
        try:
            if isinstance(entry, Template):
                found.append(read(folder, entry.fill(lambda hole: escaped(value_of(hole)))))
            else:
                found += [read(folder, escaped(text)) for text in entry]
        except UnknownValue:
            raise
        except ValueProblem as wrong:
            raise ValueProblem(wrong.message, wrong.hint, inside=(key, position), needle=wrong.needle) from None
    return tuple(found)


class PathSpelling:
    """Brings paths into one form, relative to a directory."""

    def __init__(self, directory: Path) -> None:
        """Spell paths of a graph in that directory."""
        self._directory = os.path.abspath(directory)

    def folder(self, cwd: str) -> str:
        """Return the form of a working directory, empty for the graph's own."""
        found = "." if cwd == "." else self._short(os.path.join(self._directory, cwd))
        return "" if found == "." else found

    def input(self, folder: str, text: str) -> DeclaredPath:
        """Read a path of `inputs`. Raises ValueProblem."""
        if "#" in text and (match := _VALUE.fullmatch(text)) is not None:
            return self._inside_of_file(folder, text, match[1], match[2])
        return self.output(folder, text)

    def output(self, folder: str, text: str) -> DeclaredPath:
        """Read a path of `outputs`. Raises ValueProblem."""
        if _PLAIN.fullmatch(text):
            return DeclaredPath(text, f"{folder}/{text}" if folder else text, PathKind.FILE)
        if not text or not text.isprintable():
            what = "contains characters that can't be printed" if text else "is an empty path"
            raise ValueProblem(f"{quoted(text)} {what}")
        if is_pattern(text):
            _check_pattern(text)
            pattern = os.path.join(glob.escape(self._directory), glob.escape(folder), text)
            return DeclaredPath(text, self._short(pattern, glob.escape(self._directory)), PathKind.GLOB)
        path = self._short(os.path.join(self._directory, folder, unescaped(text)))
        is_folder = text.endswith(("/", "/.", "/..")) or text in {".", ".."}
        return DeclaredPath(text, path, PathKind.FOLDER if is_folder else PathKind.FILE)

    def absolute(self, path: str) -> str:
        """Return the absolute path of `DeclaredPath.path`."""
        return os.path.normpath(os.path.join(self._directory, path))

    def _inside_of_file(self, folder: str, text: str, name: str, key: str) -> DeclaredPath:
        if not all(key.split(".")):
            raise ValueProblem(f"{quoted(text)} names no value after the #", 'write "params.yaml#train.seed"')
        file = self.output(folder, name)
        if file.kind is not PathKind.FILE:
            raise ValueProblem(f"{quoted(text)}: values are read from one file", "name the file without a pattern")
        return DeclaredPath(text, file.path, PathKind.VALUE, key)

    def _short(self, path: str, directory: str = "") -> str:
        """Return an absolute path without dots, relative to the directory if it lies in it."""
        path, directory = os.path.normpath(path), directory or self._directory
        inside = directory if directory.endswith("/") else f"{directory}/"
        if path == directory:
            return "."
        return path[len(inside) :] if path.startswith(inside) else path


def _check_pattern(text: str) -> None:
    """Raise ValueProblem for a pattern whose folders are unclear."""
    if text.endswith("/"):
        raise ValueProblem(f"{quoted(text)} is a pattern, which can't end in a slash", f'write "{text}**"')
    parts = text.split("/")
    first = next(position for position, part in enumerate(parts) if is_pattern(part))
    if ".." in parts[first:]:
        raise ValueProblem(f"{quoted(text)} is a pattern with .. inside", "begin with .., or write a path without it")
