"""The variables that a template sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.migration.taskfile.evaluation import Evaluation
from dagtui.migration.taskfile.go_templates import parse
from dagtui.migration.taskfile.known_values import known, shown
from dagtui.migration.taskfile.texts import ARGUMENTS, Hole, Text, is_variable, rendered
from dagtui.migration.values import MOST_VALUES, PLAIN, UnknownError, is_scalar

if TYPE_CHECKING:
    from dagtui.migration.taskfile.shell_names import ShellNames
    from dagtui.migration.taskfile.texts import ParameterUses


class Scope:
    """A chain of definitions. Each sees those before it, and is worked out when it is asked for."""

    def __init__(self, names: ShellNames, parameters: ParameterUses, above: Scope | None = None) -> None:
        self.names, self.parameters, self._above = names, parameters, above
        self._found: dict[str, object] = {}
        self._raw: dict[str, tuple[object, str]] = {}

    def inner(self) -> Scope:
        """Return a scope for more definitions."""
        return Scope(self.names, self.parameters, self)

    def define(self, name: str, raw: object, folder: str = "") -> Scope:
        """Return a scope with one more variable, as a Taskfile defines it."""
        scope = self.inner()
        scope._raw[name] = (raw, folder)
        return scope

    def define_all(self, table: object, folder: str = "") -> Scope:
        """Return a scope with the variables of a table."""
        scope = self
        for name, raw in table.items() if isinstance(table, dict) else ():
            scope = scope.define(shown(name), raw, folder)
        return scope

    def set(self, name: str, value: object) -> Scope:
        """Return a scope with one more variable, whose value is worked out already."""
        scope = self.inner()
        scope._found[name] = value
        return scope

    def get(self, name: str) -> object:
        """Return the value of a variable. Raises UnknownError."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._found:
                return scope._found[name]
            if name in scope._raw and scope._above is not None:
                raw, folder = scope._raw[name]
                before, self.names.hint = self.names.hint, name
                try:
                    value = scope._above.value(raw, name, folder)
                finally:
                    self.names.hint = before
                scope._found[name] = value
                return value
            scope = scope._above
        if not is_variable(name):
            raise UnknownError(f"the variable {name}")
        return Text((Hole(f"${{{name}}}"),))

    def has(self, name: str) -> bool:
        """Return whether something defines a variable."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._found or name in scope._raw:
                return True
            scope = scope._above
        return False

    def value(self, raw: object, name: str = "", folder: str = "") -> object:
        """Return what a definition means here. Raises UnknownError."""
        if isinstance(raw, str):
            return self.text(raw)
        if isinstance(raw, list):
            return [known(self.value(each)) if isinstance(each, str) else each for each in raw[:MOST_VALUES]]
        if not isinstance(raw, dict):
            return raw
        if "sh" in raw:
            command = self.text(shown(raw["sh"]).rstrip("\n"))
            lines = f"NAME=$({_in_lines(rendered(command, self.parameters))})"
            return self.names.hole(name, lines, command.needs, folder=folder, executes=True)
        if "ref" in raw:
            return Evaluation(self).expression(shown(raw["ref"]))
        if "map" in raw:
            return raw["map"]
        raise UnknownError(f"the variable {name}: a table without sh, ref and map")

    def text(self, source: object) -> Text:
        """Return a template filled in. Raises UnknownError."""
        if not is_scalar(source) and source is not None:
            raise UnknownError("a list or a table where a text belongs")
        template = shown(source)
        if "{{" not in template:
            return Text((template,) if template else ())
        return Evaluation(self).blocks(parse(template))

    def plain(self, source: object) -> str:
        """Return a template filled in as known text. Raises UnknownError."""
        found = self.text(source)
        self.parameters.fix(found)
        return shown(known(found))


def _in_lines(command: str) -> str:
    return f"\n{command}\n" if "\n" in command or "#" in command else command


def parameter(name: str, raw: object) -> Text | None:
    """Return a variable of the Taskfile as a parameter, if a shell reads its value alike with quotes and without."""
    if isinstance(raw, (dict, list)) or raw is None or not is_variable(name):
        return None
    text = shown(raw)
    if not text or not PLAIN.fullmatch(text) or name == ARGUMENTS:
        return None
    return Text((Hole(parameter=name, value=text, typed=raw),))
