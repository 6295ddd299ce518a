"""What one call of a task becomes: a task of the graph, and the stages and questions before it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dagtui.graph.expressions.braces import doubled
from dagtui.migration.taskfile.calls import on_this_machine, steps
from dagtui.migration.taskfile.environment import outer_first
from dagtui.migration.taskfile.known_values import as_text, known, shown
from dagtui.migration.taskfile.reading import text_of
from dagtui.migration.taskfile.scripts import ScriptWriter
from dagtui.migration.taskfile.sources import declared_files
from dagtui.migration.taskfile.texts import Text
from dagtui.migration.values import UnknownError, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.migration.drafts import Draft
    from dagtui.migration.taskfile.calls import Call, CommandStep
    from dagtui.migration.taskfile.script_factory import ScriptFactory

_TERMINAL = re.compile(r"(?:docker|podman|compose|kubectl)\b[^\n]*\s(?:-it|-ti|--tty|-i -t|-t -i)\b|\bread\s+-\w*p")
_LOST = ("watch", "timeout")


class Made(NamedTuple):
    """What became of a call."""

    name: str
    once: Mapping[str, str]
    """The tasks with `run: once` that have run by then, each with the task of the graph."""


class Maker(Protocol):
    """What adds the tasks that others call."""

    def call(
        self, call: Call, after: tuple[str, ...], once: Mapping[str, str], caller: str, around: tuple[str, ...]
    ) -> Made:
        """Return the task of the graph that stands for a call."""

    def free(self, wanted: str) -> str:
        """Return a name that no other task has."""


class Expansion:
    """Makes what one call becomes."""

    def __init__(
        self,
        maker: Maker,
        draft: Draft,
        shared: ScriptFactory,
        call: Call,
        name: str,
        owner: str,
        env: Mapping[str, object],
    ) -> None:
        self._maker, self._draft, self._shared, self._call = maker, draft, shared, call
        self._name, self._owner, self._env = name, owner, env
        self._stages = 0
        if name != owner:
            draft.parts[name] = owner

    def lose(self, what: str) -> None:
        """Note what is lost."""
        self._draft.lose(self._name, what)

    def make(self, after: tuple[str, ...], once: Mapping[str, str], around: tuple[str, ...]) -> Made:
        """Add the tasks of the graph. `around` are the tasks that this one is called from. Raises UnknownError."""
        call = self._call
        for key in _LOST:
            if call.value(key):
                self.lose(f"{key}: dagtui has no word for it here")
        if not on_this_machine(call.value("platforms")):
            self._draft.tasks[self._name] = self._table(after, "echo 'not for this platform'")
            return Made(self._name, once)
        found = list(steps(call))
        if call.value("if") is not None and call.value("deps"):  # its condition comes first
            return self._in_one_script(after, once, with_dependencies=True)
        joined: dict[str, str] = dict(once)
        dependencies: list[str] = []
        for dependency in self._shared.dependencies(call, self.lose):
            made = self._call_other(dependency, after, once, around)
            dependencies += [made.name] if made else []
            joined |= made.once if made else {}
        parents = self._gated(tuple(dict.fromkeys(dependencies)) or after)
        if self._needs_one_script(found):
            return self._in_one_script(parents, joined, with_dependencies=False)
        return self._in_stages(found, parents, joined, around)

    def _in_one_script(self, parents: tuple[str, ...], once: Mapping[str, str], *, with_dependencies: bool) -> Made:
        script = self._writer()
        try:
            for name, value in self._env.items():
                script.export(name, value, self._shared.names)
            script.whole(self._call, with_dependencies=with_dependencies)
        except UnknownError as error:
            self.lose(str(error))
            script.lines += ["echo 'this task was not carried over' >&2", "exit 1"]
        self._draft.tasks[self._name] = self._finished(parents, script)
        return Made(self._name, once)

    def _call_other(
        self, other: Call, after: tuple[str, ...], once: Mapping[str, str], around: tuple[str, ...]
    ) -> Made | None:
        try:
            return self._maker.call(other, after, once, self._name, around)
        except UnknownError as error:
            self.lose(f"{other.source.name}: {error}")
            return None

    def _needs_one_script(self, found: list[CommandStep]) -> bool:
        call = self._call
        condition = call.value("if")
        if not any(step.task is not None for step in found):
            return False
        if condition is not None or call.value("status") or call.compares_sources:
            return True
        if any(step.deferred or step.loop is not None for step in found):
            return True
        if any(step.task is not None and (step.ignored or step.condition is not None) for step in found):
            return True
        return self._changes(found)

    def _changes(self, found: list[CommandStep]) -> bool:
        """Return whether a later stage uses a value that a program makes, which may be another one by then."""
        writer = ScriptWriter(self._call.folder or "", self._shared, lambda _: None)
        for step in found:
            if step.problem:
                continue
            if step.task is None:
                writer.step(step, self._call)
                continue
            values = step.values if isinstance(step.values, dict) else {}
            try:
                for value, _ in self._shared.caller.values(values, step.scopes).values():
                    writer.need(value.needs if isinstance(value, Text) else ())
            except UnknownError:
                continue
        return writer.executes

    def _gated(self, parents: tuple[str, ...]) -> tuple[str, ...]:
        """Put the questions of `prompt` before the commands."""
        for number, raw in enumerate(listed(self._call.value("prompt"))):
            question = self._call.scopes.script.text(raw)
            if not question.parts:
                continue
            text, parents = self._question(question, parents)
            if self._call.compares_sources or self._call.value("status"):
                self.lose("prompt: it asks though the task is up to date")
            name = self._helper("prompt" if not number else f"prompt-{number + 1}")
            self._draft.tasks[name] = {"default": False, **_needs(parents), "ask": text}
            parents = (name,)
        return parents

    def _question(self, question: Text, parents: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """Return a question as a gate has it. A task before it works out what only the shell knows."""
        if not question.dynamic:
            return doubled("".join(part if isinstance(part, str) else part.value for part in question.parts)), parents
        name = self._helper("values")
        script = self._writer()
        self._begin(script, first=True)
        text = ""
        for number, part in enumerate(question.parts):
            if isinstance(part, str):
                text += doubled(part)
                continue
            value = script.quoted(Text((part,)))
            script.lines.append(f"printf 'value{number}<<END-%s\\n%s\\nEND-%s\\n' $$ {value} $$ >> \"$DAGTUI_OUTPUT\"")
            text += f"{{{{ needs.{name}.outputs.value{number} }}}}"
        self._draft.tasks[name] = {
            key: value
            for key, value in self._finished(parents, script).items()
            if key not in {"doc", "inputs", "outputs"}
        }
        return text, (name,)

    def _helper(self, ending: str) -> str:
        name = self._maker.free(f"{self._name}/{ending}")
        self._draft.parts[name] = self._name
        return name

    def _in_stages(
        self, found: list[CommandStep], parents: tuple[str, ...], once: Mapping[str, str], around: tuple[str, ...]
    ) -> Made:
        script, begun = self._writer(), False
        for number, step in enumerate(found):
            if step.task is None or step.problem:
                if not begun:
                    self._begin(script, first=not number)
                    begun = True
                script.step(step, self._call)
                continue
            if not begun and not number and self._call.value("preconditions"):
                self._begin(script, first=True)
            if script.lines:
                parents = self._stage(script, parents)
                script, begun = self._writer(), False
            other = self._called(step)
            if other is None:
                continue
            made = self._call_other(other, parents, once, around)
            if made is not None:
                parents, once = (made.name,), made.once
        if not found or (not begun and not any(step.task is not None for step in found)):
            self._begin(script, first=True)
        self._draft.tasks[self._name] = self._finished(parents, script)
        return Made(self._name, once)

    def _called(self, step: CommandStep) -> Call | None:
        try:
            return self._shared.called(step.task, step.values, step.scopes, self._call.source)
        except UnknownError as error:
            self.lose(f"cmds: {error}")
            return None

    def _begin(self, script: ScriptWriter, *, first: bool) -> None:
        """Write what stands before the commands of a stage."""
        call = self._call
        try:
            if first and not script.only_if(call):
                script.lines = ["exit 0"]
            script.change_folder(call)
            if self._is_exported():
                script.exports(call)
            for name, value in self._env.items():
                script.export(name, value, self._shared.names)
            script.settings(call)
            if first:
                script.conditions(call)
        except UnknownError as error:
            self.lose(str(error))
            script.lines += ["echo 'this task was not carried over' >&2", "exit 1"]

    def _writer(self) -> ScriptWriter:
        folder = self._call.folder
        start = folder if folder and self._shared.exists(folder) else ""
        return ScriptWriter(start, self._shared, self.lose, (self._call.source.name,))

    def _stage(self, script: ScriptWriter, parents: tuple[str, ...]) -> tuple[str, ...]:
        self._stages += 1
        name = self._helper(str(self._stages))
        self._draft.tasks[name] = {key: value for key, value in self._finished(parents, script).items() if key != "doc"}
        return (name,)

    def _finished(self, parents: tuple[str, ...], script: ScriptWriter) -> dict[str, object]:
        """Return the table of a task of the graph."""
        call = self._call
        table = self._table(parents, script.text())
        if "run" not in table:
            return table
        folder = call.folder
        if folder and self._shared.exists(folder):
            table["cwd"] = doubled(folder)
        env = self._variables()
        if env:
            table["env"] = env
        if call.value("interactive") is True or _TERMINAL.search(script.text()):
            table["tty"] = True
        if call.value("dotenv"):
            self.lose("dotenv of a task: variables of its files are not set")
        if not self._stages and call.compares_sources:
            declared_files(call, table, self._shared, self.lose)
        return table

    def _table(self, parents: tuple[str, ...], script: str) -> dict[str, object]:
        call = self._call
        table: dict[str, object] = {}
        doc = self._filled(call.value("desc")) or self._filled(call.value("summary"))
        if doc.strip():
            table["doc"] = doc.strip()
        table["default"] = False
        table |= _needs(parents)
        script = _alone(script)
        if script.strip():
            table["run"] = script
        return table

    def _filled(self, raw: object) -> str:
        """Return a description. What only the shell knows of it stays as it is written."""
        try:
            return shown(known(self._call.scopes.path.text(raw)))
        except UnknownError:
            return text_of(raw)

    def _is_exported(self) -> bool:
        """Return whether the script has to set the variables of the environment: only the shell knows one."""
        table = self._call.value("env")
        return any(self._is_dynamic(key, raw) for key, raw in (table.items() if isinstance(table, dict) else ()))

    def _is_dynamic(self, key: object, raw: object) -> bool:
        try:
            value = self._call.scopes.script.value(raw, shown(key))
        except UnknownError:
            return False
        return isinstance(value, Text) and value.dynamic

    def _variables(self) -> dict[str, str]:
        """Return the variables of the environment that are known."""
        table = self._call.value("env")
        if not isinstance(table, dict) or self._is_exported():
            return {}
        found: dict[str, str] = {}
        for key, raw in table.items():
            name = shown(key)
            try:
                value = self._call.scopes.script.value(raw, name)
                self._shared.parameters.fix(value)
                found[name] = outer_first(name, shown(known(as_text(value, self._shared.names))))
            except UnknownError as error:
                self.lose(f"env: {error}")
        return {name: value for name, value in found.items() if name and "=" not in name}


def _needs(parents: Iterable[str]) -> dict[str, object]:
    found = list(dict.fromkeys(parents))
    return {"needs": found} if found else {}


def _alone(script: str) -> str:
    """Return a script without the subshell around its only command."""
    lines = script.split("\n")
    inner = lines[1:-1]
    if len(lines) > 2 and lines[0] == "(" and lines[-1] == ")" and not {"(", ")"} & set(inner):
        return "\n".join(inner)
    return script
