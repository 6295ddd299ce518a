"""Sockets of live runs: their folder, the process at the other end, and the line protocol."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import struct
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Item = TypeVar("Item")

PROTOCOL = 1
"""Version that both ends must share. It changes only if an older end could not understand a newer one."""
CAN = ("hold",)
"""What servers of this version can do that older ones with the same protocol can't: its names are only ever added."""
LINE_LIMIT = 1_048_576
"""Longest accepted line in bytes."""
DESCRIPTORS = 8
"""Most file descriptors sent with a request."""
FOLDER_VARIABLE = "DAGTUI_SOCKET_DIR"
"""The environment variable that names another folder for the sockets."""
_SUFFIX = ".sock"
_PATH_LIMIT = 107 if sys.platform == "linux" else 103
"""Longest path of a socket in bytes: sun_path of unix(7), without its terminating zero."""


class ControlError(Exception):
    """A run can't be reached, or a line can't be understood. The text is one line with what, where, and advice."""


class PeerGoneError(ControlError):
    """The other end is gone. For a client: there is no socket, or no process behind it, so the run is not running."""


class ProtocolError(ControlError):
    """The other end is a dagtui that speaks another protocol. The text names both versions, `pid` its process."""

    def __init__(self, text: str, pid: int) -> None:
        super().__init__(text)
        self.pid = pid


class Peer(NamedTuple):
    """The process at the other end of a socket, as reported by the kernel."""

    pid: int
    uid: int


def sockets_folder() -> Path:
    """Return this user's socket folder: DAGTUI_SOCKET_DIR, else `/tmp/dagtui-UID`.

    XDG_RUNTIME_DIR is not used, because it is removed at logout while runs continue.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(f"/tmp/dagtui-{os.geteuid()}")  # noqa: S108 - checked before it is used


def make_sockets_folder(folder: Path) -> None:
    """Create the folder, accessible to its owner only, or check the existing one. Raises ControlError."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        check_sockets_folder(folder)
    except OSError as error:
        raise ControlError(f"can't create the socket folder {label(folder, 1000)}: {error.strerror}") from error


def check_sockets_folder(folder: Path) -> None:
    """Raise ControlError unless this is a real folder, not a link, that only this user can enter.

    Raises PeerGoneError if nothing is there.
    """
    shown = label(folder, 1000)
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        raise PeerGoneError(f"no run is live: there is no folder {shown}") from None
    except OSError as error:
        raise ControlError(f"can't use the socket folder {shown}: {error.strerror}") from error
    if not stat.S_ISDIR(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a folder"
        raise ControlError(f"can't use {shown} for sockets: it is {kind}; remove it, or set {FOLDER_VARIABLE}")
    if status.st_uid != os.geteuid():
        raise ControlError(
            f"can't use {shown} for sockets: it belongs to another user (id {status.st_uid}); "
            f"have it removed, or set {FOLDER_VARIABLE}"
        )
    if status.st_mode & 0o077:
        raise ControlError(
            f"can't use {shown} for sockets: others may enter it (mode {status.st_mode & 0o777:04o}); chmod 700 it"
        )


def socket_path(run_id: str, folder: Path) -> Path:
    """Return the path of a run's socket. Raises ControlError if it would be too long."""
    if not run_id or "/" in run_id or "\0" in run_id or run_id.startswith("."):
        raise ControlError(f"not the name of a run: {label(run_id)}")
    path = folder / (run_id + _SUFFIX)
    check_length(path)
    return path


def check_length(path: Path) -> None:
    """Raise ControlError if a path is too long for a socket."""
    if len(os.fsencode(path)) > _PATH_LIMIT:
        raise ControlError(
            f"the path of a socket may have {_PATH_LIMIT} bytes at most: {label(path, 1000)}; "
            f"set {FOLDER_VARIABLE} to a shorter one"
        )


def run_ids(folder: Path) -> list[str]:
    """Return the runs that have a socket in a folder, oldest first, whether they answer or not. Raises ControlError."""
    try:
        check_sockets_folder(folder)
        names = os.listdir(folder)
    except PeerGoneError:
        return []
    except OSError as error:
        raise ControlError(f"can't read the socket folder {label(folder, 1000)}: {error.strerror}") from error
    sockets = [name for name in names if name.endswith(_SUFFIX) and name[0] != "."]
    return [name.removesuffix(_SUFFIX) for name in sorted(sockets, key=lambda name: _age(folder, name))]


def _age(folder: Path, name: str) -> tuple[str, int, str]:
    """Return what sorts sockets by the start of their runs. A run's identifier begins with it, to the second."""
    try:
        made = os.lstat(folder / name).st_mtime_ns
    except OSError:  # it has just been removed
        made = 0
    return name.rpartition("-")[0], made, name


def remove_dead_sockets(folder: Path) -> None:
    """Remove sockets without a listener, left by killed processes. Raises ControlError."""
    for run_id in run_ids(folder):
        path = socket_path(run_id, folder)
        with contextlib.suppress(OSError):  # another process removes it, or it can't be removed, which does no harm
            before = os.lstat(path)
            if stat.S_ISSOCK(before.st_mode) and _is_dead(path) and os.lstat(path).st_ino == before.st_ino:
                path.unlink()


def _is_dead(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:  # the queue of pending connections is full
            return False
        return False


def peer_of(connection: socket.socket) -> Peer:
    """Return the process at the other end. For a client, this is the listener. Raises OSError."""
    if sys.platform == "darwin":
        # struct xucred of sys/ucred.h: its version, then the user. SOL_LOCAL is 0, LOCAL_PEERCRED 1, LOCAL_PEERPID 2.
        _, uid = struct.unpack_from("=II", connection.getsockopt(0, 1, 76))
        return Peer(connection.getsockopt(0, 2), uid)
    pid, uid, _ = struct.unpack("=iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid)


def encode(message: Mapping[str, object]) -> bytes:
    """Encode a message as one line of JSON. Raises ControlError if it is too long."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise ControlError(f"a message of {len(line):,} bytes is too long: at most {LINE_LIMIT:,}")
    return line


def fitting(items: Iterable[Item], most: int, limit: int = LINE_LIMIT // 8) -> list[Item]:
    """Return the first items, at most `most`, that take at most `limit` bytes as JSON, because names may be long."""
    found: list[Item] = []
    for item in islice(items, most):
        limit -= len(json.dumps(item)) + 1
        if limit < 0:
            break
        found.append(item)
    return found


class LineBuffer:
    """Splits arriving bytes into messages. It holds at most one line of the greatest length and one chunk."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0

    def add(self, piece: bytes) -> None:
        """Add bytes that arrived. Raises ControlError if a line is too long."""
        self._bytes += piece
        if len(self._bytes) > LINE_LIMIT and self._bytes.find(b"\n", 0, LINE_LIMIT) < 0:
            raise ControlError(f"a line is too long: at most {LINE_LIMIT:,} bytes")

    def take(self) -> Mapping[str, object] | None:
        """Return the next complete message, or None. Raises ControlError if it is not a JSON object."""
        end = self._bytes.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._bytes)
            return None
        line = bytes(self._bytes[:end])
        del self._bytes[: end + 1]
        self._searched = 0
        return _decode(line)

    @property
    def has_line(self) -> bool:
        """Whether a complete line is buffered."""
        return b"\n" in self._bytes


def _decode(line: bytes) -> Mapping[str, object]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ControlError("a line is not a JSON object") from error
    if not isinstance(message, dict):
        raise ControlError("a line is not a JSON object")
    return message
