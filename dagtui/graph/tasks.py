"""Read `[defaults]` and `[tasks.NAME]` tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagtui.graph.check.diagnostics import KEPT
from dagtui.graph.errors import FollowsError, ValueProblem, quoted, read_inside, subject
from dagtui.graph.gate_values import check_gate, gate_of, of_gate
from dagtui.graph.keys import FIELDS, RESERVED_TASK, TASK, Key
from dagtui.graph.matrix.matrices import MatrixDraft
from dagtui.graph.model import LOCAL, PythonCall, RetryPolicy, Task
from dagtui.graph.toml import values
from dagtui.text.amounts import MOST_SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.matrix.drafts import SheetReader
    from dagtui.graph.model import Action, ParameterValue
    from dagtui.graph.toml.positions import KeyPath
    from dagtui.text.amounts import Seconds

_Fields = dict[str, Any]
"""The values read of one table, by key, each in its reader's own type."""


class TaskReader:
    """Reads tables of tasks over the same defaults."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        params: Mapping[str, ParameterValue],
        env: Mapping[str, str],
        defaults: dict[str, object],
        folder: Path,
        executor: str = "",
    ) -> None:
        """Read the defaults. `env` holds the variables of the whole graph. Sheets are relative to the folder.

        `executor` is the one that the call names for all tasks, or empty.
        """
        self._diagnostics = diagnostics
        self._params = params
        self._folder = folder
        self._executor = executor
        self.names_executors = bool(executor)
        """Whether any task names an executor or resources."""
        self._sheets: SheetReader | None = None
        self.broken: set[str] = set()
        """Tasks whose matrix can't be read, so that their cells are unknown."""
        self._lost_needs = False
        """Whether the needs are unknown of tasks that don't state their own."""
        self._broken_defaults = False
        fields = self._fields(("defaults",), defaults)
        for key in _OF_ONE.intersection(fields):
            diagnostics.key(("defaults", key), f"{quoted(key)} belongs in one task", "move it to [tasks.NAME]")
            del fields[key]
        if len(fields) < len(defaults):
            self._lose("", defaults.keys() - fields.keys())
        self._env: Mapping[str, str] = {**env, **fields.pop("env", {})}
        """Shared by every task without variables of its own."""
        self._defaults = fields

    @property
    def sheets(self) -> Mapping[Path, bytes]:
        """The digests of the sheets that were read."""
        return {} if self._sheets is None else self._sheets.digests

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
        if not _OF_GATES.isdisjoint(table):
            check_gate(self._diagnostics, at, table)
            own, fields = of_gate(own), of_gate(fields)
        elif "service" in own:
            from dagtui.graph.service_values import check_service

            executes = not fields.keys().isdisjoint(("run", "call")) or not table.keys().isdisjoint(("run", "call"))
            check_service(self._diagnostics, at, table, executes=executes)
            fields = {key: value for key, value in fields.items() if key not in {"slots", "pools"}}
        if self._executor or "executor" in fields or "resources" in fields:
            fields = self._placed(own, fields)
        if fields.get("finally") and not fields.get("group"):
            fields = {**fields, "group": FINALLY}
        env = own.get("env")
        return Task(
            name,
            _action(own, fields),
            env=self._env if env is None else {**self._env, **env},
            retry=self._retry(own, fields),
            condition=fields.get("if", ""),
            is_finally=fields.get("finally", False),
            line=line,
            stays_here=fields.get("stays_here", False),
            **{key: value for key, value in fields.items() if key in FIELDS},
        )

    def _placed(self, own: _Fields, fields: _Fields) -> _Fields:
        """Return the fields with the executor that the call names, all resources, and the slots that they mean."""
        self.names_executors = True
        fields = dict(fields)
        if own.get("executor") == LOCAL:
            fields["stays_here"] = True
        elif self._executor:
            fields["executor"] = self._executor
        if "resources" in own:
            fields["resources"] = {**self._defaults.get("resources", {}), **own["resources"]}
        cpus = fields.get("resources", {}).get("cpus")
        if cpus is not None and "slots" not in fields and "service" not in fields and "ask" not in own:
            fields["slots"] = min(cpus, MOST_SLOTS)
        return fields

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
        if isinstance(fields.get("matrix"), MatrixDraft):
            self._complete_matrix(at, fields)
        if "run" in fields and "call" in fields:
            self._diagnostics.key(
                (*at, "call"), '"run" and "call" are both given', "a task does one thing: remove one of them"
            )
        if "retry_delay" in table and "delay" in fields.get("retry", {}):
            hint = "they mean the same: remove one of them"
            self._diagnostics.key((*at, "retry_delay"), '"retry.delay" and "retry_delay" are both given', hint)
        return fields

    def _complete_matrix(self, at: KeyPath, fields: _Fields) -> None:
        """Replace a matrix's draft by the matrix. Drop it if it can't be completed."""
        from dagtui.graph.matrix.drafts import SheetReader, complete

        if self._sheets is None:
            self._sheets = SheetReader(self._folder, self._diagnostics)
        draft = fields.pop("matrix")
        try:
            fields["matrix"] = complete(draft, self._params, self._diagnostics, self._sheets)
        except ValueProblem as wrong:
            self._diagnostics.wrong((*at, "matrix"), wrong, subject("matrix", wrong))
        except FollowsError:
            return

    def _unknown(self, at: KeyPath, key: str, value: object) -> None:
        from dagtui.graph.check.unknown_keys import unknown_key

        if at[0] == "tasks" and isinstance(value, dict) and self._is_task(at, key, value):
            message = f"task {quoted(at[1])} has a table {quoted(key)}, which is not a key of a task"
            whole = _whole_name(at[1], key, value)
            self._diagnostics.key((*at, key), message, f"quote the name: [tasks.{quoted(whole)}]")
            self._diagnostics.lost.tasks.add(whole)
            return
        if key.lower() == "when" and value == "manual":  # of GitLab
            self._diagnostics.key((*at, key), f"unknown key {quoted(key)}", _MANUAL)
            return
        unknown_key(self._diagnostics, (*at, key), TASK, RESERVED_TASK)

    def _lose(self, task: str, unread: AbstractSet[str]) -> None:
        """Record what is unknown because of unread keys of a task, or of the defaults if `task` is empty."""
        from dagtui.graph.check.unknown_keys import means_children, meant_key

        lost = self._diagnostics.lost
        at = ("tasks", task) if task else ("defaults",)
        some = unread if len(unread) <= KEPT else unread & READERS.keys()
        meant = {key if key in READERS else meant_key((*at, key), TASK) for key in some}
        lost.all_needs = lost.all_needs or any(map(means_children, some))
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
        from dagtui.graph.check.unknown_keys import key_hint

        if key in RESERVED_TASK or self._diagnostics.full:
            return False
        looks_like_one = not value.keys().isdisjoint(("run", "call", "needs"))
        return looks_like_one or not key_hint((*at, key), TASK, RESERVED_TASK)

    def _retry(self, own: _Fields, fields: _Fields) -> RetryPolicy:
        """Combine the keys about retries. A delay of the task's own overrides all of the defaults."""
        retries = fields.get("retries", 0)
        table: _Fields = fields.get("retry", {})
        if not retries and not table and "retry_delay" not in fields:
            return _NO_RETRIES
        delay: Seconds = table["delay"] if "delay" in table else fields.get("retry_delay", 1.0)
        if "retry_delay" in own and "delay" not in own.get("retry", {}):
            delay = own["retry_delay"]
        return RetryPolicy(
            retries,
            delay,
            table.get("backoff", 1.0),
            table.get("max_delay", max(3600.0, delay)),
            table.get("jitter", 0.0),
            table.get("exit_codes", ()),
            table.get("lost"),
            table.get("outside"),
            table.get("grow", {}),
        )


_NO_RETRIES = RetryPolicy()
_MANUAL = 'write a task with ask = "Go on?", and name it in needs: it waits for a person'
FINALLY = "finally"
"""The folder in the tree of finally nodes that have no other."""
_OF_GATES = frozenset({"ask", "choices"})
_OF_ONE = _OF_GATES | {"service"}


def _reader(key: Key) -> Callable[[object], object]:
    return (lambda value: _read_retry(key.inner, value)) if key.inner else key.read


def _read_retry(known: Mapping[str, Key], value: object) -> _Fields:
    """Read the table that is the value of a key. Raises ValueProblem."""
    fields: _Fields = {}
    for key, entry in values.table(value, 'write { delay = "2s", backoff = 2.0 }').items():
        if key not in known:
            from dagtui.graph.check.unknown_keys import key_hint

            hint = key_hint(("retry", key), known)
            raise ValueProblem("is an unknown key", hint or f"the keys here are {', '.join(known)}", inside=(key,))
        fields[key] = read_inside((key,), known[key].read, entry)
    if fields.get("max_delay", 3600.0) < fields.get("delay", 0.0) and "max_delay" in fields:
        raise ValueProblem('must not be shorter than "delay"', inside=("max_delay",))
    return fields


READERS: Mapping[str, Callable[[object], object]] = {name: _reader(key) for name, key in TASK.items()}


def _whole_name(task: object, key: str, table: dict[str, object]) -> str:
    """Return the dotted name that was meant by nested tables."""
    names = [str(task), key]
    while len(table) == 1 and len(names) < 20:
        inner, value = next(iter(table.items()))
        if inner in TASK or not isinstance(value, dict):
            break
        names.append(inner)
        table = value
    return ".".join(names)


def _action(own: _Fields, fields: _Fields) -> Action:
    if "ask" in own:
        return gate_of(own)
    if "run" in own or ("run" in fields and "call" not in own):
        action: Action = fields["run"]
        return action
    if "call" in fields:
        return PythonCall(fields["call"], fields.get("args", {}))
    return None
