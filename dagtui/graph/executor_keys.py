"""The keys of an `[executors.NAME]` table, one row for each, with the kinds of executors that have it.

Only graphs with executors, and what describes the file, import this module.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from dagtui.graph.check.suggestions import called_elsewhere, did_you_mean
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.executors import REMOTE, ExecutorKind, ExecutorSettings, written_resources
from dagtui.graph.jobqueue_table import EXAMPLE, JOBQUEUE_SCHEMA, read_jobqueue, written_jobqueue
from dagtui.graph.keys import BOOLEAN, DURATION, FILLED_TEXT, TASK, TEXT, TEXTS
from dagtui.graph.resource_values import read_resources
from dagtui.graph.toml import values
from dagtui.text.amounts import MOST_SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.graph.keys import Schema

THERE, HERE = "there", "here"
"""Whose variables a node has."""
OFF, STOP = "off", "stop"
TLS_FILES: Final = ("ca", "cert", "key")
_OTHER_KINDS: Final = {
    "ssh": "openssh remote host server machine",
    "slurm": "sbatch srun cluster hpc slurm_cluster",
    "dask": "distributed dask_distributed dask-jobqueue",
}
"""What kinds are called elsewhere."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SSH, _SLURM, _DASK = ExecutorKind.SSH, ExecutorKind.SLURM, ExecutorKind.DASK
_ALL: Final = frozenset(REMOTE)


class ExecutorKey(NamedTuple):
    """A key of the table of an executor."""

    read: Callable[[object], object]
    """Returns what the value means, or raises ValueProblem."""
    field: str
    """The field of ExecutorSettings. Empty for what is not a field of its own."""
    kinds: frozenset[ExecutorKind]
    """The kinds that have it."""
    schema: Schema
    """The values that it may have, as JSON Schema."""
    doc: str
    """What it is for, in one line."""
    example: str
    """A good value, as the file states it."""


def read_kind(value: object) -> ExecutorKind:
    """Read what runs the nodes. Raises ValueProblem."""
    word = values.text(value)
    for kind in REMOTE:
        if kind.value == word:
            return kind
    known = [kind.value for kind in REMOTE]
    if word == ExecutorKind.LOCAL.value:
        raise ValueProblem('can\'t be "local"', 'this machine needs no table: write executor = "local" in tasks')
    hint = called_elsewhere(word, _OTHER_KINDS) or did_you_mean(word, known)
    raise ValueProblem("names an unknown kind", hint or f"the kinds are {', '.join(known)}")


def _jobs(value: object) -> int:
    return values.whole(value, 1, MOST_SLOTS)


def _texts(value: object) -> tuple[str, ...]:
    return values.each(values.filled_text, values.items(value))


def _hosts(value: object) -> tuple[str, ...]:
    found = values.each(_host, values.items(value, 'write ["node1", "node2"]'))
    if not found:
        raise ValueProblem("must not be empty", 'write ["node1", "node2"]')
    return different_hosts(found)


def different_hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return hosts that must have different names. Raises ValueProblem."""
    for index, host in enumerate(hosts):
        if host in hosts[:index]:
            raise ValueProblem(f"repeats {quoted(host)}", "remove it", inside=(index,))
    return hosts


def _one_host(value: object) -> tuple[str, ...]:
    return (_host(value),)


def _host(value: object) -> str:
    found = values.path(value)
    return found if "{{" in found else host_name(found)


def host_name(text: str) -> str:
    """Return the name of a host without placeholders. Raises ValueProblem if it is not one."""
    if not text or text.startswith("-") or any(map(str.isspace, text)):
        raise ValueProblem("is not the name of a host", 'write it as for ssh: "gpubox" or "ada@gpubox"')
    return text


def _variables(value: object) -> tuple[str, ...]:
    found = values.each(values.filled_text, values.items(value, 'write ["HF_HOME"]'))
    for index, name in enumerate(found):
        if not _VARIABLE.fullmatch(name):
            message = f"names {quoted(name)}, which is not a variable"
            raise ValueProblem(message, "write names only: the values are those of this machine", inside=(index,))
    return tuple(dict.fromkeys(found))


def _environment(value: object) -> bool:
    word = values.text(value)
    if word not in {THERE, HERE}:
        raise ValueProblem(f'must be "{THERE}" or "{HERE}"', did_you_mean(word, (THERE, HERE)))
    return word == HERE


def _directory(value: object) -> str:
    found = values.path(value)
    if found.startswith("~") and found != "~" and not found.startswith("~/"):
        raise ValueProblem("begins with the home of another user", "write the whole path")
    return found


def _group(value: object) -> float | None:
    return None if value == OFF else values.some_duration(value)


def _orphans(value: object) -> float | None:
    return None if value == STOP else values.some_duration(value)


def _resources(value: object) -> object:
    return read_resources(value)


def _address(value: object) -> str:
    found = values.path(value)
    if "://" not in found and "{{" not in found:
        raise ValueProblem("has no protocol", f"write {quoted(f'tcp://{found}')}")
    return found


def _tls(value: object) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, entry in values.table(value, 'write { ca = "ca.pem", cert = "cert.pem", key = "key.pem" }').items():
        if name not in TLS_FILES:
            hint = did_you_mean(name, TLS_FILES) or f"the files are {', '.join(TLS_FILES)}"
            raise ValueProblem("is an unknown file", hint, inside=(name,))
        found[name] = read_inside((name,), values.path, entry)
    return found


_LIST: Schema = {"type": "array", "items": FILLED_TEXT, "uniqueItems": True, "minItems": 1}
EXECUTOR: Mapping[str, ExecutorKey] = {
    "kind": ExecutorKey(
        read_kind, "kind", _ALL, {"enum": [kind.value for kind in REMOTE]}, "What runs the nodes.", '"slurm"'
    ),
    "host": ExecutorKey(
        _one_host, "", frozenset({_SSH}), FILLED_TEXT, "The host, as the configuration of ssh names it.", '"gpubox"'
    ),
    "hosts": ExecutorKey(_hosts, "hosts", frozenset({_SSH}), _LIST, "Several hosts, in place of host.", '["a", "b"]'),
    "address": ExecutorKey(
        _address, "address", frozenset({_DASK}), FILLED_TEXT, "Address of the scheduler.", '"tcp://scheduler:8786"'
    ),
    "scheduler_file": ExecutorKey(
        values.folder,
        "scheduler_file",
        frozenset({_DASK}),
        FILLED_TEXT,
        "File that the scheduler has written its address to.",
        '"scheduler.json"',
    ),
    "jobqueue": ExecutorKey(
        read_jobqueue,
        "jobqueue",
        frozenset({_DASK}),
        JOBQUEUE_SCHEMA,
        "Jobs of a queueing system that are the workers, submitted by dask-jobqueue.",
        EXAMPLE,
    ),
    "tls": ExecutorKey(
        _tls,
        "tls",
        frozenset({_DASK}),
        {
            "type": "object",
            "additionalProperties": False,
            "properties": dict.fromkeys(TLS_FILES, FILLED_TEXT),
        },
        "Files of an encrypted connection.",
        '{ ca = "ca.pem", cert = "cert.pem", key = "key.pem" }',
    ),
    "jobs": ExecutorKey(
        _jobs,
        "jobs",
        _ALL,
        {"type": "integer", "minimum": 1, "maximum": MOST_SLOTS},
        "Most nodes that are handed over at a time. For ssh, slots.",
        "500",
    ),
    "directory": ExecutorKey(
        _directory,
        "directory",
        _ALL,
        FILLED_TEXT,
        "Where logs and notes about attempts lie there.",
        '"/scratch/ada/dagtui"',
    ),
    "shared": ExecutorKey(
        values.boolean,
        "shared",
        _ALL,
        BOOLEAN,
        "Whether the directories of this machine are the same ones there. For slurm, true.",
        "true",
    ),
    "setup": ExecutorKey(
        values.text, "setup", _ALL, TEXT, "Shell lines before each node there.", '"module load python/3.12"'
    ),
    "python": ExecutorKey(
        values.path,
        "python",
        frozenset({_SLURM, _SSH}),
        FILLED_TEXT,
        "Python there, 3.8 or newer, for dagtui's own part.",
        '"/usr/bin/python3"',
    ),
    "pass": ExecutorKey(_variables, "pass_", _ALL, _LIST, "Variables of this machine that go along.", '["HF_HOME"]'),
    "environment": ExecutorKey(
        _environment,
        "environment_here",
        _ALL,
        {"enum": [THERE, HERE]},
        'Whose variables nodes have: those "there", or all of "here", too.',
        '"here"',
    ),
    "resources": ExecutorKey(
        _resources,
        "resources",
        _ALL,
        TASK["resources"].schema,
        "What each node asks for unless its task says otherwise.",
        '{ partition = "main", time = "1h" }',
    ),
    "options": ExecutorKey(
        _texts,
        "options",
        frozenset({_SLURM, _SSH}),
        TEXTS,
        "Arguments for sbatch, or for ssh.",
        '["--mail-type=NONE"]',
    ),
    "group": ExecutorKey(
        _group,
        "group",
        frozenset({_SLURM}),
        {"anyOf": [{"const": OFF}, DURATION]},
        'Time that a job of several short nodes takes at most, or "off".',
        '"1m"',
    ),
    "poll": ExecutorKey(
        values.some_duration, "poll", frozenset({_SLURM}), DURATION, "Least time between two questions.", '"2s"'
    ),
    "orphans": ExecutorKey(
        _orphans,
        "orphans",
        frozenset({_SSH, _DASK}),
        {"anyOf": [{"const": STOP}, DURATION]},
        'How long nodes go on when nobody connects, or "stop".',
        '"24h"',
    ),
}
"""The keys of a table, in the order of the manual."""


def kinds_with(key: str) -> str:
    """Name the kinds that have a key, for messages."""
    return ", ".join(f'kind = "{kind.value}"' for kind in REMOTE if kind in EXECUTOR[key].kinds)


def written(settings: ExecutorSettings) -> dict[str, object]:
    """Return the table of an executor, with the keys that are not at their defaults."""
    usual = ExecutorSettings("", settings.kind, shared=settings.kind is _SLURM)
    table: dict[str, object] = {"kind": settings.kind.value}
    for name, key in EXECUTOR.items():
        value = getattr(settings, key.field, None) if key.field else None
        if name != "kind" and key.field and value != getattr(usual, key.field):
            table[name] = _IN_A_FILE.get(name, _as_it_is)(value)
    return table


def _as_it_is(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


_IN_A_FILE: Mapping[str, Callable[..., object]] = {
    "environment": lambda is_here: HERE if is_here else THERE,
    "group": lambda seconds: OFF if seconds is None else seconds,
    "orphans": lambda seconds: STOP if seconds is None else seconds,
    "resources": written_resources,
    "jobqueue": written_jobqueue,
}
"""How values are written that are not read as they are."""
