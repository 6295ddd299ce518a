"""Client of a live run's control socket: connect, check the peer, and send requests.

Uses plain blocking sockets and few imports, because a client must start quickly.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import time
from typing import TYPE_CHECKING, Self

from dagtui.control.sockets import (
    DESCRIPTORS,
    PROTOCOL,
    ControlError,
    LineBuffer,
    Peer,
    PeerGoneError,
    ProtocolError,
    check_sockets_folder,
    encode,
    peer_of,
    socket_path,
    sockets_folder,
)
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dagtui.text.amounts import Seconds

PATIENCE = 5.0
"""Seconds that a run may take to answer a connection."""
_PIECE = 65_536
_ABSENT = frozenset({errno.ENOENT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE})


class ControlClient:
    """A connection to a live run, after its greeting."""

    def __init__(self, connection: socket.socket, peer: Peer) -> None:
        self._connection = connection
        self._buffer = LineBuffer()
        self.peer = peer
        """The process at the other end."""
        self.hello: Mapping[str, object] = {}
        """The greeting: `dagtui` (its version), `protocol`, `run`, `pid`, and what it `can` (see `CAN`)."""

    def can(self, what: str) -> bool:
        """Return whether the server can do something that was added after the first version of the protocol."""
        known = self.hello.get("can")
        return isinstance(known, list) and what in known

    def send(
        self, message: Mapping[str, object], descriptors: Sequence[int] = (), patience: Seconds | None = None
    ) -> None:
        """Send one line. Only the first line may carry file descriptors. Raises ControlError if the server is gone.

        Waits until the server reads, for at most `patience` seconds if given. After that, the server counts as gone.
        With a patience of 0, short lines are sent whole or not at all.
        """
        if len(descriptors) > DESCRIPTORS:
            raise ValueError(f"at most {DESCRIPTORS} descriptors")
        view = memoryview(encode(message))
        self._connection.settimeout(patience)
        try:
            if descriptors:
                view = view[socket.send_fds(self._connection, [view], list(descriptors)) :]
            if view:  # sending nothing fails too if the server has already answered and closed
                self._connection.sendall(view)
        except OSError as error:
            raise PeerGoneError(f"the run's process is gone: {error.strerror}") from error

    def receive(self, timeout: Seconds | None = None) -> Mapping[str, object] | None:
        """Return the next line, or None if the server has closed. Raises TimeoutError and ControlError.

        A signal handler that raises ends the wait without losing data.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            message = self._buffer.take()
            if message is not None:
                return message
            # A timeout of 0 would make the socket non-blocking. A readable socket is read either way.
            self._connection.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
            try:
                piece = self._connection.recv(_PIECE)
            except ConnectionError:
                return None
            if not piece:
                return None
            self._buffer.add(piece)

    @property
    def has_line(self) -> bool:
        """Whether `receive` would return at once, even if the descriptor has nothing to read."""
        return self._buffer.has_line

    def fileno(self) -> int:
        """Return the socket's descriptor for `select`. Check `has_line` first."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(run_id: str, timeout: Seconds = PATIENCE) -> ControlClient:
    """Connect to a live run and read its greeting, waiting at most `timeout` seconds.

    Raises PeerGoneError if the run is not running, ProtocolError if it speaks another protocol, and ControlError if it
    belongs to another user, refuses the connection, or does not answer.
    """
    folder = sockets_folder()
    check_sockets_folder(folder)
    path = socket_path(run_id, folder)
    _check_socket(path)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.ExitStack() as failing:
        failing.callback(connection.close)
        connection.settimeout(timeout)
        client = ControlClient(connection, _connect(connection, path))
        client.hello = _greeting(client, run_id, timeout)
        failing.pop_all()
    return client


def _check_socket(path: Path) -> None:
    """Raise ControlError unless a socket of this user is there."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        raise PeerGoneError(f"run {label(path.stem)} is not running: there is no socket {label(path, 1000)}") from None
    except OSError as error:
        raise ControlError(f"can't use the socket {label(path, 1000)}: {error.strerror}") from error
    if not stat.S_ISSOCK(status.st_mode):
        raise ControlError(f"{label(path, 1000)} is not a socket; remove it")
    if status.st_uid != os.geteuid():
        raise ControlError(
            f"the socket {label(path, 1000)} belongs to another user (id {status.st_uid}): not used; remove it"
        )


def _connect(connection: socket.socket, path: Path) -> Peer:
    shown = label(path, 1000)
    try:
        connection.connect(str(path))
        peer = peer_of(connection)
    except (TimeoutError, BlockingIOError):  # the queue of pending connections is full
        raise ControlError(f"the run behind {shown} does not answer: it is stopped or overloaded") from None
    except OSError as error:
        if error.errno in _ABSENT:
            raise PeerGoneError(f"no run listens at {shown}: {error.strerror}") from error
        raise ControlError(f"can't connect to {shown}: {error.strerror}") from error
    # Not even root's process: it may be sent this terminal.
    if peer.uid != os.geteuid():
        raise ControlError(f"process {peer.pid} of another user (id {peer.uid}) answers at {shown}: not used")
    return peer


def _greeting(client: ControlClient, run_id: str, timeout: Seconds) -> Mapping[str, object]:
    who = f"process {client.peer.pid}"
    try:
        hello = client.receive(timeout)
    except TimeoutError:
        raise ControlError(f"{who}, which has the run, does not answer: it is stopped or overloaded") from None
    if hello is None:
        raise PeerGoneError(f"{who}, which has the run, closed the connection")
    if "error" in hello:
        raise ControlError(f"{who}, which has the run, refuses: {label(hello['error'])}")
    if hello.get("protocol") != PROTOCOL:
        from dagtui import __version__

        raise ProtocolError(
            f"{who}, which has the run, is dagtui {label(hello.get('dagtui'), 40)} "
            f"(protocol {label(hello.get('protocol'), 10)}); this is dagtui {__version__} (protocol {PROTOCOL}): "
            "use that version, or wait until the run has ended",
            client.peer.pid,
        )
    if hello.get("run") != run_id:
        raise ControlError(f"{who} answers for another run: {label(hello.get('run'), 60)}")
    return hello
