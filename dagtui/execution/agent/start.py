"""What an attempt needs before it can start: its program, its variables and its log."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from dagtui.execution.local.log_file import LogWriter, RedactedLogWriter
from dagtui.execution.local.program_lookup import Lookup, first_executable, first_file
from dagtui.execution.local.spawn import StartError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dagtui.execution.agent.guarded_attempt import GuardedAttempt
    from dagtui.text.redaction import Redaction

_lookup = Lookup()


def prepare(attempt: GuardedAttempt, spool: str, variables: Mapping[str, str]) -> None:
    """Set the program and the variables of an attempt. `variables` are all that it will have. Raise StartError."""
    spec = attempt.spec
    attempt.cwd = os.path.expanduser(spec.cwd)
    if spec.makes_cwd:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.makedirs(attempt.cwd, exist_ok=True)
        except OSError:
            pass  # the attempt can't begin then, and says why
    attempt.env = {
        **spec.env,
        "PWD": attempt.cwd,  # as a shell would set it
        "DAGTUI_OUTPUT": attempt.output,
        "DAGTUI_RUN_DIR": spec.run_dir or spool,
    }
    argv = spec.argv
    if spec.call:
        argv = (sys.executable, call_path(spool), *argv)
    if argv and spec.setup:
        argv = _after_setup(spec.setup, argv)
    if argv:
        attempt.path, attempt.argv = _program(argv[0], attempt.cwd, variables), argv


def _program(name: str, cwd: str, variables: Mapping[str, str]) -> str:
    if "/" in name:
        return name
    path = variables.get("PATH", os.defpath)
    found = _lookup.find(name, path, cwd) or first_executable(name, path, cwd)
    if found is not None:
        return found
    other = first_file(name, path, cwd)
    if other is not None:
        raise StartError(errno.EACCES, "lookup", other)
    raise StartError(errno.ENOENT, "lookup")


def _after_setup(setup: str, argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return a shell that runs the setup and then becomes the program. If the setup fails, the program does not run.

    Environment modules are functions of the shell, which the profile of the system defines if nothing else has.
    """
    shell = "/bin/bash" if os.access("/bin/bash", os.X_OK) else "/bin/sh"
    return (shell, "-c", _SETUP.format(setup=setup), argv[0], *argv)


_SETUP = """\
command -v module >/dev/null 2>&1 || [ ! -r /etc/profile ] || . /etc/profile >/dev/null 2>&1
trap 'echo "[dagtui: the setup of this executor failed with exit $?]" >&2' EXIT
set -e
{setup}
set +e
trap - EXIT
exec "$@"
"""


def call_path(spool: str) -> str:
    """Return the path of the program that calls a Python function, which is written into the spool first."""
    folder = f"{spool}/calls"
    if "call.py" not in os.listdir(folder):
        for name in ("coerced_locale", "call"):
            new = f"{spool}/new/{name}-{os.uname().nodename}-{os.getpid()}"
            with open(new, "wb") as file:
                file.write(_source(name))
            os.rename(new, f"{folder}/{name}.py")
    return folder + "/call.py"


def _source(name: str) -> bytes:
    """Return the source of a module of the local executor, which may lie in a zip file."""
    from dagtui.execution import local

    path = f"{local.__path__[0]}/{name}.py"
    loader = getattr(local, "__loader__", None)
    return bytes(loader.get_data(path)) if loader is not None else open(path, "rb").read()


class Redactions:
    """The secrets of all attempts so far. Every log is redacted of all that were known when its attempt started."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._redaction: Redaction | None = None

    def learn(self, values: Iterable[str]) -> None:
        """Add secret values. Those too short to be redacted without harm are not."""
        new = self._values.union(values)
        if new == self._values:
            return
        # Imported late, as most runs have no secrets.
        from dagtui.text.redaction import Redaction
        from dagtui.text.secrets import LEAST, forms

        self._values = new
        self._redaction = Redaction({form for value in new if len(value.strip()) >= LEAST for form in forms(value)})

    def mask(self, text: str) -> str:
        """Redact a text."""
        if self._redaction is None:
            return text
        return self._redaction.mask(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def log_writer(self, path: str) -> LogWriter:
        """Return a writer of a new log."""
        if self._redaction is None:
            return LogWriter(path)
        from dagtui.text.redaction import RedactedStream

        return RedactedLogWriter(path, RedactedStream(self._redaction))
