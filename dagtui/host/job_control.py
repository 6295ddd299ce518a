"""Job control of a client: signals as a readable descriptor, and the terminal's foreground lent to another program."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from dagtui.report.signal_inbox import not_ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType


_Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | signal.Handlers | None"


class ProgramEnd(NamedTuple):
    """How a program ended that was run on the terminal."""

    trouble: str
    """Why it could not be started, or ""."""
    status: int = 0
    """Its exit status, or the negative number of the signal that ended it."""


class Signals:
    """Within its block, the signals only make its descriptor readable. Use it in the main thread only.

    Signals that were ignored before stay ignored.
    """

    def __init__(self, numbers: Sequence[signal.Signals]) -> None:
        self._numbers = not_ignored(numbers)
        self._before: dict[signal.Signals, _Handler] = {}
        self._reader = self._writer = self._told_before = -1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        for descriptor in (self._reader, self._writer):
            os.set_blocking(descriptor, False)
        # Handlers in Python have to wait for the interpreter, which may be about to wait for this descriptor.
        self._told_before = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in self._numbers:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            signal.signal(number, self._before[number])
        signal.set_wakeup_fd(self._told_before)
        os.close(self._reader)
        os.close(self._writer)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._reader

    def take(self) -> bytes:
        """Return the numbers of the signals that arrived since the last call."""
        try:
            return os.read(self._reader, 1024)
        except BlockingIOError:
            return b""

    @contextlib.contextmanager
    def left_alone(self, *numbers: signal.Signals) -> Iterator[None]:
        """Restore the signals' default actions within the block."""
        alone = not_ignored(numbers)
        for number in alone:
            signal.signal(number, signal.SIG_DFL)
        try:
            yield
        finally:
            for number in alone:
                signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        """Let the signal interrupt. The interpreter has written its number, unless the pipe is full: it is readable."""


class Foreground:
    """Gives the terminal to another program within its block, then restores it for this job.

    Interactive shells take ownership of their terminal and change its settings. They undo that when they end, but not
    when they are killed.
    """

    def __init__(self) -> None:
        self._found: list[int | list[bytes | int]] | None = None
        self.program = 0
        """The program's process, once there is one."""

    def __enter__(self) -> Self:
        with contextlib.suppress(termios.error):
            self._found = termios.tcgetattr(0)
        return self

    def __exit__(self, *_: object) -> None:
        self.take_back()
        # In the background, this stops us until the user brings us to the foreground, so we don't paint over the shell.
        with contextlib.suppress(termios.error):
            if self._found is not None:
                termios.tcsetattr(0, termios.TCSANOW, self._found)

    def take_back(self) -> None:
        """Make this job the owner of the terminal if the owner is the program, or a group that has ended."""
        owner = _foreign_owner()
        if owner and (owner == self.program or not _is_there(owner)):
            self.give(os.getpgrp())

    def give(self, group: int) -> None:
        """Make a process group the owner of the terminal, even from the background."""
        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            with contextlib.suppress(OSError):
                os.tcsetpgrp(0, group)
        finally:
            signal.signal(signal.SIGTTOU, before)

    def stopped_group(self) -> int:
        """Return the program's process group if it has stopped and is not ours, which would have stopped us. Else 0.

        Each stop is returned once.
        """
        if sys.platform == "darwin":  # Python can't ask for this on macOS without reaping the program
            return 0
        try:
            stopped = os.waitid(os.P_PID, self.program, os.WSTOPPED | os.WNOHANG)
            group = os.getpgid(self.program) if stopped is not None else 0
        except OSError:  # it has ended
            return 0
        return 0 if group == os.getpgrp() else group

    def hang_up(self) -> None:
        """Send HUP to the program and to the process group it has put into the foreground."""
        # The kernel does the same: a shell may be gone while a program that it started still waits there.
        owner = _foreign_owner()
        is_theirs = bool(owner) and owner in self._groups()
        for target in (self.program, *([-owner] if is_theirs else [])):
            for number in (signal.SIGHUP, signal.SIGCONT):
                with contextlib.suppress(OSError):
                    os.kill(target, number)
        if is_theirs:
            self.give(os.getpgrp())

    def _groups(self) -> set[int]:
        """Return the process groups of the program and its descendants, as far as they can be found here."""
        from dagtui.execution.local.ownership import children

        pids = [self.program]
        for pid in pids:
            pids += children(pid)
        groups = set()
        for pid in pids:
            with contextlib.suppress(OSError):  # it has just ended
                groups.add(os.getpgid(pid))
        return groups


def _foreign_owner() -> int:
    """Return the process group that owns the terminal, or 0 if it is this job or unknown."""
    try:
        owner = os.tcgetpgrp(0)
    except OSError:
        return 0
    return owner if owner > 1 and owner != os.getpgrp() else 0


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
