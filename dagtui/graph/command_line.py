"""What a task executes, for people to read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from dagtui.graph.model import ArgumentList, PythonCall, ShellCommand

if TYPE_CHECKING:
    from dagtui.graph.model import Action


def command_line(action: Action) -> str:
    """Return an action as one text, with its content unchanged."""
    if isinstance(action, ShellCommand):
        return action.text
    if isinstance(action, ArgumentList):
        return shlex.join(action.arguments)
    if isinstance(action, PythonCall):
        arguments = ", ".join(f"{name}={value!r}" for name, value in action.arguments.items())
        return f"{action.target}({arguments})"
    return ""
