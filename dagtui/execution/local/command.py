"""Translate a node's action to a program, its arguments and its environment."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.local.program_lookup import Lookup, first_executable, first_file
from dagtui.graph.gates import Gate
from dagtui.graph.model import DEFAULT_SHELL, ArgumentList, PythonCall, ShellCommand
from dagtui.graph.shell_bypass import simple_words
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dagtui.engine.messages import AttemptNumber
    from dagtui.graph.resolution import Resolved

_CALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "call.py")
_TERM = "xterm-256color"
"""The kind of terminal that attempts with one have, if dagtui was started without a better one."""
UNBUFFERED = {"PYTHONUNBUFFERED": "1"}
"""Lets the lines of Python programs appear in the log as they are printed."""
COLOURS = ("FORCE_COLOR", "CLICOLOR_FORCE")
"""Variables that make programs print colours without a terminal, even into files. Set only with `colour = true`."""
_NO_SHELL = "; a list is a program and its arguments, for no shell: leave the brackets out for a shell string"
OUTPUT = "DAGTUI_OUTPUT"
"""The variable that names the file for the values that an attempt hands on."""
_MOST = 4096  # maximum number of cached command lines


class CommandError(Exception):
    """A command can't be started. The text is one line and safe to show."""

    def __init__(self, text: str, *, lasting: bool = False) -> None:
        super().__init__(text)
        self.lasting = lasting
        """Whether the command can never be started in this run."""


class Program(NamedTuple):
    """A program to execute."""

    path: str
    """Path of the executable. Empty: there is nothing to execute."""
    argv: tuple[str, ...]
    fallback: tuple[str, tuple[str, ...]] | None = None
    """Path and arguments to use if the program can't be executed: the shell, which reports the error."""


class Commands:
    """The commands of a run's attempts, with the environment frozen at the start of the run."""

    def __init__(self, environment: Mapping[str, str], added: Mapping[str, str]) -> None:
        """Create the commands of a run. `added` are variables for every attempt that a task can't change."""
        self.environment: dict[str, str] = UNBUFFERED | dict(environment)
        """Variables common to all attempts."""
        self._added = dict(added)
        self._lookup = Lookup()
        self._words: dict[str, tuple[str, ...] | None] = {}

    def replace_environment(self, environment: Mapping[str, str]) -> bool:
        """Replace the environment. Return False if it is the same."""
        found = UNBUFFERED | dict(environment)
        if found == self.environment:
            return False
        self.environment, self._lookup, self._words = found, Lookup(), {}
        return True

    def variables(self, resolved: Resolved, node: str, attempt: AttemptNumber, output: str) -> dict[str, str]:
        """Return the variables of an attempt that differ from the common environment. `output` takes its values."""
        env = {
            **resolved.env,
            **self._added,
            "PWD": os.fspath(resolved.cwd),  # as a shell would set it
            "DAGTUI_NODE": node,
            "DAGTUI_ATTEMPT": str(attempt),
            OUTPUT: output,
        }
        if resolved.tty and self.environment.get("TERM", "dumb") in {"", "dumb", "unknown"}:
            env.setdefault("TERM", _TERM)
        if resolved.colour and not resolved.env.get("NO_COLOR", self.environment.get("NO_COLOR")):
            for name in COLOURS:
                if name not in self.environment:
                    env.setdefault(name, "1")
        return env

    def program(self, resolved: Resolved) -> Program:
        """Return the program to execute for a node. Raise CommandError if it can't be started."""
        action = resolved.action
        if isinstance(action, Gate):
            raise CommandError("a gate executes nothing", lasting=True)
        if resolved.wrap and action is not None:
            # The program is for the wrapper to find, which may look elsewhere, and the shell too: it is not bypassed.
            return self._listed((*resolved.wrap, *_argv(action, resolved.shell)), resolved)
        if isinstance(action, ShellCommand):
            if resolved.shell is None:
                return self._default_shell(action.text, resolved)
            return self._listed((*resolved.shell, action.text), resolved)
        if isinstance(action, ArgumentList):
            return self._listed(action.arguments, resolved)
        if isinstance(action, PythonCall):
            return _call(action)
        return Program("", ())

    def _default_shell(self, text: str, resolved: Resolved) -> Program:
        words = self._simple_words(text)
        own = resolved.env
        if words is None or f"BASH_FUNC_{words[0]}%%" in self.environment or f"BASH_FUNC_{words[0]}%%" in own:
            return self._listed((*DEFAULT_SHELL, text), resolved)
        path = own.get("PATH") or self.environment.get("PATH")
        name = words[0]
        found = name if "/" in name else path and self._lookup.find(name, path, os.fspath(resolved.cwd))
        shell = self._listed((*DEFAULT_SHELL, text), resolved)
        return Program(found, words, (shell.path, shell.argv)) if found else shell

    def _simple_words(self, text: str) -> tuple[str, ...] | None:
        try:
            return self._words[text]
        except KeyError:
            if len(self._words) > _MOST:
                self._words.clear()
            return self._words.setdefault(text, simple_words(text))

    def _listed(self, argv: tuple[str, ...], resolved: Resolved) -> Program:
        name = argv[0]
        if "/" in name:
            return Program(name, argv)
        path = resolved.env.get("PATH", self.environment.get("PATH", os.defpath))
        cwd = os.fspath(resolved.cwd)
        found = self._lookup.find(name, path, cwd) or first_executable(name, path, cwd)
        if found is not None:
            return Program(found, argv)
        other = first_file(name, path, cwd)
        if other is not None:
            raise CommandError(label(f'program "{name}" is not executable: {other}', 500))
        hint = _NO_SHELL if len(argv) == 1 and any(map(str.isspace, name)) else ""
        raise CommandError(label(f'program "{name}" not found in PATH', 500) + hint)


def _argv(action: ShellCommand | ArgumentList | PythonCall, shell: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a program and its arguments, as a wrapper gets them. Raise CommandError if there are none."""
    if isinstance(action, ShellCommand):
        return (*(shell or DEFAULT_SHELL), action.text)
    return action.arguments if isinstance(action, ArgumentList) else _call(action).argv


def _call(action: PythonCall) -> Program:
    return Program(sys.executable, (sys.executable, _CALL, action.target, arguments_of(action)))


def arguments_of(action: PythonCall) -> str:
    """Return the arguments of a function as JSON. Raises CommandError if they can't be written as JSON."""
    import json

    try:
        return json.dumps(dict(action.arguments), default=str)
    except (TypeError, ValueError) as error:
        raise CommandError(
            label(f"the arguments of {action.target} can't be written as JSON: {error}", 500), lasting=True
        ) from None
