"""A Taskfile as a graph."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.graph.errors import ValueProblem
from dagtui.graph.expressions.templates import cut_command
from dagtui.migration.drafts import Draft
from dagtui.migration.taskfile.calls import Caller
from dagtui.migration.taskfile.environment import outer_first
from dagtui.migration.taskfile.known_values import ARCH, OS, as_text, known, shown
from dagtui.migration.taskfile.nodes import NodeMaker
from dagtui.migration.taskfile.reading import read_sources, text_of
from dagtui.migration.taskfile.script_factory import ScriptFactory
from dagtui.migration.taskfile.shell_names import ShellNames
from dagtui.migration.taskfile.sources import separate
from dagtui.migration.taskfile.texts import ARGUMENTS, SHELL, ParameterUses, Text
from dagtui.migration.values import UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagtui.migration.taskfile.reading import Sources

_PASSES = 4


def read_taskfile(path: Path) -> Draft:
    """Make a draft of a Taskfile. Raises OSError, ValueError, and ImportError without PyYAML."""
    fixed: set[str] = set()
    for _ in range(_PASSES):
        reader = _TaskfileReader(path, fixed)
        draft = reader.read()
        if reader.parameters.fixed <= fixed:
            break
        fixed |= reader.parameters.fixed  # what a text depends on can't be a parameter: begin again without it
    return draft


class _TaskfileReader:
    def __init__(self, path: Path, fixed: set[str]) -> None:
        self._base = path.parent
        self._draft = Draft(path.name)
        self._sources: Sources = read_sources(path, self._draft.lose)
        self._names = ShellNames()
        self.parameters = ParameterUses()
        self._caller = Caller(path.parent, self._sources, self._names, self.parameters, fixed)

    def _exists(self, folder: str) -> bool:
        return os.path.isdir(self._base / folder)

    def read(self) -> Draft:
        draft, sources = self._draft, self._sources
        dynamic = self._environment()
        shared = ScriptFactory(sources, self._caller, self._names, self.parameters, self._exists)
        maker = NodeMaker(draft, shared, dynamic)
        for source in list(sources.tasks.values()):
            maker.add(source)
        if "default" in sources.tasks:
            draft.run["default"] = [maker.named("default")]
        self._env_files()
        self._check_placeholders()
        try:
            separate(draft, self._base)
        except ValueProblem as wrong:
            raise ValueError(f"sources and generates: {wrong}") from wrong
        self._parameters()
        draft.defaults["shell"] = [SHELL, "-e", "-c"]
        draft.remarks.append(f"Functions such as OS and ARCH have the values of this machine: {OS}, {ARCH}.")
        draft.remarks.append("Task's shell understands bash, so bash runs the scripts.")
        return draft

    def _environment(self) -> Mapping[str, object]:
        """Add the variables of the whole file. Return those that only a shell can work out."""
        dynamic: dict[str, object] = {}
        for file in self._sources.files:
            table = file.value("env")
            for key, raw in table.items() if isinstance(table, dict) else ():
                name = shown(key)
                try:
                    value = self._caller.file_scope.value(raw, name)
                    if isinstance(value, Text) and value.dynamic:
                        dynamic[name] = value
                        continue
                    self.parameters.fix(value)
                    self._draft.env[name] = outer_first(name, shown(known(as_text(value, self._names))))
                except UnknownError as error:
                    self._draft.lose("", f"env: {name}: {error}")
        return dynamic

    def _env_files(self) -> None:
        names: list[str] = []
        for raw in listed(self._sources.root.value("dotenv")):
            try:
                names.append(self._caller.path_scope.plain(raw))
            except UnknownError as error:
                self._draft.lose("", f"dotenv: {text_of(raw)}: {error}")
        if names:  # of two files the first one counts in Task, the last one here
            home = os.path.expanduser("~") + os.sep
            paths = [
                f"~/{name.removeprefix(home)}" if name.startswith(home) else self._caller.relative(name)
                for name in reversed(names)
                if name
            ]
            self._draft.run["env_file"] = list(dict.fromkeys(f"{path}?" for path in paths))

    def _check_placeholders(self) -> None:
        """Find placeholders that stand where the whole script has no place for them."""
        for name, table in self._draft.tasks.items():
            script = table.get("run")
            for part in cut_command(script, (SHELL,)) if isinstance(script, str) else ():
                if isinstance(part, ValueProblem):
                    found = [each for each in self.parameters.used if f"params.{each} " in part.needle]
                    self.parameters.fixed.update(found)
                    if ARGUMENTS in found or not found:
                        self._draft.lose(name, "a value in quotes that do not close")
                        self._draft.tasks[name] = {**table, "run": "exit 1"}

    def _parameters(self) -> None:
        table = self._sources.root.value("vars")
        for key, raw in table.items() if isinstance(table, dict) else ():
            if shown(key) in self.parameters.used:
                self._draft.params[shown(key)] = raw
        scripts = [str(table.get("run", "")) for table in self._draft.tasks.values()]
        if any(f"params.{ARGUMENTS} " in script for script in scripts):
            self._draft.params[ARGUMENTS] = {"default": [], "doc": "What stands behind -- in a call of Task"}
