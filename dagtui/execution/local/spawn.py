"""Start the leader of an attempt: its pipe, its mark, its limits, and posix_spawn."""

from __future__ import annotations

import errno
import os
import resource
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from dagtui.engine.messages import Slots
    from dagtui.execution.local.attempt import Attempt
    from dagtui.execution.local.ownership import Marks
else:
    import _signal as signal  # see ownership.py

_SCRIPT_SHELL = "/bin/sh"
SCARCE = frozenset((errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE))
"""Errors of starts that may succeed after other attempts have ended."""
_HEARD = tuple(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
_SPARE_FILES = 64  # descriptors that the supervisor needs besides the pipes of attempts
_RESERVED_FILES = 8  # never used for attempts: finding their processes and starting the log process need some


class StartError(Exception):
    """An attempt could not start. `number` is the errno, or 0 for arguments that no program can get."""

    def __init__(self, number: int, what: str, path: str = "") -> None:
        super().__init__(number, what, path)
        self.number = number
        self.what = what
        """The failed step: `cwd`, `pipe` or `command`, and `lookup` if no such program is in PATH."""
        self.path = path
        """A file of the program's name in PATH that is not executable."""


class Spawner:
    """Starts leaders with the common environment, the supervisor's standard input, and one pipe for output."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self.open_terminal: Callable[[], tuple[int, int, str]] | None = None
        """Makes a terminal. Set before the first attempt that has one."""
        self._base: dict[str, str] = {}
        self._soft, self._hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._raised = 0
        self._null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._low = os.dup(self._null)

    def set_environment(self, base: dict[str, str]) -> None:
        """Set the common environment."""
        self._base = base

    def raise_file_limit(self, slots: Slots) -> None:
        """Raise the limit of open files for this many attempts. Attempts still start with the original limit."""
        wanted = 2 * slots + _SPARE_FILES
        if self._soft != resource.RLIM_INFINITY and wanted > self._soft:
            most = wanted if self._hard == resource.RLIM_INFINITY else min(wanted, self._hard)
            if most > max(self._soft, self._raised):
                self._raised = most
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, self._hard))

    def start(self, attempt: Attempt) -> None:
        """Start the leader in a session of its own. Set `leader`, `mark` and `pipe`. Raise StartError if it fails."""
        what, terminal = "cwd", ""
        try:
            os.chdir(attempt.cwd)
            what = "pipe"
            if attempt.has_terminal and self.open_terminal is not None:
                ours, theirs, terminal = self.open_terminal()
            else:
                ours, theirs = os.pipe()
            try:
                self._keep_reserve(theirs)
                os.set_blocking(ours, False)
                what = "command"
                attempt.mark = self._marks.take()
                attempt.leader = self._spawn(attempt, theirs, terminal)
                attempt.pipe = ours
            finally:
                os.close(theirs)
                if attempt.pipe < 0:
                    os.close(ours)
        except OSError as error:
            raise StartError(error.errno or errno.EIO, what) from None
        except ValueError:  # a null byte, or an invalid name of a variable
            raise StartError(0, what) from None

    def _keep_reserve(self, newest: int) -> None:
        """Raise OSError if a descriptor is one of the last, as the kernel assigns the lowest free number."""
        limit = self._raised or self._soft
        if limit != resource.RLIM_INFINITY and newest >= limit - _RESERVED_FILES:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def _spawn(self, attempt: Attempt, output: int, terminal: str) -> int:
        if not self._raised:
            return self._execute(attempt, output, terminal)
        # The C library refuses descriptors above the limit that the attempt gets.
        os.dup2(output, self._low, inheritable=False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self._soft, self._hard))
        try:
            return self._execute(attempt, self._low, terminal)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._raised, self._hard))
            os.dup2(self._null, self._low, inheritable=False)

    def _execute(self, attempt: Attempt, output: int, terminal: str) -> int:
        env = {**self._base, **attempt.env}
        try:
            return _posix_spawn(attempt.path, attempt.argv, env, output, terminal)
        except OSError as error:
            program = _substitute(attempt, error.errno)
            if program is None:
                raise
            return _posix_spawn(*program, env, output, terminal)


def _substitute(attempt: Attempt, number: int | None) -> tuple[str, tuple[str, ...]] | None:
    """Return what to execute instead, or None: the shell, which reports the error or runs a script without `#!`."""
    if number in SCARCE:
        return None
    if attempt.fallback is not None:
        return attempt.fallback
    if number == errno.ENOEXEC:
        return _SCRIPT_SHELL, ("sh", attempt.path, *attempt.argv[1:])
    return None


def _posix_spawn(path: str, argv: tuple[str, ...], env: dict[str, str], output: int, terminal: str) -> int:
    """Spawn by vfork, which costs a third of fork, and runs no Python in the child.

    Without /proc, the process gets a group of its own, by which its descendants are found. The leader of a session gets
    the first terminal that it opens as its controlling one. It ignores no signal that this process ignores.
    """
    if terminal:
        opened = (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0)
        files: tuple[tuple[object, ...], ...] = (opened, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2))
    else:
        files = ((os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2))
    if sys.platform == "linux" or terminal:
        try:
            return os.posix_spawn(path, argv, env, file_actions=files, setsid=True, setsigmask=(), setsigdef=_HEARD)
        except NotImplementedError:  # built for a C library without it, as Pythons of conda are
            return fork_and_execute(path, argv, env, output, terminal)
    else:
        return os.posix_spawn(path, argv, env, file_actions=files, setpgroup=0, setsigmask=(), setsigdef=_HEARD)


def fork_and_execute(path: str, argv: tuple[str, ...], env: dict[str, str], output: int, terminal: str) -> int:
    """Do what `posix_spawn` does, for Pythons that can't begin a session with it. Raises OSError and ValueError."""
    told, tell = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            for number in _HEARD:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.setsid()
            source = os.open(terminal, os.O_RDWR) if terminal else output
            for fd in (0, 1, 2) if terminal else (1, 2):
                os.dup2(source, fd)
            os.execve(path, argv, env)
        except OSError as error:
            os.write(tell, str(error.errno or errno.EIO).encode())
        except ValueError:
            os.write(tell, b"0")
        finally:
            os._exit(127)
    os.close(tell)
    with open(told, "rb") as file:
        failed = file.read()
    if not failed:
        return pid
    os.waitpid(pid, 0)
    if failed == b"0":
        raise ValueError("a null byte, or an invalid name of a variable")
    raise OSError(int(failed), os.strerror(int(failed)))
