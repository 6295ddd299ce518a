"""Read the files that a graph includes. Imported only for a graph that includes some."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.embedding import Embedding
from dagtui.graph.errors import GraphError, ValueProblem, quoted
from dagtui.graph.keys import INCLUDE
from dagtui.graph.matrix.matrices import MOST_NODES
from dagtui.graph.model import LOCAL
from dagtui.graph.other_files import content_of
from dagtui.graph.run_settings import RunSettings
from dagtui.graph.toml import values
from dagtui.graph.toml.parse import MOST_BYTES, digest_of
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.executors import ExecutorSettings
    from dagtui.graph.model import Graph, ParameterValue, Task
    from dagtui.graph.pools import Pool

    Load = Callable[[bytes, Path, Mapping[str, str], Mapping[str, str] | None, "Including"], Graph]
    """Reads the content of an included file."""

MOST_FILES = 200
"""The largest number of files that a graph includes, directly or not. One that is included twice counts twice."""
_EXAMPLE = '{ path = "../qc/graph.toml", prefix = "qc/" }'
_USUAL = RunSettings()
_OF_THE_RUN = frozenset(setting.name for setting in fields(RunSettings)) - {"secrets", "env_file"}
"""Settings of an included file that do not count."""


@dataclass(slots=True)
class ReadSoFar:
    """What has been read for one graph."""

    files: int = 0
    bytes: int = 0
    nodes: int = 0
    """Those of each file, with the files that it includes: a file that is nested counts at each level."""

    @property
    def excess(self) -> str:
        """What is wrong with the file that was read last if nothing more may be read. Empty if more may be."""
        if self.files > MOST_FILES:
            return f"is one of more than {MOST_FILES} included files"
        if self.bytes > MOST_BYTES:
            return f"and the other included files have more than {MOST_BYTES // 1024**2} MB"
        if self.nodes > MOST_NODES:
            return f"and the other included files have more than {MOST_NODES:,} nodes, counted at each level"
        return ""

    def check(self) -> None:
        """Raise ValueProblem if nothing more may be read."""
        if self.excess:
            raise ValueProblem(self.excess, "include fewer")


@dataclass(frozen=True, slots=True)
class Including:
    """The files around the one that is read, and those that have been read."""

    files: tuple[str, ...] = ()
    """The real paths of the including files, the outermost first."""
    prefix: str = ""
    """The prefix of the file's parameters in the call."""
    read: ReadSoFar = field(default_factory=ReadSoFar)
    """Shared by all files of a graph."""
    edited: Mapping[str, bytes] = field(default_factory=dict)
    """Contents that are read in place of those on disk, by the real path."""
    executor: str = ""
    """The executor that the call names for all tasks, or empty."""

    def inside(self, path: str, prefix: str) -> Including:
        """Return the same for a file that this one includes."""
        return Including((*self.files, path), self.prefix + prefix, self.read, self.edited, self.executor)


class Entry(NamedTuple):
    """An element of `include`."""

    position: int
    path: str
    prefix: str


class Includes:
    """The included files of one file."""

    def __init__(self, value: object, path: Path, diagnostics: Diagnostics, around: Including) -> None:
        """Read the entries of `include`. The files are read by `load`."""
        self.tasks: list[Task] = []
        self.params: dict[str, ParameterValue] = {}
        self.variables: dict[str, str] = {}
        self.sources: dict[Path, bytes] = {}
        self.pools: list[Pool] = []
        self.executors: dict[str, ExecutorSettings] = {}
        self.remarks: list[str] = []
        """What of the files does not count, for people."""
        self._secrets: list[str] = []
        self._env_files: list[str] = []
        self._path = path
        self._diagnostics = diagnostics
        self._around = around if around.files else around.inside(os.path.realpath(path), "")
        self._entries = self._read_entries(value)
        self._prefixes = tuple([entry.prefix for entry in self._entries])

    def _read_entries(self, value: object) -> list[Entry]:
        path = value if isinstance(value, str) else "../qc/graph.toml"
        try:
            tables = values.items(value, f'write [{{ path = {quoted(path)}, prefix = "qc/" }}]')
        except ValueProblem as wrong:
            self._diagnostics.wrong(("include",), wrong, quoted("include"))
            self._lose()
            return []
        found: list[Entry] = []
        for index, table in enumerate(tables):
            try:
                entry = read_entry(index, table)
                _check_prefix(entry, found)
            except ValueProblem as wrong:
                self._diagnostics.wrong(("include", index), wrong, 'an element of "include"')
                self._lose()
                continue
            found.append(entry)
        return found

    @property
    def names_executors(self) -> bool:
        """Whether any task names an executor or resources."""
        return any(task.executor != LOCAL or task.resources for task in self.tasks)

    def given(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the given parameters that are not of an included file."""
        return {name: text for name, text in parameters.items() if not name.startswith(self._prefixes)}

    def load(self, load: Load, parameters: Mapping[str, str], environment: Mapping[str, str] | None) -> None:
        """Read the files, and record what is wrong with them."""
        for entry in self._entries:
            prefix = entry.prefix
            own = {name.removeprefix(prefix): text for name, text in parameters.items() if name.startswith(prefix)}
            try:
                self._take(entry, self._graph(entry, load, own, environment))
            except ValueProblem as wrong:
                self._diagnostics.wrong(("include", entry.position, "path"), wrong, quoted("include.path"))
                self._lose()
            except GraphError as error:
                self._diagnostics.elsewhere(error)
                self._lose()
            if self._around.read.excess:
                break

    def _graph(
        self, entry: Entry, load: Load, parameters: Mapping[str, str], environment: Mapping[str, str] | None
    ) -> Graph:
        path = self._path.parent / os.path.expanduser(entry.path)
        real = os.path.realpath(path)
        files = self._around.files
        if real in files:
            names = [os.path.basename(name) for name in (*files[files.index(real) :], real)]
            raise ValueProblem(f"includes a file that includes this one: {' → '.join(map(label, names))}", "remove it")
        read = self._around.read
        read.files += 1
        read.check()
        content = self._around.edited.get(real)
        if content is None:
            content = content_of(path, MOST_BYTES, "split it")
        read.bytes += len(content)
        read.check()
        self.sources[path.absolute()] = digest_of(content)
        graph = load(content, path, parameters, environment, self._around.inside(real, entry.prefix))
        read.nodes += len(graph)
        read.check()
        return graph

    def _take(self, entry: Entry, graph: Graph) -> None:
        """Add what a file has. Raises ValueProblem."""
        embedding = Embedding(graph, entry.prefix, entry.path)
        for task in embedding.tasks():
            try:
                values.name(task.name)
            except ValueProblem as wrong:
                raise ValueProblem(f"has the task {quoted(task.name)}, whose name {wrong.message}") from None
            self.tasks.append(task)
        self.params |= {entry.prefix + name: value for name, value in graph.params.items()}
        self.variables |= graph.variables
        self.sources |= graph.sources
        self.pools += graph.pools
        self.executors = {**graph.executors, **self.executors}
        self._secrets += _secrets(graph, entry.prefix)
        self._env_files += map(embedding.path_of, graph.settings.env_file)
        ignored = sorted(key for key in _OF_THE_RUN if getattr(graph.settings, key) != getattr(_USUAL, key))
        self.remarks += graph.remarks
        if ignored:
            keys = ", ".join(map(quoted, ignored))
            self.remarks.append(f"{label(entry.path)}: {keys} in its [run] counts only when that file is run itself")

    def check_own(self, tasks: list[Task], params: Mapping[str, ParameterValue]) -> None:
        """Record tasks and parameters of the including file that are named like included ones."""
        hint = "give it another name, or the file another prefix"
        names = [("tasks", "task", task.name) for task in tasks] + [("params", "parameter", name) for name in params]
        for table, word, name in names:
            if name.startswith(self._prefixes):
                message = f"{word} {quoted(name)} has the prefix of an included file"
                self._diagnostics.key((table, name), message, hint)

    def settings(self, settings: RunSettings) -> RunSettings:
        """Return the settings of the run, with the secrets and the files of variables of all files."""
        names = dict.fromkeys([*settings.secrets, *self._secrets])
        files = dict.fromkeys([*self._env_files, *settings.env_file])
        return replace(settings, secrets=tuple(names), env_file=tuple(files))

    def _lose(self) -> None:
        """Note that tasks and variables are unknown, so that nothing is said about what refers to them."""
        lost = self._diagnostics.lost
        lost.all_tasks = lost.all_variables = lost.all_needs = lost.all_parameters = lost.all_executors = True


def read_entry(position: int, value: object) -> Entry:
    """Read an element of `include`. Raises ValueProblem."""
    table = values.table(value, f"write {_EXAMPLE}")
    for key in table:
        if key not in INCLUDE:
            hint = did_you_mean(key, INCLUDE) or f"the keys here are {', '.join(INCLUDE)}"
            raise ValueProblem(f"has the unknown key {quoted(key)}", hint, inside=(key,))
    found = []
    for name, known in INCLUDE.items():
        if name not in table:
            raise ValueProblem(f"has no {name}", f"write {_EXAMPLE}")
        try:
            found.append(str(known.read(table[name])))
        except ValueProblem as wrong:
            raise ValueProblem(f"has a {name} that {wrong.message}", wrong.hint, inside=(name,)) from None
    return Entry(position, *found)


def _check_prefix(entry: Entry, others: list[Entry]) -> None:
    """Raise ValueProblem if a prefix begins with that of an earlier element, or the other way round."""
    for other in others:
        if entry.prefix.startswith(other.prefix) or other.prefix.startswith(entry.prefix):
            message = f"has the prefix {quoted(entry.prefix)} beside that of another one, {quoted(other.prefix)}"
            raise ValueProblem(message, "no prefix may begin with another one", inside=("prefix",))


def _secrets(graph: Graph, prefix: str) -> list[str]:
    """Return what the secrets of an included file are called in the including one."""
    names: list[str] = []
    for name in graph.settings.secrets:
        if name in graph.params:
            names.append(prefix + name)
        if name not in graph.params or name in graph.variables or any(name in task.env for task in graph.tasks):
            names.append(name)
    return names
