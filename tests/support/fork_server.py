"""Fork server: calls of the program in forks of one process that has imported it.

The start of the interpreter, with the imports, takes some 200 ms of a processor and is not what they test. A fork takes
10. A call in it sees the same descriptors, environment, folder and signals as in a process of its own.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FORKED_FOR_TESTS = frozenset({"DAGTUI_SOCKET_DIR", "DAGTUI_CONFIG_DIR"})
"""What has the folder of a test in its environment must end with that test. The server does not."""
_STARTED: list[Path] = []
"""The socket of the server of these tests, once it runs."""
_DEADLINE = 120.0
"""Seconds that a call may take."""


def call_in_fork(words: Sequence[str], cwd: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Call the program with words. Its output is text; standard input is empty."""
    with (
        tempfile.TemporaryFile() as output,
        tempfile.TemporaryFile() as errors,
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(os.fspath(_server()))
        connection.settimeout(_DEADLINE)
        request = json.dumps({"words": list(words), "cwd": cwd, "env": dict(env)}).encode()
        files = array.array("i", [output.fileno(), errors.fileno()])
        connection.sendmsg([len(request).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
        connection.sendall(request)
        status = int(connection.recv(64))
        texts = [_text_of(file.fileno()) for file in (output, errors)]
    return subprocess.CompletedProcess(["dagtui", *words], status, *texts)


def _text_of(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8", closefd=False) as file:
        file.seek(0)
        return file.read()


def _server() -> Path:
    """Return the socket of the server, which is started once."""
    if not _STARTED:
        folder = Path(tempfile.mkdtemp(prefix="dagtui-fork-", dir="/tmp"))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(os.fspath(folder / "socket"))
        listening.listen()
        words = [sys.executable, __file__, str(listening.fileno())]
        env = {key: value for key, value in os.environ.items() if key not in _FORKED_FOR_TESTS}
        env["PYTHONPATH"] = str(Path(__file__).parents[2])
        server = subprocess.Popen(words, stdin=subprocess.DEVNULL, env=env, pass_fds=[listening.fileno()])
        listening.close()
        _STARTED.append(folder / "socket")
        atexit.register(_end, server, folder, os.getpid())
    return _STARTED[0]


def _end(server: subprocess.Popen[bytes], folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork of the tests
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


# In the server


def _serve(listening: socket.socket) -> NoReturn:
    """Carry out calls, each in a process of its own, side by side."""
    import gc
    from importlib import import_module

    from dagtui.cli.main import COMMANDS

    for module in ("dagtui.__main__", "dagtui.cli.headless", "dagtui.runs.beginning", "dagtui.runs.restore", "asyncio"):
        import_module(module)
    for module, _, _ in COMMANDS.values():
        import_module(module)
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
    """Answer one request with the exit status, as `subprocess` has it."""
    size, files, _, _ = socket.recv_fds(connection, 4, 2)
    wanted = int.from_bytes(size, "big")
    request = bytearray()
    while len(request) < wanted:
        request += connection.recv(wanted - len(request))
    child = os.fork()
    if child == 0:
        _be_the_program(json.loads(bytes(request)), files)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _be_the_program(request: Mapping[str, object], files: Sequence[int]) -> NoReturn:
    """Become the process that was asked for, as far as it can be told, and call the program."""
    words, env, cwd = request["words"], request["env"], request["cwd"]
    assert isinstance(words, list)
    assert isinstance(env, dict)
    assert isinstance(cwd, str)
    for number, file in enumerate(files, 1):
        os.dup2(file, number)
    os.closerange(3, 256)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    random.seed()
    sys.argv = ["dagtui", *words]
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
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


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
