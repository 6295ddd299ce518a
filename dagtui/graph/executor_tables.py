"""Read `[executors]` tables: those of a graph, and those of the user's own file.

Only graphs with executors, and what lists them, import this module.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.graph.check.diagnostics import Diagnostics
from dagtui.graph.check.suggestions import called_elsewhere, did_you_mean
from dagtui.graph.errors import GraphError, Problem, ValueProblem, quoted, subject
from dagtui.graph.executor_keys import EXECUTOR, kinds_with
from dagtui.graph.executors import REMOTE, WORDS, ExecutorKind, ExecutorSettings
from dagtui.graph.model import LOCAL
from dagtui.graph.toml import parse, values
from dagtui.graph.user_folder import EXECUTORS, user_folder
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST_BYTES: Final = 1024 * 1024
_OTHER_KEYS: Final = {
    "kind": "type engine backend provider scheduler",
    "host": "hostname server machine",
    "jobs": "max_jobs queue_size queuesize slots workers limit concurrency",
    "directory": "dir folder path work_dir workdir scratch cwd root",
    "setup": "prologue before_script script_prologue job_script_prologue modules init pre",
    "pass": "pass_env passenv env forward export env_pass",
    "resources": "defaults default_resources requirements",
    "options": "args sbatch sbatch_options cluster_options clusteroptions extra_args flags",
    "group": "batch batching array chunk bundle",
    "poll": "interval poll_interval",
    "address": "url scheduler_address",
    "jobqueue": "dask_jobqueue job_queue workers",
    "shared": "shared_filesystem shared_fs shared_directory",
}
"""What keys are called elsewhere."""
_PLAIN: Final = "tcp://"
"""How addresses of Dask begin whose connections are not encrypted."""
_FIELDS: Final = {"host": "hosts"}
"""Fields of keys that have another key, too."""


class UserExecutors(NamedTuple):
    """The executors of the user's own file."""

    path: Path
    known: Mapping[str, ExecutorSettings]
    problems: tuple[Problem, ...] = ()
    """What is wrong with the file. Executors that can't be read are left out."""
    lost: frozenset[str] = frozenset()
    """Names of executors that can't be read."""

    def may_have(self, name: str) -> bool:
        """Return whether an executor may be in the file, which is wrong."""
        return name in self.lost or (bool(self.problems) and not self.known and not self.lost)


def user_executors() -> UserExecutors:
    """Read the user's own file, which may be missing. What is wrong is among the problems."""
    path = user_folder() / EXECUTORS
    shown = label(path, 4096)
    try:
        text = parse.decode(_content(path, shown), shown) if os.path.exists(path) else ""
        document = parse.parse(text, shown).tables
    except OSError as error:
        return UserExecutors(path, {}, (Problem(f"can't be read: {label(error.strerror)}", shown),))
    except GraphError as error:
        return UserExecutors(path, {}, error.problems)
    diagnostics = Diagnostics()
    _check_document(diagnostics, document)
    table = document.get("executors", {})
    known = read_tables(table, diagnostics, str(path)) if isinstance(table, dict) else {}
    problems = diagnostics.error(text, shown).problems if diagnostics else ()
    return UserExecutors(path, known, problems, frozenset(diagnostics.lost.executors))


def _content(path: Path, shown: str) -> bytes:
    content = parse.read_bytes_again(path, shown)
    if len(content) > _MOST_BYTES:
        raise GraphError([Problem(f"is larger than {_MOST_BYTES // 1024} KB", shown)])
    return content


def _check_document(diagnostics: Diagnostics, document: Mapping[str, object]) -> None:
    for key, value in document.items():
        if key == "executors":
            if not isinstance(value, dict):
                message = f'"executors" must be a table, not {values.kind(value)}'
                diagnostics.value((key,), message, "write [executors.cluster]")
        elif isinstance(value, dict) and "kind" in value:
            diagnostics.key((key,), f"unknown table {quoted(key)}", f"write [executors.{key}]")
        else:
            diagnostics.key((key,), f"unknown key {quoted(key)}", "this file has only tables [executors.NAME]")


def read_tables(
    tables: Mapping[str, object], diagnostics: Diagnostics, defined_in: str = ""
) -> dict[str, ExecutorSettings]:
    """Read the tables of executors. Record what is wrong, and leave those out."""
    found: dict[str, ExecutorSettings] = {}
    for name, table in tables.items():
        at = ("executors", name)
        try:
            values.name(name)
        except ValueProblem as wrong:
            diagnostics.wrong_name(at, wrong, "an executor")
            diagnostics.lost.executors.add(name)
            continue
        if name == LOCAL:
            hint = 'remove it: "jobs" of [run] sets its slots'
            diagnostics.key(at, '"local" is this machine, and has no table', hint)
            continue
        if not isinstance(table, dict):
            hint = f'write [executors.{name}], then kind = "slurm"'
            diagnostics.value(at, f"executor {quoted(name)} must be a table, not {values.kind(table)}", hint)
            diagnostics.lost.executors.add(name)
            continue
        settings = _TableReader(name, table, diagnostics, defined_in).settings()
        if settings is None:
            diagnostics.lost.executors.add(name)
        else:
            found[name] = settings
    return found


class _TableReader:
    """One table on its way to the settings of an executor."""

    def __init__(self, name: str, table: dict[str, object], diagnostics: Diagnostics, defined_in: str) -> None:
        self._name = name
        self._table = table
        self._diagnostics = diagnostics
        self._defined_in = defined_in
        self._at = ("executors", name)
        self._whole = True

    def settings(self) -> ExecutorSettings | None:
        """Return the settings, or None if something is wrong with them."""
        read: dict[str, object] = {}
        for key, value in self._table.items():
            self._read(key, value, read)
        kind = read.pop("kind", None)
        if kind is None and "kind" not in self._table:
            known = ", ".join(quoted(one.value) for one in REMOTE)
            self._wrong(f"executor {quoted(self._name)} has no kind", f"write kind = one of {known}")
        if not isinstance(kind, ExecutorKind):
            return None
        for key in self._table:
            if key in EXECUTOR and kind not in EXECUTOR[key].kinds:
                message = f'{quoted(key)} is not a key of kind = "{kind.value}"'
                self._wrong(message, f"remove it: it belongs to {kinds_with(key)}", key)
        self._check_whereabouts(kind)
        self._check_words(kind)
        if not self._whole:
            return None
        read.setdefault("shared", kind is ExecutorKind.SLURM)
        return ExecutorSettings(self._name, kind, defined_in=self._defined_in, **read)  # type: ignore[arg-type]

    def _read(self, key: str, value: object, into: dict[str, object]) -> None:
        """Read one key into the field that it fills."""
        known = EXECUTOR.get(key)
        if known is None:
            self._wrong(f"unknown key {quoted(key)}", _hint(key), key)
            return
        try:
            found = known.read(value)
        except ValueProblem as wrong:
            self._whole = False
            wrong.hint = wrong.hint or f"write {key} = {known.example}"
            self._diagnostics.wrong((*self._at, key), wrong, subject(key, wrong))
            return
        into[known.field or _FIELDS[key]] = found

    def _check_whereabouts(self, kind: ExecutorKind) -> None:
        """Record that it is not stated, or more than once, where nodes go."""
        wanted = {ExecutorKind.SSH: ("host", "hosts"), ExecutorKind.DASK: ("address", "scheduler_file", "jobqueue")}
        keys = wanted.get(kind, ())
        stated = [key for key in keys if key in self._table]
        if keys and not stated:
            example = f"write {keys[0]} = {EXECUTOR[keys[0]].example}, or {' or '.join(keys[1:])}"
            self._wrong(f"executor {quoted(self._name)} does not say where it is", example)
        elif len(stated) > 1:
            both = " and ".join(map(quoted, stated[:2]))
            self._wrong(f"{both} are both given", "remove one of them", stated[1])
        if kind is ExecutorKind.DASK and "orphans" in self._table and "jobqueue" not in self._table:
            message = "a Dask cluster that is there already decides itself how long it stays"
            self._wrong(message, "remove it: it belongs to jobqueue", "orphans")
        address = self._table.get("address")
        if kind is ExecutorKind.DASK and "tls" in self._table and str(address).startswith(_PLAIN):
            self._wrong(
                '"address" is not encrypted, and "tls" is given',
                f"write {quoted(f'tls://{str(address).removeprefix(_PLAIN)}')}, or remove tls",
                "address",
            )

    def _check_words(self, kind: ExecutorKind) -> None:
        """Record words of its resources that the kind does not know."""
        table = self._table.get("resources")
        for word in table if isinstance(table, dict) else ():
            if word in WORDS and kind not in WORDS[word]:
                message = f'kind = "{kind.value}" does not know {quoted(word)}'
                self._diagnostics.key((*self._at, "resources", word), message, known_by(word))
                self._whole = False

    def _wrong(self, message: str, hint: str, *inside: str) -> None:
        self._whole = False
        self._diagnostics.key((*self._at, *inside), message, hint)


def _hint(key: str) -> str:
    folded = key.lower().replace("-", "_")
    if hint := called_elsewhere(folded, _OTHER_KEYS):
        return hint
    if folded in WORDS or folded in {"memory", "queue", "walltime"}:
        return 'it belongs in resources = { partition = "main", time = "1h" }'
    return did_you_mean(key, EXECUTOR) or f"the keys here are {', '.join(EXECUTOR)}"


def known_by(word: str) -> str:
    """Say which kinds of executors know a word of `resources`, as a hint."""
    kinds = [kind.value for kind in ExecutorKind if kind in WORDS[word]]
    return f"{' and '.join(kinds)} {'knows' if len(kinds) == 1 else 'know'} it"
