"""The joint between a connection by ssh and the hub of a run: starts the hub if there is none, and passes bytes on.

The hub is a daemon: when the connection breaks, only the joint ends. One lock for all runs of the user keeps hubs from
beginning and ending at the same moment.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import traceback
from typing import TYPE_CHECKING, NoReturn

from dagtui.execution.agent.meeting import MACHINE, SOCKET, beginning_and_ending
from dagtui.execution.agent.spool import Spool, SpoolError

if TYPE_CHECKING:
    from dagtui.text.amounts import Seconds

_LOG = "hub.log"
_PIECE = 1 << 16
_MOST_FILES = 1024  # of a process that has just begun


class ElsewhereError(Exception):
    """The hub of the spool is on another machine, which the text names."""


def join_hub(path: str, orphans: float) -> None:
    """Join standard input and output to the hub of a spool. If there is none, one begins.

    Its attempts go on for `orphans` seconds when nobody is connected.
    """
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), 0o700, exist_ok=True)
        with beginning_and_ending(path):
            link = _connected(path, orphans)
    except SpoolError as error:
        _tell(trouble="spool", text=str(error))
    except ElsewhereError as error:
        _tell(trouble="elsewhere", machine=str(error), path=path)
    except OSError as error:
        _tell(trouble="system", path=os.fsdecode(error.filename or path), number=error.errno or 0)
    else:
        os.write(1, b"\n")  # a login shell may have printed something without a line break
        threading.Thread(target=_pour, args=(0, link.fileno()), daemon=True).start()
        _pour(link.fileno(), 1)


def _connected(path: str, orphans: Seconds) -> socket.socket:
    """Return a connection to the hub. Raises OSError, SpoolError and ElsewhereError."""
    spool = Spool(path)
    os.chdir(spool.path)
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(SOCKET)
    except OSError:  # there was no hub, or it was killed
        link.close()
        _check_machine()
        _start(spool, orphans)
        link = socket.socket(socket.AF_UNIX)
        link.connect(SOCKET)
    return link


def _check_machine() -> None:
    """Raise ElsewhereError if the hub is on another machine, and note that it is on this one."""
    here = os.uname().nodename
    try:
        with open(MACHINE, encoding="utf-8") as file:
            there = file.read()
    except FileNotFoundError:
        there = ""
    if there not in ("", here):
        raise ElsewhereError(there)
    with open(MACHINE, "w", encoding="utf-8") as file:
        file.write(here)


def _start(spool: Spool, orphans: Seconds) -> None:
    """Fork the hub."""
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.unlink(SOCKET)
    except FileNotFoundError:
        pass
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(SOCKET)
        listening.listen(8)
        if not os.fork():
            _become_daemon(spool, listening, orphans)
    finally:
        listening.close()
    os.wait()


def _become_daemon(spool: Spool, listening: socket.socket, orphans: Seconds) -> NoReturn:
    """Leave the connection: sshd waits for each process that holds its pipes."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        null = os.open(os.devnull, os.O_RDWR)
        log = os.open(_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        for number, target in enumerate((null, log, log)):
            os.dup2(target, number)
        kept = listening.fileno()
        os.closerange(3, kept)
        os.closerange(kept + 1, _MOST_FILES)
        from dagtui.execution.agent.hub import run_hub  # most connections find a hub that is there

        run_hub(spool, listening, orphans)
    except BaseException:  # noqa: BLE001 - the log of the hub is all that there is to tell
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _pour(source: int, sink: int) -> NoReturn:
    """Pass bytes on until one end closes.

    Each direction has a thread. If one thread did both, it would read nothing while it waits to write, as the hub may
    do, too. Then both stand still.
    """
    try:
        while data := os.read(source, _PIECE):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(sink, rest) :]
    finally:
        os._exit(0)


def _tell(**what: object) -> None:
    os.write(1, ("\n" + json.dumps(what) + "\n").encode())
