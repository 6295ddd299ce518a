"""What values look like, by key: the hint for a wrong value when its reader knows none that fits better."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.graph.toml.positions import KeyPath

DOCUMENT: Mapping[str, str] = {"name": '"reads"', "env": '{ NAME = "value" }', "params": '{ size = "s" }'}
RETRY: Mapping[str, str] = {
    "delay": '"2s"',
    "backoff": "2.0",
    "max_delay": '"1m"',
    "jitter": "0.2",
    "exit_codes": '[7, 28, "timeout"]',
    "lost": "3",
    "outside": "3",
    "grow": "{ mem = 2 }",
}
MATRIX: Mapping[str, str] = {
    "from": '"samples.tsv"',
    "include": '[{ sample = "a", seed = 1 }]',
    "exclude": "[{ seed = 2 }]",
}
SERVICE: Mapping[str, str] = {"ready": '"port 5432"', "timeout": '"30s"'}
TASK: Mapping[str, str] = {
    "group": '"data/raw"',
    "doc": '"What it does"',
    "run": '"make", or run = ["make", "-j", "2"]',
    "call": '"package.module:function"',
    "args": "{ size = 1 }",
    "ask": '"Publish?"',
    "choices": '["publish", "drop"]',
    "needs": '["fetch", "split"]',
    "inputs": '["in.csv"]',
    "outputs": '["out.csv"]',
    "matrix": "{ seed = [1, 2] }",
    "cwd": '"sub/folder"',
    "env": '{ NAME = "value" }',
    "shell": '["bash", "-c"]',
    "wrap": '["nice", "-n", "5"]',
    "retries": "2",
    "retry_delay": '"2s"',
    "retry": '{ delay = "2s", backoff = 2.0 }',
    "timeout": '"1h30m"',
    "grace": '"10s"',
    "slots": "2",
    "pools": "{ gpu = 1 }",
    "executor": '"cluster"',
    "resources": '{ cpus = 4, mem = "8G", time = "2h" }',
    "service": '{ ready = "port 5432", timeout = "30s" }',
    "trigger": '"all_done"',
    "if": "\"params.size == 'l'\"",
    "finally": "true",
    "allow_failure": "true",
    "default": "false",
    "tty": "true",
    "colour": "true",
}
INCLUDE: Mapping[str, str] = {"path": '"../qc/graph.toml"', "prefix": '"qc/"'}
PARAMETER: Mapping[str, str] = {
    "default": '"s"',
    "type": '"int"',
    "choices": '["s", "l"]',
    "doc": '"Size of the model"',
}
RUN: Mapping[str, str] = {
    "jobs": "8",
    "keep_going": "true",
    "default": '["report"]',
    "timeout": '"6h"',
    "exclusive": "true",
    "env_file": '[".env"]',
    "secrets": '["API_TOKEN"]',
    "notify": '["./notify.sh"]',
    "state": '"/scratch/runs"',
}
_NAMED = {
    "tasks": "[tasks.build]",
    "params": 'size = "s"',
    "pools": "gpu = 2",
    "executors": "[executors.cluster]",
    "env": 'NAME = "value"',
}
"""Tables whose keys are names that a file chooses, and what a good line of one looks like."""
_INSIDE = {"retry": RETRY, "service": SERVICE, "matrix": MATRIX}


def usual_hint(at: KeyPath) -> str:
    """Return how to write the value at a path of keys, or an empty text if that is not known."""
    words = [str(part) for part in at]
    match words:
        case ["tasks", _, key, *below] | ["defaults", key, *below]:
            return _of_task(key, below)
        case ["include", _, key, *_]:
            return _written(INCLUDE, key)
        case ["params", _, key, *_] if isinstance(at[2], str):
            return _written(PARAMETER, key)
        case ["run", key, *_]:
            return _written(RUN, key)
        case [table, _, *_] if table in _NAMED:
            return f"write {_NAMED[table]}"
        case [key]:
            return _written(DOCUMENT, key)
    return ""


def _of_task(key: str, below: list[str]) -> str:
    if below and key == "env":
        return f"write {_NAMED['env']}"
    if below and key == "matrix" and below[0] not in MATRIX:
        return "write seed = [1, 2]"
    if below and key in _INSIDE:
        return _written(_INSIDE[key], below[0])
    return _written(TASK, key)


def _written(table: Mapping[str, str], key: str) -> str:
    return f"write {key} = {table[key]}" if key in table else ""
