"""Server side of one connection: messages in, messages out, and file descriptors that came along."""

from __future__ import annotations

import contextlib
import os
import socket
from array import array
from typing import TYPE_CHECKING

import anyio

from dagtui.control.sockets import DESCRIPTORS, ControlError, LineBuffer, Peer, PeerGoneError, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_SECONDS = 10.0
"""Seconds for which a client may leave a message unread."""
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
