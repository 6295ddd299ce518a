"""Start a process for a run that outlives its terminal."""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from dagtui.control.client import ControlClient
from dagtui.control.sockets import check_length, encode, make_sockets_folder, peer_of, sockets_folder
from dagtui.execution.local.descriptors import open_descriptors
from dagtui.host.exit_message import in_case_of_death
from dagtui.host.terminal_client import has_content
from dagtui.report.signal_inbox import SignalInbox
from dagtui.store.errors import StoreError
from dagtui.store.files import open_file
from dagtui.store.paths import make_graph_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.host.daemon import Screens
    from dagtui.runs.live import LiveRun

CRASH_NAME = "session.err"
"""File in the run's directory with the standard error of the session process. Removed at the end if it is empty."""
_LONGEST_NAME = "00000000-000000-0000000000.sock"


class StartLock:
    """Lock that serialises the launch of a graph: of two processes that race, one starts the run, the other attaches.

    It is held from the check for live runs until the run's control socket is open.

    It belongs to the open file, which a forked process shares. It is free when both have closed it.
    """

    def __init__(self, graph_path: Path) -> None:
        """Create the graph's folder if necessary, and wait for the lock. Raises StoreError."""
        path = make_graph_folder(graph_path) / "start.lock"
        try:
            self._descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise StoreError.of("lock", path, error) from error

    def close(self) -> None:
        """Close this process's copy of the lock. Calling it again does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


def check_control_sockets() -> None:
    """Raise ControlError if no run could be reached in this user's folder for sockets."""
    folder = sockets_folder()
    make_sockets_folder(folder)
    check_length(folder / _LONGEST_NAME)


def start_session(begin: Callable[[], LiveRun], screens: Screens, on_listening: Callable[[], object]) -> ControlClient:
    """Start a run in its own process, and return the connection to it. Raises OSError.

    The process is forked rather than started anew, so it already has the graph and the environment. It has no
    controlling terminal and can't get one, because it does not lead a session. In that process, this function never
    returns: errors of `begin` are sent over the connection. `on_listening` is called there when others may attach.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        theirs.close()
        os.waitpid(child, 0)
        return ControlClient(ours, peer_of(ours))
    ours.close()
    os.setsid()
    if os.fork():
        os._exit(0)
    raise SystemExit(_live(begin, screens, on_listening, theirs))


def _live(
    begin: Callable[[], LiveRun], screens: Screens, on_listening: Callable[[], object], connection: socket.socket
) -> int:
    """Run the session process. Return its exit status."""
    _close_inherited_descriptors()
    inbox = SignalInbox((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    try:
        run = begin()
    except Exception as error:
        from dagtui.report.sentences import sentence_for

        sentence = sentence_for(error)
        if sentence is None:
            raise
        connection.sendall(encode({"do": "print", "text": f"{sentence.text}\n"}))
        connection.sendall(encode({"do": "leave", "status": sentence.status}))
        return sentence.status
    crash_file = _open_crash_file(run.path)
    with contextlib.suppress(OSError):  # the client was killed meanwhile, which does not affect the run
        connection.sendall(encode(in_case_of_death(run, crash_file)))
    # The first nodes are already running. The event loop takes a while to import.
    import anyio

    from dagtui.host.daemon import Daemon
    from dagtui.host.priority_loop import PriorityLoop

    async def live() -> int:
        daemon = Daemon(run, screens, crash_file)
        return await daemon.live(connection, on_listening, inbox)

    try:
        return anyio.run(live, backend_options={"loop_factory": PriorityLoop})
    finally:
        if crash_file is not None and not has_content(crash_file):
            with contextlib.suppress(OSError):  # a task has removed it or its folder
                crash_file.unlink()


def _close_inherited_descriptors() -> None:
    """Close inherited file descriptors, above all the terminal, because others may wait for them to be closed."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    for number in open_descriptors():
        with contextlib.suppress(OSError):  # the descriptor that lists them
            # Our own descriptors are all closed on exec.
            if number > 2 and os.get_inheritable(number):
                os.close(number)


def _open_crash_file(directory: Path) -> Path | None:
    """Redirect standard error to a file in the run's directory, so that a crash can be explained."""
    path = directory / CRASH_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:  # then it is discarded, and the run continues
        return None
    os.dup2(descriptor, 2)
    os.close(descriptor)
    faulthandler.enable()
    return path
