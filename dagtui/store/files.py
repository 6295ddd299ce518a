"""Files and folders in places where others may have planted something. Symbolic links are not followed."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a planted fifo must not block


def make_folder(path: Path) -> None:
    """Create a folder that only its owner can enter, or check that an existing one is ours. Raises StoreError."""
    try:
        os.mkdir(path, 0o700)
        os.chmod(path, 0o700)  # the umask may have denied it to its owner
    except FileExistsError:
        check_folder(path)
    except OSError as error:
        raise StoreError.of("make the folder", path, error) from error


def check_folder(path: Path) -> None:
    """Close a folder to others. Raise StoreError unless it is a folder, not a link, and belongs to this user."""
    try:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a folder"
            raise StoreError(f"can't use {label(path, 1000)}: it is {kind}; move it away")
        if status.st_uid != os.geteuid():
            raise StoreError(f"can't use {label(path, 1000)}: it belongs to another user (id {status.st_uid})")
        if status.st_mode & 0o077:
            os.chmod(path, 0o700)
    except OSError as error:
        raise StoreError.of("use the folder", path, error) from error


def open_file(path: Path, flags: int) -> int:
    """Open a regular file, closed on exec and created with mode 0600. Raises StoreError, or as `os.open`."""
    descriptor = os.open(path, flags | _SAFE, 0o600)
    mode = os.fstat(descriptor).st_mode
    if flags & os.O_CREAT and not mode & stat.S_IRUSR and stat.S_ISREG(mode):
        os.fchmod(descriptor, 0o600)  # the umask has denied it to its owner
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise StoreError(f"can't use {label(path, 1000)}: it is not a regular file")
    return descriptor


def read_file(path: Path, limit: int) -> bytes:
    """Return at most `limit` bytes of a file. Raises as `open_file`."""
    with open(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read(limit)


def count_lines(path: Path, start: int, end: int) -> int:
    """Return the number of line ends between two offsets of a file. 0 if it can't be read."""
    try:
        descriptor = open_file(path, os.O_RDONLY)
    except (OSError, StoreError):
        return 0
    try:
        return os.pread(descriptor, end - start, start).count(b"\n")
    except OSError:
        return 0
    finally:
        os.close(descriptor)


def write_new_file(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet. Raises StoreError."""
    try:
        with open(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
            file.write(content)
    except OSError as error:
        raise StoreError.of("write", path, error) from error


def sync_path(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power failure. Raises StoreError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFE)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError.of("sync", path, error) from error


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically: readers see the old file or the new one. Raises StoreError."""
    with _replacement("replace", path) as temporary:
        write_new_file(temporary, content)


def rewrite_file(path: Path, content: bytes) -> None:
    """Replace a file of the user atomically. It keeps its mode, and its owner where that is allowed.

    Raises StoreError.
    """
    with _replacement("write", path) as temporary:
        status = os.stat(path)
        write_new_file(temporary, content)
        with contextlib.suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
        os.chmod(temporary, stat.S_IMODE(status.st_mode))
        sync_path(temporary)


def replace_link(path: Path, target: str) -> None:
    """Replace a path by a symbolic link, atomically. Raises StoreError."""
    with _replacement("replace the link", path) as temporary:
        os.symlink(target, temporary)


@contextlib.contextmanager
def _replacement(action: str, path: Path) -> Iterator[Path]:
    """Give the name of what is to replace a path at the end of the block."""
    temporary = path.with_name(f".{path.name}-{os.urandom(6).hex()}")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError.of(action, path, error) from error
    finally:
        with contextlib.suppress(OSError):  # it was never made, or its folder is gone or is a file now
            temporary.unlink()
