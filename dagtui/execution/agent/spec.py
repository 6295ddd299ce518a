"""What an attempt executes, as the other side sent it in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.text.amounts import Seconds


class SpecError(Exception):
    """A specification can't be read. The text names the field."""


class Spec:
    """One attempt: its key, which names its files in the spool, and what it executes."""

    __slots__ = (
        "argv",
        "call",
        "cwd",
        "env",
        "fence",
        "grace",
        "key",
        "log",
        "makes_cwd",
        "run_dir",
        "secret_names",
        "setup",
        "timeout",
    )

    def __init__(self, fields: Mapping[str, object]) -> None:
        """Read the fields. Raise SpecError if a required one is missing, or if one has the wrong type."""
        self.key = _text(fields, "key", None)
        if not is_key(self.key):
            raise SpecError("key is not a file name")
        self.argv = _texts(fields, "argv")
        """Program and arguments. Empty: there is nothing to execute."""
        self.call = fields.get("call") is True
        """Whether `argv` is a Python function, `MODULE:FUNCTION`, and its arguments as JSON."""
        self.cwd = _text(fields, "cwd", "/")
        self.makes_cwd = fields.get("makes_cwd") is True
        """Whether the working directory is made if it is not there."""
        self.env = variables(fields, "env")
        """Variables that are added to those of the agent."""
        self.secret_names = _texts(fields, "secret_names")
        """Names of the variables whose values are secret, and come on another way."""
        self.timeout: Seconds | None = None if fields.get("timeout") is None else _number(fields, "timeout")
        self.grace: Seconds = _number(fields, "grace")
        self.fence: Seconds = _number(fields, "fence")
        """Seconds between two looks at the stops in the spool. 0: it doesn't look at them."""
        self.setup = _text(fields, "setup", "")
        """Lines of the shell that run before the program, and may change its environment."""
        self.log = _text(fields, "log", "")
        """Absolute path of the log. Empty: it is kept in the spool."""
        self.run_dir = _text(fields, "run_dir", "")
        """Directory of the run as seen from here. Empty: the spool stands in for it."""


_MOST = 240
"""Bytes of the longest key, so that a suffix fits in the name of a file."""


def is_key(text: str) -> bool:
    """Return whether a text can name a file of the spool."""
    return bool(text) and text[0] != "." and not any(sign in text for sign in "/\0\n") and _size(text) <= _MOST


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _text(fields: Mapping[str, object], name: str, default: str | None) -> str:
    found = fields.get(name, default)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise SpecError(name + " is not a string")
    return found


def _number(fields: Mapping[str, object], name: str) -> float:
    found = fields.get(name) or 0
    if not isinstance(found, (int, float)):
        raise SpecError(name + " is not a number")
    return float(found)


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    found = fields.get(name) or ()
    if not isinstance(found, (list, tuple)) or not all(isinstance(entry, str) for entry in found):
        raise SpecError(name + " is not a list of strings")
    return cast("tuple[str, ...]", tuple(found))


def variables(fields: Mapping[str, object], name: str) -> dict[str, str]:
    """Return variables and their values. Raise SpecError if they are something else."""
    found = table(fields, name)
    if not all(isinstance(entry, str) for entry in found.values()):
        raise SpecError(name + " is not a table of strings")
    return cast("dict[str, str]", found)


def table(fields: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a table, which is empty if it is missing. Raise SpecError if it is something else."""
    found = fields.get(name) or {}
    if not isinstance(found, dict):
        raise SpecError(name + " is not a table")
    return dict(found)
