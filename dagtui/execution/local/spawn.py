"""Starts the leader of an attempt: its pipe, its mark, its limits, and posix_spawn."""

from __future__ import annotations

import errno
import os
import resource
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.execution.local.attempt import Attempt
    from dagtui.execution.local.ownership import Marks

_SCRIPT_SHELL = "/bin/sh"
SCARCE = frozenset((errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE))
"""Errors of starts that may succeed when others have ended."""
_SPARE_FILES = 64  # what the supervisor needs besides one pipe for each attempt
_RESERVED_FILES = 8  # never given to attempts: finding their processes and starting the log process take some


class StartError(Exception):
    """An attempt could not start: the error's number, 0 for arguments that no program can be given, and at what."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(number, what)
        self.number = number
        self.what = what
        """`cwd`, `pipe` or `command`."""


class Spawner:
    """Starts leaders with the common environment, standard input from the supervisor's own, and one pipe for output."""

    __slots__ = ("_base", "_hard", "_low", "_marks", "_null", "_raised", "_soft")

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._base: dict[str, str] = {}
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._raised = 0
        self._null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._low = os.dup(self._null)

    def set_environment(self, base: dict[str, str]) -> None:
        """Set the common environment."""
        self._base = base

    def end_idle_runs(self, slots: int) -> None:
        """Raise the limit of open files for so many attempts; what is started still gets the limit as it was."""
        wanted = 2 * slots + _SPARE_FILES
        if self._soft != resource.RLIM_INFINITY and wanted > self._soft:
            most = wanted if self._hard == resource.RLIM_INFINITY else min(wanted, self._hard)
            if most > max(self._soft, self._raised):
                self._raised = most
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, self._hard))

    def start(self, attempt: Attempt) -> None:
        """Start the leader in a session of its own; sets `leader`, `mark` and `pipe`. Raises StartError."""
        what = "cwd"
        try:
            os.chdir(attempt.cwd)
            what = "pipe"
            ours, theirs = os.pipe()
            try:
                self._keep_reserve(theirs)
                os.set_blocking(ours, False)
                what = "command"
                attempt.mark = self._marks.take()
                attempt.leader = self._spawn(attempt, theirs)
                attempt.pipe = ours
            finally:
                os.close(theirs)
                if attempt.pipe < 0:
                    os.close(ours)
        except OSError as error:
            raise StartError(error.errno or errno.EIO, what) from None
        except ValueError:  # a null byte, or a name of a variable that can't be one
            raise StartError(0, what) from None

    def _keep_reserve(self, newest: int) -> None:
        """Raise OSError when a descriptor is one of the last; the kernel hands out the lowest number that is free."""
        limit = self._raised or self._soft
        if limit != resource.RLIM_INFINITY and newest >= limit - _RESERVED_FILES:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def _spawn(self, attempt: Attempt, output: int) -> int:
        if not self._raised:
            return self._execute(attempt, output)
        # The C library refuses numbers above the limit that the attempt is to get.
        os.dup2(output, self._low, inheritable=False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._soft, self._hard))
        try:
            return self._execute(attempt, self._low)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._raised, self._hard))
            os.dup2(self._null, self._low, inheritable=False)

    def _execute(self, attempt: Attempt, output: int) -> int:
        env = self._base | attempt.env
        try:
            return _posix_spawn(attempt.path, attempt.argv, env, output)
        except OSError as error:
            program = _substitute(attempt, error.errno)
            if program is None:
                raise
            return _posix_spawn(*program, env, output)


def _substitute(attempt: Attempt, number: int | None) -> tuple[str, tuple[str, ...]] | None:
    """What to execute instead: the shell itself, which says what is wrong; and it reads scripts without a `#!` line."""
    if number in SCARCE:
        return None
    if attempt.fallback is not None:
        return attempt.fallback
    if number == errno.ENOEXEC:
        return _SCRIPT_SHELL, ("sh", attempt.path, *attempt.argv[1:])
    return None


if sys.platform == "linux":

    def _posix_spawn(path: str, argv: tuple[str, ...], env: dict[str, str], output: int) -> int:
        """Spawn by vfork: a third of fork's price, and no Python runs in the child."""
        files = ((os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2))
        return os.posix_spawn(path, argv, env, file_actions=files, setsid=True, setsigmask=())

else:

    def _posix_spawn(path: str, argv: tuple[str, ...], env: dict[str, str], output: int) -> int:
        """Spawn in a process group of its own, which is how its processes are found here."""
        files = ((os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2))
        return os.posix_spawn(path, argv, env, file_actions=files, setpgroup=0, setsigmask=())
