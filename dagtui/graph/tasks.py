"""Read `[defaults]` and `[tasks.NAME]` tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dagtui.graph import keys
from dagtui.graph.actions import SHORT, read_args, read_call, read_run
from dagtui.graph.check.diagnostics import KEPT
from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import ValueProblem, quoted
from dagtui.graph.expressions.places import SHELLS
from dagtui.graph.expressions.templates import value_text
from dagtui.graph.matrix.matrices import read_matrix
from dagtui.graph.model import RETRIED_WORDS, PythonCall, RetryPolicy, Task, Trigger
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.model import Action
    from dagtui.graph.toml.positions import KeyPath

MOST_RETRIES = 1_000_000
MOST_SLOTS = 100_000
_Fields = dict[str, Any]
"""The values read of one table, by key, each in its reader's own type."""


class TaskReader:
    """Reads tables of tasks over the same defaults."""

    def __init__(self, diagnostics: Diagnostics, env: Mapping[str, str], defaults: dict[str, object]) -> None:
        """Read the defaults. `env` holds the variables of the whole graph."""
        self._diagnostics = diagnostics
        self.broken: set[str] = set()
        """Tasks whose matrix can't be read, so that their cells are unknown."""
        self._lost_needs = False
        """Whether the needs are unknown of tasks that don't state their own."""
        self._broken_defaults = False
        fields = self._fields(("defaults",), defaults)
        if len(fields) < len(defaults):
            self._lose("", defaults.keys() - fields.keys())
        self._env: Mapping[str, str] = {**env, **fields.pop("env", {})}
        """Shared by every task without variables of its own."""
        self._defaults = fields

    def read(self, name: str, table: dict[str, object], line: int) -> Task:
        """Read one task. Record what is wrong and leave it at its default."""
        at = ("tasks", name)
        own = self._fields(at, table)
        if "call" not in table and "args" in own and ("run" in own or "call" not in self._defaults):
            self._diagnostics.key(
                (*at, "args"), '"args" without "call"', 'add "call", or write the arguments into "run"'
            )
        fields = {**self._defaults, **own} if self._defaults else own
        if len(own) < len(table):
            self._lose(name, table.keys() - own.keys())
        if self._broken_defaults and "matrix" not in own:
            self.broken.add(name)
        if self._lost_needs and "needs" not in own:
            self._diagnostics.lost.needs.add(name)
        env = own.get("env")
        return Task(
            name,
            _action(own, fields),
            fields.get("group", ""),
            fields.get("doc", ""),
            fields.get("cwd", "."),
            self._env if env is None else {**self._env, **env},
            fields.get("shell"),
            self._retry(own, fields),
            fields.get("timeout"),
            fields.get("grace", 5.0),
            fields.get("slots", 1),
            fields.get("trigger", Trigger.ALL_SUCCESS),
            fields.get("allow_failure", False),
            line,
            fields.get("needs", ()),
            fields.get("matrix"),
            fields.get("colour", False),
        )

    def _fields(self, at: KeyPath, table: dict[str, object]) -> _Fields:
        fields: _Fields = {}
        for key, value in table.items():
            reader = READERS.get(key)
            if reader is None:
                self._unknown(at, key, value)
                continue
            try:
                fields[key] = reader(value)
            except ValueProblem as wrong:
                self._diagnostics.wrong((*at, key), wrong, subject(key, wrong))
        if "run" in fields and "call" in fields:
            self._diagnostics.key(
                (*at, "call"), '"run" and "call" are both given', "a task does one thing: remove one of them"
            )
        if "retry_delay" in table and "delay" in fields.get("retry", {}):
            hint = "they mean the same: remove one of them"
            self._diagnostics.key((*at, "retry_delay"), '"retry.delay" and "retry_delay" are both given', hint)
        return fields

    def _unknown(self, at: KeyPath, key: str, value: object) -> None:
        if at[0] == "tasks" and isinstance(value, dict) and self._is_task(at, key, value):
            message = f"task {quoted(at[1])} has a table {quoted(key)}, which is not a key of a task"
            whole = _whole_name(at[1], key, value)
            self._diagnostics.key((*at, key), message, f"quote the name: [tasks.{quoted(whole)}]")
            self._diagnostics.lost.tasks.add(whole)
            return
        keys.unknown_key(self._diagnostics, (*at, key), keys.TASK, keys.RESERVED_TASK)

    def _lose(self, task: str, unread: AbstractSet[str]) -> None:
        """Record what is unknown because of unread keys of a task, or of the defaults if `task` is empty."""
        lost = self._diagnostics.lost
        at = ("tasks", task) if task else ("defaults",)
        some = unread if len(unread) <= KEPT else unread & READERS.keys()
        meant = {key if key in READERS else keys.meant_key((*at, key), keys.TASK) for key in some}
        lost.all_needs = lost.all_needs or any(map(keys.means_children, some))
        if not task:
            self._lost_needs = "needs" in meant
            self._broken_defaults = "matrix" in meant
            lost.all_variables = lost.all_variables or "env" in meant
            return
        if "needs" in meant:
            lost.needs.add(task)
        if "env" in meant:
            lost.variables_of.add(task)
        if "matrix" in meant:
            self.broken.add(task)

    def _is_task(self, at: KeyPath, key: str, value: dict[str, object]) -> bool:
        """Return whether a table inside of a task is meant to be a task with a dotted name."""
        if key in keys.RESERVED_TASK or self._diagnostics.full:
            return False
        looks_like_one = not value.keys().isdisjoint(("run", "call", "needs"))
        return looks_like_one or not keys.key_hint((*at, key), keys.TASK, keys.RESERVED_TASK)

    def _retry(self, own: _Fields, fields: _Fields) -> RetryPolicy:
        """Combine the keys about retries. A delay of the task's own overrides all of the defaults."""
        retries = fields.get("retries", 0)
        table: _Fields = fields.get("retry", {})
        if not retries and not table and "retry_delay" not in fields:
            return _NO_RETRIES
        delay: float = table["delay"] if "delay" in table else fields.get("retry_delay", 1.0)
        if "retry_delay" in own and "delay" not in own.get("retry", {}):
            delay = own["retry_delay"]
        return RetryPolicy(
            retries,
            delay,
            table.get("backoff", 1.0),
            table.get("max_delay", max(3600.0, delay)),
            table.get("jitter", 0.0),
            table.get("exit_codes", ()),
        )


_NO_RETRIES = RetryPolicy()


def subject(key: str, wrong: ValueProblem) -> str:
    """Return the subject of a reader's message about the value of that key."""
    dotted = ".".join([key, *(part for part in wrong.inside if isinstance(part, str))])
    return f"an element of {quoted(dotted)}" if wrong.inside and isinstance(wrong.inside[-1], int) else quoted(dotted)


def _whole_name(task: object, key: str, table: dict[str, object]) -> str:
    """Return the dotted name that was meant by nested tables."""
    names = [str(task), key]
    while len(table) == 1 and len(names) < 20:
        inner, value = next(iter(table.items()))
        if inner in keys.TASK or not isinstance(value, dict):
            break
        names.append(inner)
        table = value
    return ".".join(names)


def _action(own: _Fields, fields: _Fields) -> Action:
    if "run" in own or ("run" in fields and "call" not in own):
        action: Action = fields["run"]
        return action
    if "call" in fields:
        return PythonCall(fields["call"], fields.get("args", {}))
    return None


def _needs(value: object) -> tuple[str, ...]:
    hint = f"write [{quoted(value)}]" if isinstance(value, str) else 'write ["a", "b"]'
    found = values.texts(values.filled_text, values.items(value, hint))
    if len(found) > 1 and len(set(found)) < len(found):
        index = _second(found)
        raise ValueProblem(f"repeats {quoted(found[index])}", "remove it", inside=(index,))
    return found


def _second(entries: tuple[str, ...]) -> int:
    """Return the position of the first entry that repeats an earlier one."""
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry in seen:
            return index
        seen.add(entry)
    raise AssertionError("no entry is repeated")


def _group(value: object) -> str:
    group = values.printable(value)
    if group and any(not part.strip() for part in group.split("/")):
        raise ValueProblem("has a folder without a name", 'write "data/raw"')
    return group


def read_env(value: object) -> dict[str, str]:
    """Read a table of variables: strings, numbers, true, false. Raises ValueProblem."""
    found = {key: _variable(key, entry) for key, entry in values.table(value, 'write { NAME = "value" }').items()}
    if sum(map(len, found.values())) > SHORT:
        from dagtui.graph.check.kernel_limits import check_environment

        check_environment(found)
    return found


def _variable(key: str, value: object) -> str:
    if not key or "=" in key or "\0" in key:
        raise ValueProblem('is not a valid name for a variable: it must not be empty or contain "="', inside=(key,))
    try:
        return value_text(values.scalar(value))
    except ValueProblem as wrong:
        raise ValueProblem(wrong.message, wrong.hint, inside=(key,)) from None


def _shell(value: object) -> tuple[str, ...]:
    hint = 'write ["bash", "-c"]'
    if isinstance(value, str) and " " in value:
        hint = f'write a command line as "run"; {hint} for the shell that runs it'
    shell = values.texts(values.filled_text, values.items(value, hint))
    if not shell:
        raise ValueProblem("must not be empty", hint)
    if any("{{" in argument for argument in shell):
        raise ValueProblem("can't contain placeholders")
    name = shell[0].rpartition("/")[2]
    if name in SHELLS and not any(re.match(r"-[A-Za-z]*c", argument) for argument in shell[1:]):
        raise ValueProblem("lacks the option that takes a command", f'write ["{name}", "-c"]')
    return shell


def _retry_table(value: object) -> _Fields:
    hint = 'write { delay = "2s", backoff = 2.0 }'
    fields: _Fields = {}
    for key, entry in values.table(value, hint).items():
        if key not in _RETRY:
            hint = keys.key_hint(("retry", key), keys.RETRY)
            raise ValueProblem("is an unknown key", hint or f"the keys here are {', '.join(keys.RETRY)}", inside=(key,))
        try:
            fields[key] = _RETRY[key](entry)
        except ValueProblem as wrong:
            raise ValueProblem(wrong.message, wrong.hint, inside=(key, *wrong.inside)) from None
    if fields.get("max_delay", 3600.0) < fields.get("delay", 0.0) and "max_delay" in fields:
        raise ValueProblem('must not be shorter than "delay"', inside=("max_delay",))
    return fields


def _exit_codes(value: object) -> tuple[int | str, ...]:
    entries = values.items(value, "write [7, 28]")
    if not entries:
        raise ValueProblem("must not be empty", "leave it out to retry after every failure")
    found: list[int | str] = []
    for index, entry in enumerate(entries):
        try:
            found.append(_exit_code(entry))
        except ValueProblem as wrong:
            raise ValueProblem(wrong.message, wrong.hint, inside=(index,)) from None
    return tuple(dict.fromkeys(found))


def _exit_code(entry: object) -> int | str:
    if not isinstance(entry, str):
        return values.whole(entry, 1, 255)
    if entry in RETRIED_WORDS:
        return entry
    import signal

    number = getattr(signal, f"SIG{entry.upper().removeprefix('SIG')}", None)
    hint = f"write {128 + number}: the end by a signal counts as 128 plus its number" if number else ""
    hint = hint or did_you_mean(entry, RETRIED_WORDS)
    raise ValueProblem('must be an exit status from 1 to 255, "timeout" or "lost"', hint)


def _trigger(value: object) -> Trigger:
    word = values.text(value)
    for trigger in Trigger:
        if trigger.value == word:
            return trigger
    from dagtui.graph.check.other_tools import Where, same_here, sentence_for

    known = [trigger.value for trigger in Trigger]
    same = same_here(word, Where.TRIGGER)
    hint = f"did you mean {quoted(same)}?" if same else sentence_for(word, Where.TRIGGER) or did_you_mean(word, known)
    raise ValueProblem("names an unknown trigger", hint or f"the triggers are {', '.join(known)}")


_RETRY: Mapping[str, Callable[[object], object]] = {
    "delay": values.duration,
    "backoff": lambda value: values.number(value, 1, 1000),
    "max_delay": values.duration,
    "jitter": lambda value: values.number(value, 0, 1),
    "exit_codes": _exit_codes,
}

READERS: Mapping[str, Callable[[object], object]] = {
    "group": _group,
    "doc": values.text,
    "run": read_run,
    "call": read_call,
    "args": read_args,
    "needs": _needs,
    "matrix": read_matrix,
    "cwd": values.filled_text,
    "env": read_env,
    "shell": _shell,
    "retries": lambda value: values.whole(value, 0, MOST_RETRIES),
    "retry_delay": values.duration,
    "retry": _retry_table,
    "timeout": values.some_duration,
    "grace": values.duration,
    "slots": lambda value: values.whole(value, 1, MOST_SLOTS),
    "trigger": _trigger,
    "allow_failure": values.boolean,
    "colour": values.boolean,
}
"""The reader for the value of each key of a task."""
