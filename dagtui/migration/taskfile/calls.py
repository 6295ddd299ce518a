"""A call of a task: its variables, its folder, and its commands with their loops unrolled."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.evaluation import Evaluation
from dagtui.migration.taskfile.known_values import ARCH, OS, as_text, known, shown
from dagtui.migration.taskfile.reading import text_of
from dagtui.migration.taskfile.scopes import Scope, parameter
from dagtui.migration.taskfile.texts import ARGUMENTS, Hole, Text
from dagtui.migration.values import MOST_VALUES, UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dagtui.migration.taskfile.reading import Source, Sources
    from dagtui.migration.taskfile.shell_names import ShellNames
    from dagtui.migration.taskfile.texts import ParameterUses

    Values = Mapping[str, tuple[object, object]]
    """Variables that a call hands over: each as a script has it, and as a path has it."""

OWN_FOLDER = "\0"
"""Stands for the folder of a task that only the shell knows."""
_PATTERN = re.compile(r"[\w./*?\[\]@+,-]+")


@dataclass(frozen=True, slots=True)
class Scopes:
    """The same variables twice. In paths, the folders that only a run knows are those of today."""

    script: Scope
    path: Scope

    def set(self, name: str, value: object, path_value: object = None) -> Scopes:
        """Return scopes with one more variable, whose value is worked out already."""
        both = value if path_value is None else path_value
        return Scopes(self.script.set(name, value), self.path.set(name, both))

    def define_all(self, table: object, folder: str = "") -> Scopes:
        """Return scopes with the variables of a table."""
        return Scopes(self.script.define_all(table, folder), self.path.define_all(table, folder))


@dataclass(frozen=True, slots=True)
class Loop:
    """A list that only the shell knows."""

    words: str
    """What `for` goes over. Empty: the lines of `lines`."""
    lines: str = ""
    needs: Text = field(default_factory=Text)
    patterns: bool = False
    variable: str = "var_ITEM"


@dataclass(frozen=True, slots=True)
class CommandStep:
    """One command of a task."""

    scopes: Scopes
    command: object = ""
    """A template for the shell. Not asked for if `task` is given."""
    task: object = None
    values: object = None
    condition: object = None
    ignored: bool = False
    """Whether its failure changes nothing."""
    deferred: bool = False
    loop: Loop | None = None
    problem: str = ""
    """Why it can't be carried over."""


@dataclass(frozen=True, slots=True)
class Call:
    """A task with the variables of one call."""

    source: Source
    scopes: Scopes
    folder: str | None
    """Where it runs, relative to the graph file. None if only the shell knows."""
    folder_text: Text
    given: Mapping[str, object] = field(default_factory=dict)
    """What its caller hands over."""

    def value(self, key: str) -> object:
        """Return the value of a key of the task."""
        return self.source.table.get(key)

    @property
    def method(self) -> str:
        """How Task compares its sources. Empty: in the usual way."""
        return text_of(self.value("method") or self.source.file.value("method"))

    @property
    def compares_sources(self) -> bool:
        """Whether Task runs it only when its sources have changed."""
        return bool(self.value("sources")) and self.method != "none"


class Caller:
    """Makes calls of the tasks of a file."""

    def __init__(
        self, base: Path, sources: Sources, names: ShellNames, parameters: ParameterUses, fixed: set[str]
    ) -> None:
        self._base, self._sources, self._names = base, sources, names
        self._parameters, self._fixed = parameters, fixed
        self._globals = Scopes(self._special(False), self._special(True))
        for file in sources.files:
            self._globals = self._globals.define_all(file.value("env"))
        for file in sources.files:
            self._globals = self._with_parameters(file.value("vars"), is_root=file is sources.root)

    @property
    def file_scope(self) -> Scope:
        """The variables of the file as a whole."""
        return self._globals.script

    @property
    def path_scope(self) -> Scope:
        """The same for paths."""
        return self._globals.path

    def call(self, source: Source, values: Values, stars: list[object]) -> Call:
        """Return a call of a task. Raises UnknownError."""
        given = {name: value for name, (value, _) in values.items()} | ({"MATCH": stars} if stars else {})
        scopes = self._globals.set("TASK", source.name).set("ALIAS", source.name).set("MATCH", stars)
        scopes = self._places(scopes, source.file.path)
        for table, place in source.file.scopes:
            scopes = scopes.define_all(table, place)
        for name, (value, path_value) in values.items():
            scopes = scopes.set(name, value, path_value)
        folder, text = self._folder(source, scopes)
        scopes = scopes.define_all(source.table.get("vars"), OWN_FOLDER if folder is None else folder)
        directory = self._here("TASK_DIR", folder) if folder is not None else text
        return Call(source, scopes.set("TASK_DIR", directory, str(self._base / (folder or ""))), folder, text, given)

    def values(self, table: object, scopes: Scopes) -> Values:
        """Return what a call hands over, worked out where it stands. Raises UnknownError."""
        found: dict[str, tuple[object, object]] = {}
        for key, raw in table.items() if isinstance(table, dict) else ():
            found[shown(key)] = (scopes.script.value(raw, shown(key)), scopes.path.value(raw, shown(key)))
        return found

    def _special(self, paths: bool) -> Scope:
        scope = Scope(self._names, self._parameters)
        root: object = str(self._base) if paths else self._here("ROOT_DIR", "")
        words = self._names.hole("CLI_ARGS", 'NAME=$(set -- {{ params.CLI_ARGS }}; printf %s "$*")')
        only = next(words.holes)
        for name, value in {
            "ROOT_DIR": root,
            "USER_WORKING_DIR": root,
            "PWD": root,
            **({"HOME": os.path.expanduser("~")} if paths else {}),
            "ROOT_TASKFILE": str(self._base / self._sources.root.path)
            if paths
            else self._below(root, self._sources.root.path),
            "TASK_EXE": "task",
            "PATH_LIST_SEPARATOR": ":",
            "FILE_PATH_SEPARATOR": "/",
            "EXIT_CODE": Text((Hole("${var_EXIT_CODE}"),)),
            "CLI_FORCE": False,
            "CLI_SILENT": False,
            "CLI_VERBOSE": False,
            "CLI_ASSUME_YES": False,
            ARGUMENTS: Text((Hole(only.variable, ARGUMENTS, needs=only.needs),)),
        }.items():
            scope = scope.set(name, value)
        return scope

    def _here(self, name: str, folder: str) -> Text:
        return self._names.hole(name, "NAME=$PWD", folder=folder)

    def _below(self, root: object, name: str) -> Text:
        return Text((*as_text(root, self._names).parts, f"/{name}"))

    def _places(self, scopes: Scopes, path: str) -> Scopes:
        folder = os.path.dirname(path)
        here = self._here("TASKFILE_DIR", folder)
        scopes = scopes.set("TASKFILE_DIR", here, str(self._base / folder))
        return scopes.set("TASKFILE", self._below(here, os.path.basename(path)), str(self._base / path))

    def _with_parameters(self, table: object, *, is_root: bool) -> Scopes:
        scopes = self._globals
        for key, raw in table.items() if isinstance(table, dict) else ():
            name = shown(key)
            found = parameter(name, raw) if is_root and name not in self._fixed else None
            scopes = scopes.define_all({key: raw}) if found is None else scopes.set(name, found)
        return scopes

    def _folder(self, source: Source, scopes: Scopes) -> tuple[str | None, Text]:
        written = source.table.get("dir")
        if written is None:
            return source.file.folder, Text()
        folder = scopes.path.text(written)
        if folder.dynamic:
            return None, scopes.script.text(written)
        path = os.path.expanduser(scopes.path.plain(written))
        return self.relative(os.path.join(source.file.folder, path)), Text()

    def is_file(self, path: str) -> bool:
        """Return whether a path, relative to the graph file, is a file today."""
        return os.path.isfile(self._base / path)

    def relative(self, path: str) -> str:
        """Return a path relative to the graph file, or absolute if it leads far away."""
        path = os.path.normpath(path) if path else ""
        if os.path.isabs(path):
            below = os.path.relpath(path, self._base)
            path = path if below.startswith("..") else below
        return "" if path == "." else path


def on_this_machine(platforms: object) -> bool:
    """Return whether `platforms` names this machine."""
    names = [text_of(each) for each in listed(platforms)]
    return not names or bool({OS, ARCH, f"{OS}/{ARCH}"} & set(names))


def steps(call: Call) -> Iterator[CommandStep]:
    """Yield the commands of a task."""
    written = call.value("cmds")
    commands = listed(written if written is not None else call.value("cmd"))
    for raw in commands:
        try:
            yield from _steps(raw, call.scopes, call)
        except UnknownError as error:
            yield CommandStep(call.scopes, problem=str(error))


def _steps(raw: object, scopes: Scopes, call: Call) -> Iterator[CommandStep]:
    if not isinstance(raw, dict):
        if raw is not None and text_of(raw):
            yield CommandStep(scopes, raw, ignored=call.value("ignore_error") is True)
        return
    if not on_this_machine(raw.get("platforms")):
        return
    if "for" in raw:
        inner = {key: value for key, value in raw.items() if key != "for"}
        for scope, loop in rounds(raw["for"], scopes, call):
            for step in _steps(inner, scope, call):
                yield replace(step, loop=loop)
        return
    deferred = raw.get("defer")
    if deferred is not None:
        inner = deferred if isinstance(deferred, dict) else {"cmd": deferred}
        yield CommandStep(
            scopes, inner.get("cmd", ""), inner.get("task"), inner.get("vars"), raw.get("if"), deferred=True
        )
        return
    if "timeout" in raw:
        raise UnknownError("the timeout of a command")
    ignored = raw.get("ignore_error") is True or call.value("ignore_error") is True
    command = raw.get("cmd", "")
    for key in ("set", "shopt"):
        if raw.get(key):
            options = " ".join(text_of(each) for each in listed(raw[key]))
            command = f"{'set -o' if key == 'set' else 'shopt -s'} {options}\n{text_of(command)}"
    yield CommandStep(scopes, command, raw.get("task"), raw.get("vars"), raw.get("if"), ignored)


def rounds(spec: object, scopes: Scopes, call: Call) -> Iterator[tuple[Scopes, Loop | None]]:
    """Yield the variables of each round of a loop. Raises UnknownError."""
    if isinstance(spec, list):
        items = [scopes.script.value(each) for each in spec[:MOST_VALUES]]
        yield from _each(list(enumerate(items)), "ITEM", scopes)
    elif text_of(spec) in {"sources", "generates"}:
        yield from _files(call.value(str(spec)), scopes)
    elif isinstance(spec, dict) and "matrix" in spec:
        yield from _each(list(enumerate(_matrix(spec["matrix"], scopes))), text_of(spec.get("as")) or "ITEM", scopes)
    elif isinstance(spec, dict) and "var" in spec:
        yield from _of_variable(spec, scopes)
    else:
        raise UnknownError("a for that is not a list, a variable, a matrix or sources")


def _each(items: Sequence[tuple[object, object]], name: str, scopes: Scopes) -> Iterator[tuple[Scopes, Loop | None]]:
    for key, item in items[:MOST_VALUES]:
        yield scopes.set(name, item).set("KEY", key), None


def _matrix(table: object, scopes: Scopes) -> list[dict[str, object]]:
    axes: dict[str, list[object]] = {}
    for axis, raw in table.items() if isinstance(table, dict) else ():
        value = known(scopes.script.value(raw)) if isinstance(raw, dict) else raw
        if not isinstance(value, list):
            raise UnknownError(f"the axis {shown(axis)} of a matrix is not a list")
        axes[shown(axis)] = value
    product = itertools.islice(itertools.product(*axes.values()), MOST_VALUES)
    return [dict(zip(axes, cell, strict=True)) for cell in product] if axes else []


def _of_variable(spec: Mapping[str, object], scopes: Scopes) -> Iterator[tuple[Scopes, Loop | None]]:
    value = scopes.script.get(text_of(spec["var"]))
    name, split = text_of(spec.get("as")) or "ITEM", text_of(spec.get("split"))
    if isinstance(value, Text) and value.dynamic:
        item = Text((Hole(f"${{var_{name}}}"),))
        words = "".join(hole if isinstance(hole, str) else hole.variable or hole.value for hole in value.parts)
        if split and (len(split) != 1 or split in "'\\"):
            raise UnknownError(f"a list that is split at {split}")
        loop = Loop(
            "" if split else words, f"printf '%s\\n' \"{words}\" | tr '{split}' '\\n'", value, variable=f"var_{name}"
        )
        yield scopes.set(name, item), loop
        return
    scopes.script.parameters.fix(value)
    found = known(value)
    if isinstance(found, dict):
        yield from _each(list(found.items()), name, scopes)
    elif isinstance(found, list):
        yield from _each(list(enumerate(found)), name, scopes)
    else:
        parts = shown(found).split(split) if split else shown(found).split()
        yield from _each(list(enumerate(parts)), name, scopes)


def _files(patterns: object, scopes: Scopes) -> Iterator[tuple[Scopes, Loop | None]]:
    found = [scopes.path.plain(each) for each in listed(patterns) if not isinstance(each, dict)]
    if len(found) < len(listed(patterns)) or not all(map(_PATTERN.fullmatch, found)):
        raise UnknownError("a loop over files with exclude or with odd names")
    item = Text((Hole("${var_ITEM}"),))
    yield scopes.set("ITEM", item), Loop(" ".join(found), patterns=True)


def reference(source: str, scope: Scope) -> object:
    """Return the value of a `ref`. Raises UnknownError."""
    return Evaluation(scope).expression(source)
