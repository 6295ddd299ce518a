"""A wire between two programs on this machine that can be cut, stalled and metered: a small TCP relay in a thread."""

from __future__ import annotations

import selectors
import socket
import threading
from typing import Self

_CHUNK = 65536


class Wire:
    """Relays every connection to a port of this machine until it is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        """Where to connect to."""
        self.received = 0
        """Bytes that came back from the target."""
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._clients: set[socket.socket] = set()
        self._wakers = socket.socketpair()
        self._jobs: list[str] = []
        self._stalled = False
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakers[0], selectors.EVENT_READ)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell("end")
        self._thread.join(10)

    def cut(self) -> None:
        """Break every connection at once, as when a router forgets them: both ends get a reset."""
        self._tell("cut")

    def stall(self) -> None:
        """Let nothing through any more, and say nothing to anybody."""
        self._tell("stall")

    def resume(self) -> None:
        """Let everything through again."""
        self._tell("resume")

    def _tell(self, job: str) -> None:
        self._jobs.append(job)
        self._wakers[1].send(b".")

    def _relay(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._wakers[0]:
                    self._wakers[0].recv(1)
                    if not self._obey(self._jobs.pop(0)):
                        return
                elif key.fileobj is self._listener:
                    self._connect()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._peers:
                    self._pass_on(key.fileobj)

    def _obey(self, job: str) -> bool:
        if job in {"stall", "resume"}:
            self._stalled = job == "stall"
            self._watch()
            return True
        for end in list(self._peers):
            self._close(end, reset=True)
        if job == "cut":
            return True
        self._selector.close()
        for own in (self._listener, *self._wakers):
            own.close()
        return False

    def _watch(self) -> None:
        """Look at the ends, or, while nothing may pass, don't."""
        watched = {key.fileobj for key in self._selector.get_map().values()}
        for end in self._peers:
            if self._stalled and end in watched:
                self._selector.unregister(end)
            elif not self._stalled and end not in watched:
                self._selector.register(end, selectors.EVENT_READ)

    def _connect(self) -> None:
        client, _ = self._listener.accept()
        target = socket.create_connection(("127.0.0.1", self._target))
        self._peers[client], self._peers[target] = target, client
        self._clients.add(client)
        self._watch()

    def _pass_on(self, end: socket.socket) -> None:
        peer = self._peers[end]
        try:
            content = end.recv(_CHUNK)
            peer.sendall(content)
        except OSError:
            content = b""
        if not content:
            self._close(end, reset=False)
        elif end not in self._clients:
            self.received += len(content)

    def _close(self, end: socket.socket, *, reset: bool) -> None:
        peer = self._peers.get(end)
        if peer is None:
            return
        for one in (end, peer):
            del self._peers[one]
            self._clients.discard(one)
            if one in {key.fileobj for key in self._selector.get_map().values()}:
                self._selector.unregister(one)
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            one.close()
