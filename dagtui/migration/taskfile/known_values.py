"""Values of templates that are known, and how Go prints them."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

from dagtui.migration.taskfile.texts import Hole, ShellList, ShellTest, Text
from dagtui.migration.values import MOST_VALUES, UnknownError, is_scalar

if TYPE_CHECKING:
    from dagtui.migration.taskfile.shell_names import ShellNames

OS = {"darwin": "darwin", "win32": "windows"}.get(sys.platform, sys.platform)
ARCH = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}.get(
    platform.machine(), platform.machine()
)


def shown(value: object) -> str:
    """Return a known value as Go prints it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value[:MOST_VALUES])) + "]"
    if not is_scalar(value):
        raise UnknownError("a table in a text")
    return str(value)


def is_true(value: object) -> bool:
    """Return whether Go takes a known value for true."""
    return bool(value)


def is_dynamic(value: object) -> bool:
    """Return whether only the shell knows a value."""
    return isinstance(value, (ShellTest, ShellList)) or (isinstance(value, Text) and value.dynamic)


def known(value: object) -> object:
    """Return a value that is not left to the shell. Raises UnknownError."""
    if isinstance(value, (ShellTest, ShellList)):
        raise UnknownError("a value that only the shell knows")
    if not isinstance(value, Text):
        return value
    alone = value.parts[0] if len(value.parts) == 1 else None
    if isinstance(alone, Hole) and not alone.variable:
        return alone.typed
    if value.dynamic:
        names = ", ".join(hole.variable for hole in value.holes if hole.variable)
        raise UnknownError(f"{names}: only the shell knows it")
    return "".join(part if isinstance(part, str) else part.value for part in value.parts)


def as_text(value: object, names: ShellNames) -> Text:
    """Return any value as a text."""
    if isinstance(value, Text):
        return value
    if isinstance(value, ShellTest):
        lines = f"if {value.command}; then NAME=true; else NAME=false; fi"
        return names.hole("", lines, value.needs)
    return Text((shown(value),))
