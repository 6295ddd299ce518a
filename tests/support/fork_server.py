"""Fork server: calls of the program in forks of one process that has imported it.

The start of the interpreter, with the imports, takes some 200 ms of a processor, with those of the screen 600, and is
not what they test. A fork takes 10. A call in it sees the same descriptors, environment, folder and signals as in a
process of its own.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import ctypes
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORKED_FOR_TESTS = frozenset({"DAGTUI_SOCKET_DIR", "DAGTUI_CONFIG_DIR"})
"""What has the folder of a test in its environment must end with that test. The server does not."""
_ROOM = "ROOM_FOR_VARIABLES"
"""A variable of the server, long enough for the variables of its forks to be put in the place of its own."""
_STARTED: dict[str, Path] = {}
"""The sockets of the servers of these tests, once they run, by what they have imported."""
_DEADLINE = 120.0
"""Seconds that a call may take."""
UTF_8 = "C.UTF-8"
"""The locale of programs on terminals."""
_COMMANDS, _SCREENS = "commands", "screens"
_LEFT_OUT = {_COMMANDS: ("dagtui.tui",), _SCREENS: ()}
"""What the servers do not import."""


def call_in_fork(words: Sequence[str], cwd: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Call the program with words. Its output is text; standard input is empty."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors, open(os.devnull, "rb") as nothing:
        files = (nothing.fileno(), output.fileno(), errors.fileno())
        status = ForkedProgram(_COMMANDS, words, cwd, env, files).wait(_DEADLINE)
        texts = [_text_of(file.fileno()) for file in (output, errors)]
    return subprocess.CompletedProcess(["dagtui", *words], status, *texts)


def start_in_fork(words: Sequence[str], cwd: str, env: Mapping[str, str], output: int) -> ForkedProgram:
    """Start the program with words, without standard input. All its output goes to a descriptor."""
    with open(os.devnull, "rb") as nothing:
        return ForkedProgram(_COMMANDS, words, cwd, env, (nothing.fileno(), output, output))


def start_on_a_terminal(words: Sequence[str], cwd: str, env: Mapping[str, str], terminal: int) -> ForkedProgram:
    """Start the program with words on a terminal, which becomes its controlling terminal."""
    return ForkedProgram(_SCREENS, words, cwd, env, (terminal, terminal, terminal))


class ForkedProgram:
    """A process of the program, with the methods of `subprocess.Popen`. Its parent is a process of the server."""

    def __init__(
        self, imported: str, words: Sequence[str], cwd: str, env: Mapping[str, str], files: tuple[int, int, int]
    ) -> None:
        self.returncode: int | None = None
        self.args = ["dagtui", *words]
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(os.fspath(_server(imported)))
        self._connection.settimeout(_DEADLINE)
        request = json.dumps(
            {"words": list(words), "cwd": cwd, "env": dict(env), "leads": imported == _SCREENS}
        ).encode()
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
        self._connection.sendmsg([len(request).to_bytes(4, "big")], ancillary)
        self._connection.sendall(request)
        self.pid = int(self._connection.recv(8, socket.MSG_WAITALL))

    def poll(self) -> int | None:
        """Return the exit status once it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status. Raises TimeoutExpired."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                self.returncode = int(self._connection.recv(8, socket.MSG_WAITALL))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
            self._connection.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to it, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send TERM to it."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


def _text_of(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        file.seek(0)
        return file.read()


def _server(imported: str) -> Path:
    """Return the socket of a server, which is started once."""
    if imported not in _STARTED:
        folder = Path(tempfile.mkdtemp(prefix="dagtui-fork-", dir="/tmp"))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(os.fspath(folder / "socket"))
        listening.listen()
        words = [sys.executable, __file__, imported, str(listening.fileno())]
        env = {key: value for key, value in os.environ.items() if key not in _FORKED_FOR_TESTS}
        env |= {"PYTHONPATH": str(Path(__file__).parents[2]), _ROOM: "." * 16384}
        if imported == _SCREENS:
            env["LANG"] = UTF_8
        server = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=env, pass_fds=[listening.fileno()])
        listening.close()
        _STARTED[imported] = folder / "socket"
        atexit.register(_end, server, folder, os.getpid())
    return _STARTED[imported]


def _end(server: subprocess.Popen[bytes], folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork of the tests
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


# In the server


def _import_all(imported: str) -> None:
    """Import what a program may import later on, which is most of the time that a short run takes."""
    from importlib import import_module
    from pkgutil import walk_packages

    import dagtui

    # Modules of executors are also programs, some of which change what is imported.
    left_out = ("dagtui.execution", *_LEFT_OUT[imported])
    names = [
        module.name for module in walk_packages(dagtui.__path__, "dagtui.") if not module.name.startswith(left_out)
    ]
    import_module("anyio._backends._asyncio")
    for name in (*names, *(f"dagtui.execution.local.{name}" for name in ("executor", "frames", "link", "start_table"))):
        import_module(name)


def _serve(listening: socket.socket) -> NoReturn:
    """Carry out calls, each in a process of its own, side by side."""
    import gc

    gc.freeze()
    tests = os.getppid()
    listening.settimeout(1.0)  # to notice that the tests were killed
    while os.getppid() == tests:
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        connection.setblocking(True)
        if os.fork() == 0:
            listening.close()
            _watch(connection)
        connection.close()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    sys.exit()


def _watch(connection: socket.socket) -> NoReturn:
    """Answer one request with the process, and then with the exit status, as `subprocess` has it."""
    size, files, _, _ = socket.recv_fds(connection, 4, 3)
    wanted = int.from_bytes(size, "big")
    request = bytearray()
    while len(request) < wanted:
        request += connection.recv(wanted - len(request))
    child = os.fork()
    if child == 0:
        _be_the_program(json.loads(bytes(request)), files)
    for file in files:  # whoever reads waits until the program has closed them
        os.close(file)
    connection.sendall(f"{child:8}".encode())
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.sendall(f"{os.waitstatus_to_exitcode(status):8}".encode())
    os._exit(0)


def _be_the_program(request: Mapping[str, object], files: Sequence[int]) -> NoReturn:
    """Become the process that was asked for, as far as it can be told, and call the program."""
    words, env, cwd = request["words"], request["env"], request["cwd"]
    assert isinstance(words, list)
    assert isinstance(env, dict)
    assert isinstance(cwd, str)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.closerange(3, 256)
    if request["leads"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(env)
    _show_variables(env)
    time.tzset()
    os.chdir(cwd)
    random.seed()
    sys.argv = ["dagtui", *words]
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout, sys.stderr = (
        open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        for number in (1, 2)
    )
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc]
    from dagtui.__main__ import main

    status: object = 1
    try:
        main()
        status = 0
    except SystemExit as ended:
        status = ended.code
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status if isinstance(status, int) else status is not None)


def _show_variables(env: Mapping[str, str]) -> None:
    """Put variables where the kernel looks for them, so that processes are found by theirs as if they were started."""
    if sys.platform != "linux":
        return
    numbers = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(numbers[47]), int(numbers[48])
    content = b"".join(b"%s=%s\0" % (os.fsencode(name), os.fsencode(value)) for name, value in env.items())
    ctypes.memmove(start, content[: end - start].ljust(end - start, b"\0"), end - start)


if __name__ == "__main__":
    _import_all(sys.argv[1])
    _serve(socket.socket(fileno=int(sys.argv[2])))
