"""The app's end of one supervisor: its processes, its socket, and the memory in which it notes what has begun."""

from __future__ import annotations

import _socket  # `socket` makes enums of its numbers, which delays the first start
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from dagtui.execution.local.frames import Decoder, Message, encode
from dagtui.execution.local.start_table import StartTable

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.execution.local.start_table import End

_LAUNCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.py")
_START = (
    "import os;f=os.environ.pop('START');"
    "exec(compile(open(f,'rb').read(),f,'exec'),{'__name__':'__main__','__file__':f})"
)
"""What the interpreter executes. The path of the launcher is no argument, for it holds the program's name: `pkill -f
dagtui` must leave somebody to end what the run has started."""
_NAME = "dagtui"
_SELF = "/proc/self/exe"
_NEEDED = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables that the interpreter itself may need. The others may hold secrets, and attempts get theirs by request."""
_READ = 1 << 18


class SupervisorLink:
    """Starts a reaper, and through it a supervisor; no event loop is needed, and no run yet."""

    def __init__(self) -> None:
        """Raises OSError when the processes can't be started."""
        self._socket, theirs = _socket.socketpair()
        shared = _shared_memory()
        try:
            StartTable.end_idle_runs(shared)
            self._start_table = StartTable(shared)
            self.session = self.reaper = _spawn(theirs.fileno(), shared)
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(shared)
            theirs.close()
        """The process that outlives the supervisor; `session`: the first one, which leads their session."""
        self.supervisor = 0
        """The supervisor's process, once it has said so."""
        self._reaper_lives = self._supervisor_lives = True
        self._socket.setblocking(False)
        self._input, self._output = Decoder(), bytearray()
        self._finished = False

    def fileno(self) -> int:
        """The descriptor to wait for."""
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
        except OSError:  # it has gone: `receive` is about to find out
            self._output.clear()

    def receive(self) -> list[Message] | None:
        """What has arrived; None when supervisor and reaper have gone."""
        try:
            data = self._socket.recv(_READ)
        except BlockingIOError:
            return []
        except OSError:  # it went with requests unread
            data = b""
        return self._input.feed(data) if data else None

    def drain(self) -> list[Message]:
        """All that has arrived; `receive` tells whether supervisor and reaper have gone."""
        messages: list[Message] = []
        try:
            while data := self._socket.recv(_READ):
                messages += self._input.feed(data)
        except OSError:  # there is no more, or it went with requests unread
            pass
        return messages

    def finish(self) -> None:
        """Have everything ended: no request follows."""
        self._finished = True
        with contextlib.suppress(OSError):  # it has gone
            self._socket.shutdown(_socket.SHUT_WR)

    def note_crashes_in(self, directory: Path) -> None:
        """Have crashes of these processes written to files in a directory."""
        self._start_table.directory = os.fspath(directory)

    def replace_reaper(self, reaper: int) -> None:
        """Note that the supervisor has replaced the reaper, which had died."""
        _has_ended(self.reaper)
        self.reaper = reaper

    def record(self, ends: int) -> None:
        """Note that the first `ends` ends of attempts that the supervisor told of are on record."""
        self._start_table.record(ends)

    def ends_from(self, first: int) -> list[End]:
        """How attempts ended, from a number on, even if the supervisor could not say so any more."""
        return list(self._start_table.ends_from(first))

    def expect(self, sequence: int) -> None:
        """Note that a request is on its way, which may begin."""
        self._start_table.expect(sequence)

    def has_begun(self, sequence: int) -> bool:
        """Whether the supervisor had begun with a request, even if it could not say so any more."""
        return self._start_table.has_begun(sequence)

    def close(self) -> None:
        """Close our end; what still runs there ends everything."""
        self._socket.close()
        self._start_table.close()

    def reap(self) -> bool:
        """Whether our child, the reaper, has ended, and with it the supervisor if it has become our child."""
        if self._reaper_lives and _has_ended(self.reaper):
            self._reaper_lives = False
        if self.supervisor and self._supervisor_lives and not self._reaper_lives and _has_ended(self.supervisor):
            self._supervisor_lives = False
        return not self._reaper_lives and not (self.supervisor and self._supervisor_lives)


if sys.platform == "linux":

    def _shared_memory() -> int:
        """A descriptor of memory that can be shared."""
        return os.memfd_create("dagtui-start_table", os.MFD_CLOEXEC)

else:

    def _shared_memory() -> int:
        """A descriptor of a file without a name."""
        import tempfile

        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())


def _spawn(channel: int, start_table: int) -> int:
    """Start the reaper in a session of its own: its standard input is the socket, its output the shared memory."""
    program: str = getattr(sys, "_base_executable", "") or sys.executable  # a virtual environment may have our name
    # The same file system encoding as ours, whatever the environment says there, where it is not looked at.
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
    else:  # noqa: RET505 - so that the type checker sees two systems
        return os.posix_spawn(program, argv, environment, file_actions=files, setpgroup=0)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # reaped before, or never ours
        return True
