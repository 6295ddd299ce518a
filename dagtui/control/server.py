"""Control server: a Unix socket, served by the run's event loop, accessible to its owner only."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from array import array
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import anyio

from dagtui import __version__
from dagtui.control.sockets import (
    CAN,
    DESCRIPTORS,
    PROTOCOL,
    ControlError,
    LineBuffer,
    Peer,
    PeerGoneError,
    check_length,
    encode,
    make_sockets_folder,
    peer_of,
    remove_dead_sockets,
    socket_path,
    sockets_folder,
)
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import TaskGroup, TaskStatus

CONNECTIONS = 32
"""Most clients at a time. Further ones are refused with a message."""
REQUEST_SECONDS = 5.0
"""Seconds that a client may take to send its request."""
LOOK_SECONDS = 2.0
"""Seconds between checks that the socket still exists. Clean-up jobs may remove files in /tmp."""
ANSWER_SECONDS = 10.0
"""Seconds for which a client may leave a message unread."""
_PAUSE = 0.5
"""Seconds to wait when no file descriptor is left for a connection."""
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PIECE = 65_536
_ITEM = array("i").itemsize
_ROOM = socket.CMSG_SPACE(DESCRIPTORS * _ITEM)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class ClientHandler:
    """The connection to a client. One task may receive while others send."""

    def __init__(self, connection: socket.socket, peer: Peer) -> None:
        """Take over a non-blocking connection. The caller must call `end`."""
        self._connection = connection
        self._buffer = LineBuffer()
        self._sending = anyio.Lock()
        self.peer = peer
        """The process at the other end, as reported by the kernel."""
        self.descriptors: list[int] = []
        """File descriptors that came with the request, closed on exec. `end` closes those that are left."""

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a line. Raises PeerGoneError if the client is gone or does not read, ControlError if it is too long."""
        view = memoryview(encode(message))
        async with self._sending:
            with anyio.move_on_after(ANSWER_SECONDS) as limit:
                while view:
                    try:
                        view = view[self._connection.send(view) :]
                    except BlockingIOError:
                        await anyio.wait_writable(self._connection)
                    except OSError as error:
                        raise PeerGoneError(f"the client is gone: {error.strerror}") from error
        if limit.cancelled_caught:
            self.close()
            raise PeerGoneError("the client does not read")

    async def receive(self) -> Mapping[str, object] | None:
        """Return the next message, or None after the client has closed or `close` was called. Raises ControlError."""
        return await self._receive(with_descriptors=False)

    async def receive_request(self) -> Mapping[str, object] | None:
        """Return the first message, and receive the file descriptors that come with it."""
        return await self._receive(with_descriptors=True)

    async def _receive(self, *, with_descriptors: bool) -> Mapping[str, object] | None:
        while True:
            message = self._buffer.take()
            if message is not None:
                return message
            try:
                # Without room for them, the kernel closes the file descriptors that come along.
                piece = self._read_with_descriptors() if with_descriptors else self._connection.recv(_PIECE)
            except BlockingIOError:
                await anyio.wait_readable(self._connection)
                continue
            except OSError:
                return None
            if not piece:
                return None
            self._buffer.add(piece)
            # A client that sends without pause must not keep the loop to itself.
            await anyio.lowlevel.checkpoint()

    def _read_with_descriptors(self) -> bytes:
        piece, controls, flags, _ = self._connection.recvmsg(_PIECE, _ROOM, _CLOSE_ON_EXEC)
        for level, kind, content in controls:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._keep(content)
        if flags & socket.MSG_CTRUNC or len(self.descriptors) > DESCRIPTORS:
            raise ControlError(f"at most {DESCRIPTORS} open files may come with a request")
        return piece

    def _keep(self, content: bytes) -> None:
        found = array("i")
        found.frombytes(content[: len(content) // _ITEM * _ITEM])
        self.descriptors.extend(found)
        if not _CLOSE_ON_EXEC:
            for descriptor in found:
                os.set_inheritable(descriptor, False)

    def close(self) -> None:
        """Close the connection. A pending `receive` returns None."""
        with contextlib.suppress(OSError):  # the client is already gone
            self._connection.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Release everything. No task may use the connection afterwards."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []
        self._connection.close()


Handler = Callable[[ClientHandler, Mapping[str, object]], Awaitable[None]]
"""Handles one kind of request. It may send several messages. The connection ends when it returns."""


class ControlServer:
    """Serves requests for a run. Only the holder of the run's lock may have one.

    It serves this user and root, who could inspect this process anyway.
    """

    def __init__(self, run_id: str, handlers: Mapping[str, Handler]) -> None:
        """`handlers` maps requests to handlers. Raises ControlError if the socket's path would be too long."""
        self.run_id = run_id
        self.path = socket_path(run_id, sockets_folder())
        self._handlers = handlers
        self._listener: socket.socket | None = None
        self._bound: tuple[int, int] | None = None
        self._connections = 0

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled, then remove the socket. Raises ControlError if it can't be created.

        `task_status` is set when the server listens.
        """
        with contextlib.suppress(ControlError):  # reported when the socket is created
            remove_dead_sockets(self.path.parent)
        self._open()
        task_status.started()
        try:
            async with anyio.create_task_group() as group:
                while True:
                    # The scope is inside the loop, so that nothing waits for a listener that was replaced.
                    with anyio.move_on_after(LOOK_SECONDS):
                        await self._accept_all(group)
                    self._check_socket()
        finally:
            self._close_socket()

    # The socket

    def _open(self) -> None:
        """Listen at a temporary path, then move the socket into place, so that clients never see it half made."""
        make_sockets_folder(self.path.parent)
        passing = self.path.with_name(f".{os.urandom(4).hex()}")
        check_length(passing)
        with contextlib.ExitStack() as failing:
            try:
                listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                failing.callback(listener.close)
                listener.setblocking(False)
                listener.bind(str(passing))
                failing.callback(_unlink, passing)
                os.chmod(passing, 0o600)
                listener.listen(CONNECTIONS)
                status = os.lstat(passing)
                os.rename(passing, self.path)
            except OSError as error:
                raise ControlError(f"can't create the socket {label(self.path, 1000)}: {error.strerror}") from error
            failing.pop_all()
        if self._listener is not None:
            self._listener.close()
        self._listener, self._bound = listener, (status.st_dev, status.st_ino)

    def _check_socket(self) -> None:
        """Create the socket again if it has disappeared. If that fails, the next check tries again."""
        if not self._has_socket():
            with contextlib.suppress(ControlError):
                self._open()

    def _has_socket(self) -> bool:
        try:
            status = os.lstat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._bound

    def _close_socket(self) -> None:
        if self._has_socket():
            _unlink(self.path)
        if self._listener is not None:
            self._listener.close()

    # Clients

    async def _accept_all(self, group: TaskGroup) -> None:
        """Accept at most one connection per loop iteration."""
        listener = self._listener
        if listener is None:
            raise AssertionError("the control socket is open")
        while True:
            await anyio.wait_readable(listener)
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if error.errno in _OUT_OF_FILES:
                    await anyio.sleep(_PAUSE)
                continue
            connection.setblocking(False)
            if self._connections >= CONNECTIONS:
                _refuse(connection)
                continue
            self._connections += 1
            group.start_soon(self._serve_client, connection)

    async def _serve_client(self, connection: socket.socket) -> None:
        try:
            peer = peer_of(connection)
        except OSError:  # it is already gone
            connection.close()
            self._connections -= 1
            return
        client = ClientHandler(connection, peer)
        try:
            if peer.uid in {os.geteuid(), 0}:
                await self._answer(client)
        except ControlError as error:
            await _say_error(client, str(error))
        finally:
            client.end()
            self._connections -= 1

    async def _answer(self, client: ClientHandler) -> None:
        request = None
        with anyio.move_on_after(REQUEST_SECONDS):
            greeting = {"dagtui": __version__, "protocol": PROTOCOL, "run": self.run_id, "pid": os.getpid(), "can": CAN}
            await client.send(greeting)
            request = await client.receive_request()
        if request is None:
            return
        wanted = request.get("want")
        handler = self._handlers.get(wanted) if isinstance(wanted, str) else None
        if handler is None:
            raise ControlError(f"this run's dagtui ({__version__}) does not know the request {label(wanted, 60)!r}")
        try:
            await handler(client, request)
        except ControlError:
            raise
        except Exception as error:  # no error in an answer may stop the run
            raise ControlError(failure(error)) from error


def failure(error: Exception) -> str:
    """Describe to the client why its request failed. For a task group, describe the errors in it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"the request failed: {label(f'{type(error).__name__}: {error}', 500)}"


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):  # another process was faster, or the folder is gone
        path.unlink()


def _refuse(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is gone, or does not read
        connection.send(b'{"error":"too many clients are connected to it"}\n')
    connection.close()


async def _say_error(client: ClientHandler, text: str) -> None:
    with contextlib.suppress(PeerGoneError):
        await client.send({"error": text})
