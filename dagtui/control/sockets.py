"""Where the sockets of live runs lie, who is at the other end of one, and how lines go over it."""

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
"""What both ends must agree on; it changes only when an older end could not make sense of a newer one."""
LINE_LIMIT = 1_048_576
"""Bytes of the longest line that is accepted."""
DESCRIPTORS = 8
"""At most so many open files are handed over with a request."""
FOLDER_VARIABLE = "DAGTUI_SOCKET_DIR"
"""The environment variable that names another folder for the sockets."""
_SUFFIX = ".sock"
_PATH_LIMIT = 107 if sys.platform == "linux" else 103
"""Bytes of a socket's path: sun_path of unix(7), less its terminating zero."""


class ControlError(Exception):
    """A run could not be reached, or a line not be understood; one line says what, where, and how to go on."""


class NobodyError(ControlError):
    """Nobody answers for a run: there is no socket, or the process behind it has gone."""


class ProtocolError(ControlError):
    """The other end is a dagtui that speaks another protocol; the text names both versions, `pid` its process."""

    def __init__(self, text: str, pid: int) -> None:
        super().__init__(text)
        self.pid = pid


class Peer(NamedTuple):
    """The process at the other end of a socket, as the kernel knows it."""

    pid: int
    uid: int


def sockets_folder(folder: Path | None = None) -> Path:
    """The folder of this user's sockets: the one given, else DAGTUI_SOCKET_DIR, else `/tmp/dagtui-UID`.

    Not XDG_RUNTIME_DIR, which is removed when the user logs out and the run goes on.
    """
    if folder is not None:
        return folder
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(f"/tmp/dagtui-{os.geteuid()}")  # noqa: S108 - checked before it is used


def make_sockets_folder(folder: Path) -> None:
    """Make the folder, open to its owner only, or check the one that is there; raises ControlError."""
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        check_sockets_folder(folder)
    except OSError as error:
        raise ControlError(f"can't make the folder for sockets {label(folder, 1000)}: {error.strerror}") from error


def check_sockets_folder(folder: Path) -> None:
    """Raise ControlError unless this is a folder, no link to one, that nobody but this user can enter.

    Raises NobodyError when nothing is there.
    """
    shown = label(folder, 1000)
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        raise NobodyError(f"no run is live: there is no folder {shown}") from None
    except OSError as error:
        raise ControlError(f"can't use the folder for sockets {shown}: {error.strerror}") from error
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
    """Where the socket of a run is; raises ControlError when no socket can have such a path."""
    if not run_id or "/" in run_id or "\0" in run_id or run_id.startswith("."):
        raise ControlError(f"not the name of a run: {label(run_id)}")
    path = folder / (run_id + _SUFFIX)
    check_length(path)
    return path


def check_length(path: Path) -> None:
    """Raise ControlError when a path is too long for a socket."""
    if len(os.fsencode(path)) > _PATH_LIMIT:
        raise ControlError(
            f"the path of a socket may have {_PATH_LIMIT} bytes at most: {label(path, 1000)}; "
            f"set {FOLDER_VARIABLE} to a shorter one"
        )


def run_ids(folder: Path) -> list[str]:
    """The runs that have a socket in a folder, whether or not anybody answers; raises ControlError."""
    try:
        check_sockets_folder(folder)
        names = os.listdir(folder)
    except NobodyError:
        return []
    except OSError as error:
        raise ControlError(f"can't read the folder for sockets {label(folder, 1000)}: {error.strerror}") from error
    return sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX) and name[0] != ".")


def remove_dead_sockets(folder: Path) -> None:
    """Remove the sockets that nobody listens at any more: those processes were killed. Raises ControlError."""
    for run_id in run_ids(folder):
        path = socket_path(run_id, folder)
        with contextlib.suppress(OSError):  # somebody else removes it, or it can't be removed: it does no harm
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
        except OSError:  # too many wait to be let in
            return False
        return False


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end: for a client, who listens there. Raises OSError."""
    if sys.platform == "darwin":
        # struct xucred of sys/ucred.h: its version, then the user; SOL_LOCAL is 0, LOCAL_PEERCRED 1, LOCAL_PEERPID 2.
        _, uid = struct.unpack_from("=II", connection.getsockopt(0, 1, 76))
        return Peer(connection.getsockopt(0, 2), uid)
    pid, uid, _ = struct.unpack("=iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid, uid)


def encode(message: Mapping[str, object]) -> bytes:
    """A message as one line of JSON; raises ControlError when it is too long."""
    line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise ControlError(f"a message of {len(line):,} bytes is too long: at most {LINE_LIMIT:,}")
    return line


def fitting(items: Iterable[Item], most: int, limit: int = LINE_LIMIT // 8) -> list[Item]:
    """The first items, so many at most, that take no more than so many bytes as JSON: names may be long."""
    found: list[Item] = []
    for item in islice(items, most):
        limit -= len(json.dumps(item)) + 1
        if limit < 0:
            break
        found.append(item)
    return found


class LineBuffer:
    """Bytes as they arrive, cut into messages; it never holds more than one line of the longest kind and a piece."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._searched = 0

    def add(self, piece: bytes) -> None:
        """Take in what arrived; raises ControlError when a line is too long."""
        self._bytes += piece
        if len(self._bytes) > LINE_LIMIT and self._bytes.find(b"\n", 0, LINE_LIMIT) < 0:
            raise ControlError(f"a line is too long: at most {LINE_LIMIT:,} bytes")

    def take(self) -> Mapping[str, object] | None:
        """The next whole message; None when there is none yet. Raises ControlError for what is no JSON object."""
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
        """Whether a whole line is here."""
        return b"\n" in self._bytes


def _decode(line: bytes) -> Mapping[str, object]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ControlError("a line is no JSON") from error
    if not isinstance(message, dict):
        raise ControlError("a line is no JSON object")
    return message
