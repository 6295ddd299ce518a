"""The app's side of one supervisor: its processes, its socket, and the shared start table."""

from __future__ import annotations

import _socket  # `socket` makes enums of its numbers, which delays the first start
import contextlib
import os
import sys
import time

from dagtui.execution.local.frames import Decoder, Message, encode
from dagtui.execution.local.start_table import StartTable

_LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")
_START = (
    "import os;f=os.environ.pop('START');"
    "exec(compile(open(f,'rb').read(),f,'exec'),{'__name__':'__main__','__file__':f})"
)
"""Code that the interpreter executes. The launcher's path is not an argument, because it holds the program's name:
`pkill -f dagtui` must leave a process that ends what the run has started."""
_NAME = "dagtui"
_SELF = "/proc/self/exe"
_NEEDED = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables that the interpreter may need. Others may hold secrets, and attempts get theirs with their requests."""
_READ = 1 << 18
_DISMISSAL, _MOMENT = 1.0, 0.002
"""Seconds to wait for processes that were not needed, and between two looks."""


class SupervisorLink:
    """Starts a reaper, and through it a supervisor. Needs neither an event loop nor a run."""

    def __init__(self) -> None:
        """Start the processes. Raise OSError if they can't be started."""
        self._socket, theirs = _socket.socketpair()
        shared = _shared_memory()
        try:
            StartTable.allocate(shared)
            self.start_table = StartTable(shared)
            self.session = self.reaper = _spawn(theirs.fileno(), shared)
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(shared)
            theirs.close()
        """Process id of the reaper. `session` is that of the first reaper, which leads the session of all of them."""
        self.supervisor = 0
        """Process id of the supervisor. 0 until it is ready."""
        self.tag = 0
        """Tag of all processes of all its attempts (ownership.py). 0 until it is ready, or if there are no tags."""
        self._reaper_lives = self._supervisor_lives = True
        self._socket.setblocking(False)
        self._input, self._output = Decoder(), bytearray()
        self._finished = False

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._socket.fileno()

    @property
    def blocked(self) -> bool:
        """Whether `send` waits for the socket to become writable."""
        return bool(self._output) and not self._finished

    def send(self, messages: list[Message]) -> None:
        """Send what fits now, and keep the rest for the next call."""
        if messages:
            self._output += encode(messages)
        try:
            while self._output and not self._finished:
                del self._output[: self._socket.send(self._output)]
        except BlockingIOError:
            pass
        except OSError:  # the other end is gone, as `receive` will find out
            self._output.clear()

    def receive(self) -> list[Message] | None:
        """Return the messages that have arrived, or None if supervisor and reaper are gone."""
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return []
        except OSError:  # it died with unread requests
            data = b""
        return self._input.feed(data) if data else None

    def drain(self) -> list[Message]:
        """Return all messages that have arrived. Only `receive` tells whether supervisor and reaper are gone."""
        messages: list[Message] = []
        try:
            while data := self._socket.recv(_READ):
                messages += self._input.feed(data)
        except OSError:  # there are no more, or it died with unread requests
            pass
        return messages

    def finish(self) -> None:
        """Ask the supervisor to end everything. No request may follow."""
        self._finished = True
        with contextlib.suppress(OSError):  # the supervisor is gone
            self._socket.shutdown(_socket.SHUT_WR)

    def replace_reaper(self, reaper: int) -> None:
        """Reap the reaper that died, and note the new one that the supervisor forked."""
        _has_ended(self.reaper)
        self.reaper = reaper

    def close(self) -> None:
        """Close this end. A process that still runs on the other end then ends everything."""
        self._socket.close()
        self.start_table.close()

    def dismiss(self) -> None:
        """Close this end, if that has not been done, and wait a moment until the processes have ended.

        If no run needed them, a node in which this process was called would count them as left behind.
        """
        self.close()
        deadline = time.monotonic() + _DISMISSAL
        while not self.reap() and time.monotonic() < deadline:
            time.sleep(_MOMENT)  # waitpid(2) has no time limit

    def reap(self) -> bool:
        """Reap what has ended. Return whether the reaper, and the supervisor if it became our child, have ended."""
        if self._reaper_lives and _has_ended(self.reaper):
            self._reaper_lives = False
        if self.supervisor and self._supervisor_lives and not self._reaper_lives and _has_ended(self.supervisor):
            self._supervisor_lives = False
        return not self._reaper_lives and not (self.supervisor and self._supervisor_lives)


if sys.platform == "linux":

    def _shared_memory() -> int:
        return os.memfd_create("dagtui-start-table", os.MFD_CLOEXEC)

else:

    def _shared_memory() -> int:
        """Return a descriptor of a file without a name."""
        import tempfile

        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _spawn(channel: int, start_table: int) -> int:
    """Start the reaper in a session of its own, with the socket as standard input and the shared memory as output."""
    program: str = getattr(sys, "_base_executable", "") or sys.executable  # a venv's path may hold the program's name
    # Pass our file system encoding, because -I ignores the environment variables that set it.
    options = ["-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _START, "run-reaper"]
    argv = [_SELF if _NAME in program and os.path.exists(_SELF) else program, *options]
    environment = {name: os.environ[name] for name in _NEEDED if name in os.environ} | {"START": _LAUNCH}
    files = (
        (os.POSIX_SPAWN_DUP2, channel, 0),
        (os.POSIX_SPAWN_DUP2, start_table, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    )
    if sys.platform == "linux":
        return os.posix_spawn(program, argv, environment, file_actions=files, setsid=True)
    else:  # noqa: RET505 - the type checker needs the branch to tell the systems apart
        return os.posix_spawn(program, argv, environment, file_actions=files, setpgroup=0)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # reaped before, or not our child
        return True
