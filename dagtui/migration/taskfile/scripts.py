"""Scripts for the shell, from the commands of a task."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from dagtui.graph.expressions.braces import doubled
from dagtui.graph.shell_bypass import simple_words
from dagtui.migration.taskfile.calls import OWN_FOLDER, reference, steps
from dagtui.migration.taskfile.known_values import as_text, known, shown
from dagtui.migration.taskfile.reading import text_of
from dagtui.migration.taskfile.texts import Text, in_quotes, is_variable, joined, rendered
from dagtui.migration.values import UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dagtui.migration.taskfile.calls import Call, CommandStep
    from dagtui.migration.taskfile.scopes import Scope
    from dagtui.migration.taskfile.script_factory import ScriptFactory
    from dagtui.migration.taskfile.shell_names import ShellNames
    from dagtui.migration.taskfile.texts import Assignment

_MOST_DEEP = 30
_FILLED = re.compile(r"\{\{ params\.\w+ \}\}|\$\{\w+\}|\A(?:echo|printf|test|true|false)\b")
"""What a command may have that leaves nothing behind in the shell."""
_CASES = {"nocaseglob", "globstar", "nullglob", "dotglob", "expand_aliases"}
_ENUM = "case {value} in {cases}) ;; *) echo {message} >&2; exit 1;; esac"


class ScriptWriter:
    """Writes one script. Subshells have writers of their own, which know what is assigned already."""

    def __init__(
        self, here: str, shared: ScriptFactory, lose: Callable[[str], None], around: tuple[str, ...] = ()
    ) -> None:
        self.lines: list[str] = []
        self.here: str | None = here
        self.executes = False
        """Whether a program makes a value of it."""
        self._shared, self._lose, self._around = shared, lose, around
        self._assigned: set[Assignment] = set()
        self._deferred = 0

    def inner(self, around: tuple[str, ...] = ()) -> ScriptWriter:
        """Return a writer for a subshell."""
        writer = ScriptWriter("", self._shared, self._lose, around or self._around)
        writer.here, writer._assigned = self.here, set(self._assigned)
        return writer

    def text(self) -> str:
        """Return the script."""
        return "\n".join(self.lines)

    def need(self, assignments: Iterable[Assignment]) -> None:
        """Assign variables that are not assigned yet."""
        for found in assignments:
            if found in self._assigned:
                continue
            self.need(found.needs)
            self._assigned.add(found)
            self.executes = self.executes or found.executes
            there, back = self._way(found.folder)
            self.lines += [*there, found.lines, *back]

    def _way(self, folder: str) -> tuple[list[str], list[str]]:
        if folder == OWN_FOLDER:
            return [], []
        if self.here is None:
            return [f'cd "$var_root"/{_word(folder or ".")}'], ['cd "$var_here"']
        if folder == self.here:
            return [], []
        return [f"cd {_word(way(self.here, folder))}"], [f"cd {_word(way(folder, self.here))}"]

    def filled(self, source: object, scope: Scope) -> str:
        """Return a template as a part of the script, after the variables that it needs."""
        return self._rendered(scope.text(source))

    def _rendered(self, text: Text) -> str:
        """Return a text as a part of the script, after the variables that it needs."""
        found = rendered(text, self._shared.parameters)
        self.need(need for need in text.needs if need.name in found)
        return found

    def quoted(self, text: Text) -> str:
        """Return a text as one word, after the variables that it needs."""
        self.need(text.needs)
        self._shared.parameters.fix(text)
        return in_quotes(text)

    def change_folder(self, call: Call) -> None:
        """Go to the folder of a task, and make it if it is not there."""
        if call.folder is None:
            folder = self.quoted(call.folder_text)
            if self.here is None:
                self.lines.append('cd "$var_root"')
            else:
                self.lines += [*([f"cd {_word(way(self.here, ''))}"] if self.here else []), "var_root=$PWD"]
            self.lines += [f"mkdir -p {folder}", f"cd {folder}", "var_here=$PWD"]
            self.here = None
        elif self.here is None:
            self.lines.append('cd "$var_root"')
            self.here = ""
            self.change_folder(call)
        elif call.folder != self.here:
            folder = _word(way(self.here, call.folder))
            self.lines += [*([] if self._shared.exists(call.folder) else [f"mkdir -p {folder}"]), f"cd {folder}"]
            self.here = call.folder

    def settings(self, call: Call) -> None:
        """Write the options of the shell, and check what the task requires."""
        for key, command in (("set", "set -o"), ("shopt", "shopt -s")):
            for option in (*listed(self._shared.root.value(key)), *listed(call.value(key))):
                name = text_of(option)
                if re.fullmatch(r"\w+", name) and not (key == "set" and name in {"e", "errexit"}):
                    self.lines.append(f"{'set -' if len(name) == 1 else command + ' '}{name}")
        required = call.value("requires")
        for entry in listed(required.get("vars")) if isinstance(required, dict) else ():
            self._require(entry, call.scopes.script)

    def _require(self, entry: object, scope: Scope) -> None:
        name = text_of(entry.get("name") if isinstance(entry, dict) else entry)
        if not is_variable(name):
            raise UnknownError(f"requires: {name}")
        if not scope.has(name):
            self.lines.append(f': "${{{name}:?is required: set it in the environment}}"')
        enum = entry.get("enum") if isinstance(entry, dict) else None
        if isinstance(enum, dict):
            enum = known(reference(text_of(enum.get("ref")), scope))
        if isinstance(enum, list) and enum:
            value = self.quoted(as_text(scope.get(name), scope.names))
            choices = [shown(each) for each in enum]
            message = doubled(shlex.quote(f"{name} must be one of: {', '.join(choices)}"))
            cases = "|".join(doubled(shlex.quote(each)) for each in choices)
            self.lines.append(_ENUM.format(value=value, cases=cases, message=message))

    def conditions(self, call: Call) -> None:
        """Write the preconditions, and what says that there is nothing to do."""
        scope = call.scopes.script
        for entry in listed(call.value("preconditions")):
            table = entry if isinstance(entry, dict) else {"sh": entry}
            said = scope.text(table.get("msg") or f"precondition not met: {text_of(table.get('sh'))}")
            message = self.quoted(said)
            command = self.filled(table.get("sh"), scope)
            self.lines += ["if ! (", command, f") > /dev/null 2>&1; then echo {message} >&2; exit 1; fi"]
        status = [self.filled(each, scope) for each in listed(call.value("status"))]
        if status:
            tests = "\n) && (\n".join(status)
            self.lines += [f"if {{ (\n{tests}\n); }} > /dev/null 2>&1; then echo 'up to date'; exit 0; fi"]

    def only_if(self, call: Call) -> bool:
        """Write the condition of a task. Return False if it is never met."""
        condition = call.value("if")
        if condition is None:
            return True
        command = self.filled(condition, call.scopes.script).strip()
        if command in {"true", ""}:
            return True
        if command == "false":
            return False
        self.lines += ["if ! (", command, "); then exit 0; fi"]
        return True

    def step(self, step: CommandStep, call: Call) -> None:
        """Write one command. A loss makes it fail."""
        self._shared.names.count()
        before = len(self.lines)
        try:
            body = self._body(step, call)
        except UnknownError as error:
            del self.lines[before:]
            self._lose(f"cmds: {error}")
            self.lines += ["echo 'this command was not carried over' >&2", "exit 1"]
            return
        self.lines += body

    def _body(self, step: CommandStep, call: Call) -> list[str]:
        if step.problem:
            raise UnknownError(step.problem)
        if step.loop is not None:
            self.need(step.loop.needs.needs)
        if step.loop is None and not step.deferred:
            lines = self._once(step, call)
        else:  # what its text needs is known in the loop, or at the end, only
            writer = self.inner()
            lines = writer._once(step, call)
            lines = [*writer.lines, *lines] if lines else []
        if not lines:
            return []
        lines = _looped(step, lines)
        if step.deferred:
            return self._defer(lines)
        return ["set +e", "(", "set -e", *lines, ")", "set -e"] if step.ignored else lines

    def _once(self, step: CommandStep, call: Call) -> list[str]:
        lines = self._of_call(step, call) if step.task is not None else self._of_shell(step)
        return lines if step.condition is None or not lines else self._conditional(step, lines)

    def _conditional(self, step: CommandStep, lines: list[str]) -> list[str]:
        condition = self.filled(step.condition, step.scopes.script).strip()
        if condition in {"true", ""}:
            return lines
        return [] if condition == "false" else ["if (", condition, "); then", *lines, "fi"]

    def _of_shell(self, step: CommandStep) -> list[str]:
        return self._command(step.scopes.script.text(step.command))

    def _command(self, text: Text) -> list[str]:
        """Return a command, in each of the forms that values with quotes give it."""
        chosen = next((hole for hole in text.holes if hole.choice is not None), None)
        if chosen is not None and chosen.choice is not None:
            test, one, other = chosen.choice
            self.need(test.needs)
            forms = [joined(value if part == chosen else part for part in text.parts) for value in (one, other)]
            self._shared.names.count()
            return [f"if {test.command}; then", *self._command(forms[0]), "else", *self._command(forms[1]), "fi"]
        command = self._rendered(text).strip("\n")
        if not command.strip():
            return [":"]
        return [command.strip()] if simple_words(_FILLED.sub("x", command)) else ["(", command, ")"]

    def _of_call(self, step: CommandStep, call: Call) -> list[str]:
        called = self._shared.called(step.task, step.values, step.scopes, call.source)
        if called is None:
            return []
        return self.inlined(called)

    def inlined(self, called: Call) -> list[str]:
        """Return a task as a subshell."""
        name = called.source.name
        if name in self._around or len(self._around) > _MOST_DEEP:
            raise UnknownError(f"{name} calls itself")
        writer = self.inner((*self._around, name))
        writer.lose_what_is_not_in_scripts(called)
        writer.whole(called)
        return ["(", *writer.lines, ")"] if writer.lines else []

    def lose_what_is_not_in_scripts(self, call: Call) -> None:
        """Say what a task can't have where a script has it."""
        source = call.source
        if call.compares_sources:
            self._lose(f"{source.name} runs each time here, though it has sources")
        for key in ("prompt", "interactive", "dotenv"):
            if call.value(key):
                self._lose(f"{key} of {source.name}")

    def whole(self, call: Call, *, with_dependencies: bool = True) -> None:
        """Write a task with all that it calls."""
        if not self.only_if(call):
            return
        for dependency in self._shared.dependencies(call, self._lose) if with_dependencies else ():
            self.lines += self.inlined(dependency)
        self.change_folder(call)
        self.exports(call)
        self.settings(call)
        self.conditions(call)
        self.commands(call)

    def exports(self, call: Call) -> None:
        """Set the variables of a task's environment, unless they are set already."""
        table = call.value("env")
        for key, raw in table.items() if isinstance(table, dict) else ():
            self.export(shown(key), call.scopes.script.value(raw, shown(key)), call.scopes.script.names)

    def export(self, name: str, value: object, names: ShellNames) -> None:
        """Set a variable of the environment, unless it is set already."""
        if not is_variable(name):
            raise UnknownError(f"env: {name}")
        word = self.quoted(as_text(value, names))
        self.lines.append(f'[ "${{{name}+set}}" ] || export {name}={word}')

    def commands(self, call: Call) -> None:
        """Write all commands of a task."""
        for step in steps(call):
            self.step(step, call)

    def _defer(self, lines: list[str]) -> list[str]:
        self._deferred += 1
        number = self._deferred
        calls = "; ".join(f"deferred_{each}" for each in range(number, 0, -1))
        trap = f"trap 'var_EXIT_CODE=$?; [ \"$var_EXIT_CODE\" != 0 ] || var_EXIT_CODE=; set +e; {calls}' EXIT"
        return [f"deferred_{number}() {{", *lines, "}", trap]


def _looped(step: CommandStep, lines: list[str]) -> list[str]:
    loop = step.loop
    if loop is None:
        return lines
    if loop.patterns:
        options = "globstar nullglob"
        return [
            f"shopt -s {options}",
            f"for {loop.variable} in {loop.words}; do",
            f"(shopt -u {options}",
            *lines,
            ")",
            "done",
        ]
    if loop.words:
        return [f"for {loop.variable} in {loop.words}; do", *lines, "done"]
    head = f"while IFS= read -r {loop.variable}; do"
    return [head, "(", *lines, ") < /dev/null", f"done < <({loop.lines})"]


def way(start: str, end: str) -> str:
    """Return the way from one folder to another one."""
    return end if os.path.isabs(end) else os.path.relpath(end or ".", start or ".")


def _word(path: str) -> str:
    return doubled(shlex.quote(path))
