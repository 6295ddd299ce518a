"""A Taskfile and the Taskfiles that it includes, as one list of tasks. Nothing is executed, nothing is fetched."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.known_values import shown
from dagtui.migration.taskfile.scopes import Scope
from dagtui.migration.taskfile.shell_names import ShellNames
from dagtui.migration.taskfile.texts import ParameterUses
from dagtui.migration.values import UnknownError, is_scalar, read_data, words
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Lose = Callable[[str, str], None]
    """Told a task, or "" for the file, and what is lost."""

NAMES = ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml", "Taskfile.dist.yml", "taskfile.dist.yml",
         "Taskfile.dist.yaml", "taskfile.dist.yaml")  # fmt: skip
MOST_FILES = 100
MOST_TASKS = 5000
_MOST_VALUES = 200_000
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://|git@|[^/]+\.git(//|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """What the tasks of one Taskfile share."""

    table: Mapping[str, object]
    path: str
    """Relative to the folder of the first file."""
    folder: str = ""
    """Where its tasks run unless they say otherwise, as `dir` of its include has it."""
    scopes: tuple[tuple[object, str], ...] = ()
    """Tables of variables for its own tasks, each with the folder in which their programs run."""

    def value(self, key: str) -> object:
        """Return the value of a key of the file."""
        return self.table.get(key)


@dataclass(frozen=True, slots=True)
class Source:
    """A task as a Taskfile has it."""

    name: str
    table: Mapping[str, object]
    file: SourceFile
    namespace: str = ""
    aliases: tuple[str, ...] = ()

    def resolved(self, reference: str) -> str:
        """Return the whole name of a task that this one calls."""
        return with_namespace(reference, self.namespace)


@dataclass(slots=True)
class Sources:
    """All tasks, by their whole names."""

    root: SourceFile
    tasks: dict[str, Source] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    files: list[SourceFile] = field(default_factory=list)

    def find(self, name: str) -> tuple[Source, list[object]] | None:
        """Return a task by its name, an alias, or a pattern with stars, and what the stars stand for."""
        name = self.aliases.get(name, name)
        if name in self.tasks:
            return self.tasks[name], []
        if f"{name}:default" in self.tasks:
            return self.tasks[f"{name}:default"], []
        for pattern, source in self.tasks.items():
            if "*" in pattern:
                found = re.fullmatch("(.*)".join(map(re.escape, pattern.split("*"))), name)
                if found:
                    return source, list(found.groups())
        return None


def with_namespace(name: str, namespace: str) -> str:
    """Return the whole name of a task of an included file. A colon at its start leads to the first file."""
    if name.startswith(":"):
        return name[1:]
    return f"{namespace}:{name}" if namespace else name


def read_sources(path: Path, lose: Lose) -> Sources:
    """Read a Taskfile. Raises OSError, ValueError, and ImportError without PyYAML."""
    table = _table(path)
    root = SourceFile(table, path.name)
    sources = Sources(root)
    _IncludeReader(path.parent, sources, lose).add(root, path, "", (os.path.realpath(path),))
    return sources


def _table(path: Path) -> Mapping[str, object]:
    try:
        document = read_data(path)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError('it has no table "tasks"')  # noqa: TRY004 - the file is wrong, not a type
    _check_size(document)
    version = words(document.get("version"))
    if not re.fullmatch(r"v?3(\.\d+){0,2}", version):
        said = f"its version is {label(version)}" if version else "it has no version"
        raise ValueError(f'{said}: only Taskfiles of version 3 can be read: write version: "3"')
    for key in ("tasks", "includes"):
        if document.get(key) is not None and not isinstance(document[key], dict):
            raise ValueError(f'its "{key}" is not a table')
    if not document.get("tasks") and not document.get("includes"):
        raise ValueError('it has no table "tasks"')
    return document


def _check_size(document: object) -> None:
    """Refuse a document whose aliases make too much of it. Raises ValueError."""
    waiting = [document]
    count = 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"it has more than {_MOST_VALUES:,} values, with its aliases: write fewer")
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


class _IncludeReader:
    def __init__(self, base: Path, sources: Sources, lose: Lose) -> None:
        self._base, self._sources, self._lose = base, sources, lose

    def add(self, file: SourceFile, path: Path, namespace: str, around: tuple[str, ...], excludes: object = ()) -> None:
        """Add a file's tasks, and those of the files that it includes."""
        self._sources.files.append(file)
        if len(self._sources.files) > MOST_FILES:
            raise ValueError(f"it includes more than {MOST_FILES} Taskfiles")
        excluded = [words(each) for each in excludes] if isinstance(excludes, list) else []
        tasks = file.value("tasks")
        for key, raw in (tasks if isinstance(tasks, dict) else {}).items():
            if words(key) not in excluded:
                self._add_task(words(key), raw, file, namespace)
        includes = file.value("includes")
        for key, raw in (includes if isinstance(includes, dict) else {}).items():
            try:
                self._include(words(key), raw, file, path, namespace, around)
            except UnknownError as error:
                self._lose("", f"includes: {words(key)}: {error}")

    def _add_task(self, key: str, raw: object, file: SourceFile, namespace: str) -> None:
        if isinstance(raw, (str, list)):
            raw = {"cmds": raw if isinstance(raw, list) else [raw]}
        name = with_namespace(key, namespace)
        if not isinstance(raw, dict) or not key:
            raw = {} if raw is None else raw
            if not isinstance(raw, dict):
                self._lose("", f"task {name}: it is not a table")
                return
        written = raw.get("aliases")
        aliases = tuple(with_namespace(words(each), namespace) for each in written) if isinstance(written, list) else ()
        self._sources.tasks[name] = Source(name, raw, file, namespace, aliases)
        self._sources.aliases |= dict.fromkeys(aliases, name)
        if len(self._sources.tasks) > MOST_TASKS:
            raise ValueError(f"it has more than {MOST_TASKS:,} tasks")

    def _include(
        self, key: str, raw: object, file: SourceFile, path: Path, namespace: str, around: tuple[str, ...]
    ) -> None:
        table = raw if isinstance(raw, dict) else {"taskfile": raw}
        scope = self._scope(file)
        written = scope.plain(table.get("taskfile"))
        if _ELSEWHERE.match(written):
            raise UnknownError(f"{written} is not a file of this machine")
        found = _file(path.parent / os.path.expanduser(written))
        if found is None:
            if table.get("optional") is True:
                return
            raise UnknownError(f"there is no Taskfile at {written}")
        real = os.path.realpath(found)
        if real in around:
            names = " → ".join(
                label(os.path.relpath(each, self._base)) for each in (*around[around.index(real) :], real)
            )
            raise ValueError(f"its Taskfiles include each other: {names}")
        inside = self._included(table, file, scope, found, path)
        below = namespace if table.get("flatten") is True else with_namespace(key, namespace)
        try:
            self.add(inside, found, below, (*around, real), table.get("excludes"))
        except RecursionError:
            raise ValueError("its Taskfiles are nested too deeply") from None
        self._alias_namespace(table.get("aliases"), below, namespace)

    def _included(
        self, table: Mapping[str, object], file: SourceFile, scope: Scope, found: Path, path: Path
    ) -> SourceFile:
        try:
            document = _table(found)
        except (OSError, ValueError) as error:
            raise ValueError(f"{label(os.path.relpath(found, self._base))}: {error}") from error
        folder = file.folder
        if "dir" in table:
            folder = scope.plain(table["dir"])
            if not os.path.isabs(os.path.expanduser(folder)):
                folder = os.path.normpath(os.path.join(os.path.relpath(path.parent, self._base), folder))
        scopes = (*file.scopes, (table.get("vars"), ""), (document.get("vars"), folder))
        return SourceFile(document, os.path.relpath(found, self._base), folder, scopes)

    def _alias_namespace(self, aliases: object, below: str, namespace: str) -> None:
        for alias in aliases if isinstance(aliases, list) else ():
            other = with_namespace(words(alias), namespace)
            for name in list(self._sources.tasks):
                if name.startswith(f"{below}:"):
                    self._sources.aliases.setdefault(other + name.removeprefix(below), name)

    def _scope(self, file: SourceFile) -> Scope:
        scope = Scope(ShellNames(), ParameterUses())
        scope = scope.set("ROOT_DIR", str(self._base)).set("TASKFILE_DIR", str((self._base / file.path).parent))
        for table in (self._sources.root.value("env"), self._sources.root.value("vars"), file.value("vars")):
            scope = scope.define_all(table)
        return scope


def _file(path: Path) -> Path | None:
    """Return the Taskfile at a path, or in the folder at that path."""
    candidates: Iterator[Path] = iter([path] if os.path.isfile(path) else [path / name for name in NAMES])
    return next((found for found in candidates if os.path.isfile(found)), None)


def text_of(value: object) -> str:
    """Return a text, a number or a boolean as Task reads it."""
    return shown(value) if is_scalar(value) else ""
