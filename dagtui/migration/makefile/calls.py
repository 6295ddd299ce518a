"""Call make, with bounds on its time and output, so that it runs none of the recipes of a file.

Two shields stand before the recipes. A first call ends while the files are being read, before make looks at a goal.
Later ones are dry runs (`-n`). These run lines with `+` or `$(MAKE)` all the same, and make files that are included:
so a makefile, read last, puts a small script in the place of the shell. It executes what `$(shell …)` asks for, which
it knows by the pipe that it writes to, and of a recipe it only repeats the line.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dagtui.text import size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

LONGEST = 60.0
"""Seconds that all calls for one file may take together."""
MOST_BYTES = 64 * 1024**2
"""The most output of one call."""
SEPARATOR = "\x1f"
ASKED = ("SHELL", ".DEFAULT_GOAL", "MAKEFILE_LIST", "MAKEFLAGS")
"""Variables whose values the first call asks for."""
_LOOK_EVERY = 0.01
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MAKE_TERMOUT", "MAKE_TERMERR")
"""What a make that runs dagtui hands on to its own kind."""
_RECIPE_NOT_RUN = """#!/bin/sh
for last do :; done
if [ -p /dev/fd/1 ]; then {for_shell_function}fi
if [ "$last" = ": {nonce}" ]; then exec {python} -c {print_environment}; fi
printf '{nonce} not run\\n%s\\n' "$last"
"""
_EXECUTE = """
out=$({shell} "$@"; status=$?; printf x; exit $status)
status=$? out=${{out%x}}
printf '%s' "$out"
printf '%s\\037%s\\036' "$last" "$out" >> {record}
exit $status
"""
_REPEAT = """
printf '{token}%de' "$(wc -c < {record})"
printf '%s\\036' "$last" >> {record}
exit 0
"""
"""Prints a sign for the value of a `$(shell …)`: a number says where its command is recorded."""
_PRINT_ENVIRONMENT = (
    "import os,sys;sys.stdout.buffer.write(b'{nonce} environment'"
    "+b''.join(b'\\x1f'+k+b'='+v.replace(b'\\n',b'\\x1e') for k,v in os.environb.items())+b'\\n')"
)


class MakeError(ValueError):
    """make can't be called, or refuses the file. The message is for people."""


class MakeOutput(NamedTuple):
    """What a call of make wrote."""

    out: str
    err: str
    shells: str = ""
    """The commands of `$(shell …)` in recipes, each with what it printed if it was executed."""


class Make:
    """Calls make for one file."""

    def __init__(self, makefile: Path, longest: float = LONGEST, most_bytes: int = MOST_BYTES) -> None:
        """Prepare calls. Nothing is started."""
        self._folder, self._name = makefile.parent, makefile.name
        self._end = time.monotonic() + longest
        self._longest, self._most_bytes = longest, most_bytes
        self.nonce = secrets.token_hex(12)
        """Marks what this program itself asks make to print. No file can know it."""
        self.token = f"v{secrets.token_hex(6)}"
        """Begins the signs that stand for values."""
        self.start, self.everything = f"start-{secrets.token_hex(6)}", f"all-{secrets.token_hex(6)}"
        """The first goal of a dry run, and a target that needs all goals."""
        self.environment = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
        self.environment["LANGUAGE"] = "C"  # its messages are read

    def database(self) -> MakeOutput:
        """Return make's database as it is once the files are read. Raises MakeError."""
        fields = SEPARATOR.join(f"$({name})" for name in ASKED)
        answer = self._call(f"$(info {self.nonce} asked{SEPARATOR}{fields})\n$(error {self.nonce})\n", ["-p", "-s"])
        if self.nonce not in answer.err:
            raise MakeError(refusal(answer.err))
        return answer

    def dry_run(
        self,
        goals: Sequence[str],
        shell: str,
        rules: Iterable[str] = (),
        variables: Mapping[str, str] | None = None,
        *,
        execute: bool = True,
    ) -> MakeOutput:
        """Return what make would do to bring some goals up to date, and its database then.

        Args:
            goals: Targets, in their order.
            shell: The shell of `$(shell …)` in recipes.
            rules: More lines of a makefile, read last.
            variables: Variables of the command line.
            execute: Whether `$(shell …)` in recipes is executed. Otherwise a sign stands for its value.
        """
        with tempfile.TemporaryDirectory(prefix="dagtui-") as folder:
            words = shlex.split(shell) or ["/bin/sh"]
            guard = Path(folder, os.path.basename(words[0]) or "sh")
            record = Path(folder, "shells.txt")
            record.touch()
            guard.write_text(self._guard(words, record, execute=execute), "utf-8")
            guard.chmod(0o700)
            text = "\n".join([*self._last_makefile(str(guard), goals), *rules]) + "\n"
            given = [f"{name}={value}" for name, value in (variables or {}).items()]
            answer = self._call(text, ["-n", "-k", "-B", "-s", "-p", *given])
            return answer._replace(shells=record.read_bytes().decode("utf-8", "surrogateescape"))

    def _guard(self, shell: Sequence[str], record: Path, *, execute: bool) -> str:
        form = _EXECUTE if execute else _REPEAT
        path = shlex.quote(str(record))
        return _RECIPE_NOT_RUN.format(
            for_shell_function=form.format(shell=shlex.join(shell), record=path, token=self.token),
            nonce=self.nonce,
            python=shlex.quote(sys.executable),
            print_environment=shlex.quote(_PRINT_ENVIRONMENT.format(nonce=self.nonce)),
        )

    def _last_makefile(self, guard: str, goals: Sequence[str]) -> Iterable[str]:
        """Yield a makefile that is read last: it marks each line of a recipe, and keeps shells from executing it."""
        start, everything, marks = self.start, self.everything, SEPARATOR
        fields = f"{self.nonce} line{marks}$@{marks}$^{marks}$|{marks}$(.SHELLFLAGS)"
        yield "MAKEFILE_LIST := $(filter-out $(lastword $(MAKEFILE_LIST)),$(MAKEFILE_LIST))"
        yield "MAKEFLAGS += -j1"
        yield f"shell-{self.nonce} = $(info {fields}){guard}"
        yield f"override SHELL = $(shell-{self.nonce})"
        yield f".PHONY: {start} {everything}"
        yield f"{start}: ; +: {self.nonce}"
        yield f"{everything}: {start} {' '.join(map(escaped_target, goals))}"
        yield f".DEFAULT_GOAL := {everything}"

    def _call(self, last_makefile: str, words: Sequence[str]) -> MakeOutput:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, _file(last_makefile) as last:
            try:
                process = subprocess.Popen(
                    ["make", "-f", self._name, "-f", last, "--no-print-directory", *words],
                    cwd=self._folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise MakeError("it is read by make, which is not installed") from None
            except OSError as error:
                raise MakeError(f"it is read by make, which can't be started: {error.strerror}") from error
            try:
                self._wait(process, (out, err))
            finally:
                _end(process)
            self._check_size((out, err))
            return MakeOutput(_text(out), _text(err))

    def _wait(self, process: subprocess.Popen[bytes], files: Sequence[BinaryIO]) -> None:
        while process.poll() is None:
            if time.monotonic() > self._end:
                raise MakeError(f"make did not end within {self._longest:g} seconds; a $(shell …) in it may never end")
            self._check_size(files)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_EVERY)

    def _check_size(self, files: Sequence[BinaryIO]) -> None:
        if any(os.fstat(file.fileno()).st_size > self._most_bytes for file in files):
            raise MakeError(f"make printed more than {size(self._most_bytes)}")


def escaped_target(name: str) -> str:
    """Return a name as it is written in a makefile. It has none of the characters that `is_plain_target` refuses."""
    return re.sub(r"([#:])", r"\\\1", name)


def is_plain_target(name: str) -> bool:
    """Return whether a name is the same wherever it is written in a makefile."""
    return re.fullmatch(r"(?!-)[^\s$%=;|&*?\[\]()\\'\"`<>~\x00-\x1f\x7f]+", name) is not None


def refusal(err: str) -> str:
    """Return what make says is wrong."""
    lines = err.strip().splitlines()
    errors = [line.partition("*** ")[2] and line for line in lines if "*** " in line]
    return f"make refuses it: {(errors or lines or ['it says nothing'])[0]}"


@contextlib.contextmanager
def _file(text: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", prefix="dagtui-", suffix=".mk", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        yield file.name


def _end(process: subprocess.Popen[bytes]) -> None:
    """End make and what it started, which is in the same session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "surrogateescape")
