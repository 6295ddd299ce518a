"""Read the `service` of a task."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dagtui.graph.check.suggestions import did_you_mean
from dagtui.graph.errors import ValueProblem, quoted, read_inside
from dagtui.graph.services import ReadyBy, Service
from dagtui.graph.toml import values

if TYPE_CHECKING:
    from collections.abc import Collection

    from dagtui.graph.check.diagnostics import Diagnostics
    from dagtui.graph.toml.positions import KeyPath

KEYS = ("ready", "timeout")
_EXAMPLE = 'write { ready = "port 5432", timeout = "30s" }'
_READY_HINT = 'write "port 5432", "run pg_isready", or "log accepting connections"'
_PORT = re.compile(r"(?:([^\s:\[\]]+|\[[0-9A-Fa-f:.]+\]):)?([0-9]{1,5})")


def read_service(value: object) -> Service:
    """Read the table. Raises ValueProblem."""
    table = values.table(value, _EXAMPLE)
    for key in table:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS) or "the keys here are ready, timeout"
            raise ValueProblem("is an unknown key", hint, inside=(key,))
    if "ready" not in table:
        raise ValueProblem('lacks "ready", which says when it can be used', _EXAMPLE)
    by, what = read_inside(("ready",), _ready, table["ready"])
    if "timeout" not in table:
        return Service(by, what)
    return Service(by, what, read_inside(("timeout",), values.some_duration, table["timeout"]))


def _ready(value: object) -> tuple[ReadyBy, str]:
    text = values.filled_text(value).strip()
    word, _, what = text.partition(" ")
    what = what.strip()
    by = next((by for by in ReadyBy if by.value == word), None)
    if by is None or not what:
        raise ValueProblem('must begin with "port", "run" or "log", and go on', _READY_HINT)
    if "{{" in what:
        hint = 'write a command that reads a variable, such as "run curl -fs localhost:$PORT"'
        raise ValueProblem("can't contain placeholders", hint)
    if by is ReadyBy.PORT and not _is_port(what):
        raise ValueProblem(f"names the port {quoted(what, 40)}", 'write a number up to 65535: "port 5432"')
    return by, what


def _is_port(text: str) -> bool:
    match = _PORT.fullmatch(text)
    return match is not None and 0 < int(match[2]) < 65536


def host_and_port(text: str) -> tuple[str, int]:
    """Return the host and the number of a port as the file has it."""
    match = _PORT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return (match[1] or "localhost").strip("[]"), int(match[2])


def check_service(diagnostics: Diagnostics, at: KeyPath, table: Collection[str], *, executes: bool) -> None:
    """Record what has no meaning beside `service`. `table` are the task's own keys."""
    if not executes:
        diagnostics.key((*at, "service"), '"service" without "run" or "call"', 'add "run", which starts it')
    for key in ("slots", "pools"):
        if key in table:
            diagnostics.key((*at, key), f'{quoted(key)} beside "service"', "a service holds no slot: remove it")
    for key in ("inputs", "outputs"):
        if key in table:
            hint = "a service is never done, and so never up to date: remove it"
            diagnostics.key((*at, key), f'{quoted(key)} beside "service"', hint)
