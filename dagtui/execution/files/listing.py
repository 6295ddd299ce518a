"""Find the files that a declared path stands for now: one file, all files of a folder, or those that match a pattern.

Symbolic links are followed. A link back to a folder that contains it is left out. One that leads nowhere, or in a
circle, counts as where it points, as in git. Only regular files are ever opened, because reading a pipe or a device
could wait for ever.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
import struct
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.files.paths import PathKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagtui.graph.files.paths import DeclaredPath

_OWN_FOLDER = ".dagtui"
"""Holds the journals of runs, which change with each run: it is not part of what a folder holds."""
_SPECIAL = re.compile(r"[*?\[]")
_ESCAPED = re.compile(r"\[([*?\[])\]")
_STAMP = struct.Struct("=qqqQQ")
_64_BITS = (1 << 64) - 1


class Interrupted(Exception):  # noqa: N818 - not an error: nobody wants the result any more
    """Raised when a look at files is broken off."""


class ListedFile(NamedTuple):
    """A file that a declared path stands for."""

    name: str
    """As shown and compared: relative to the graph's directory, or absolute."""
    path: str
    stamp: bytes
    """Changes whenever the file is written. Empty: the file can't be read, for the reason in `problem`."""
    size: int
    changed_at: int
    """When the file, its name or its mode changed last, in nanoseconds since the epoch."""
    problem: str = ""
    target: str = ""
    """Where a link points that leads to no file, which counts as its content."""


class Listing(NamedTuple):
    """What a declared path stands for now."""

    files: tuple[ListedFile, ...] = ()
    """Sorted by name."""
    missing: bool = False
    is_tree: bool = False
    """Whether the names of the files are part of the content."""


_MISSING = Listing(missing=True)
_ABSENT = (FileNotFoundError, NotADirectoryError)
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


def list_files(declared: DeclaredPath, base: str, is_stopped: Callable[[], bool]) -> Listing:
    """Return the files that a declared path stands for. `base` is the graph's directory. Raises Interrupted."""
    if declared.kind is PathKind.GLOB:
        found = {name: _listed(name, path) for name, path in _matching(declared.path, base, is_stopped)}
        files = [file for file in found.values() if file is not None]
        return Listing(tuple(sorted(files)), is_tree=True)
    path = os.path.join(base, declared.path)
    try:
        status = os.stat(path)
    except _ABSENT:
        return _MISSING
    except (OSError, ValueError) as error:
        return Listing((_unreadable(declared.path, path, error),))
    if not stat.S_ISDIR(status.st_mode):
        if declared.kind is PathKind.FOLDER:
            return _MISSING
        return Listing((_file(declared.path, path, status),))
    found_below = (_listed(name, below) for name, below in _below(declared.path, path, is_stopped))
    return Listing(tuple(sorted(file for file in found_below if file is not None)), is_tree=True)


def stamp_of(status: os.stat_result) -> bytes:
    """Return bytes that differ whenever the file was written, renamed or replaced."""
    return _STAMP.pack(
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino & _64_BITS, status.st_dev & _64_BITS
    )


def _file(name: str, path: str, status: os.stat_result) -> ListedFile:
    if not stat.S_ISREG(status.st_mode):
        return ListedFile(name, path, b"", 0, 0, "is not a regular file")
    return ListedFile(name, path, stamp_of(status), status.st_size, status.st_ctime_ns)


def _listed(name: str, path: str) -> ListedFile | None:
    """Return a file of a folder, or None for a folder that matches a pattern."""
    try:
        status = os.stat(path)
    except OSError as error:
        return _link(name, path, error) or _unreadable(name, path, error)
    return None if stat.S_ISDIR(status.st_mode) else _file(name, path, status)


def _link(name: str, path: str, error: OSError) -> ListedFile | None:
    """Return a link that leads to no file. None if it is something else, or gone in the meantime."""
    try:
        target = os.readlink(path) if error.errno in _LEADS_NOWHERE else ""
    except OSError:
        return None
    return ListedFile(name, path, b"", 0, 0, target=target) if target else None


def _unreadable(name: str, path: str, error: OSError | ValueError) -> ListedFile:
    why = (error.strerror or "").lower() if isinstance(error, OSError) else "its name is not allowed"
    return ListedFile(name, path, b"", 0, 0, f"can't be read: {why}")


class _Folder(NamedTuple):
    """A folder that is being walked, and those that contain it."""

    path: str
    within: _Folder | None

    def returns_to(self, path: str) -> bool:
        """Return whether a link leads back to a folder that contains it, or to this folder itself."""
        above: _Folder | None = self
        while above is not None:
            if os.path.samefile(above.path, path):
                return True
            above = above.within
        own, other = os.path.realpath(self.path), os.path.realpath(path)
        return own.startswith(os.path.join(other, ""))


def _below(name: str, path: str, is_stopped: Callable[[], bool]) -> Iterator[tuple[str, str]]:
    """Yield name and path of all below a folder that is not a folder itself. A folder that can't be read, too."""
    stack = [(name, _Folder(path, None))]
    while stack:
        if is_stopped():
            raise Interrupted
        prefix, folder = stack.pop()
        try:
            entries = _entries(folder.path)
        except OSError:
            yield prefix, os.path.join(folder.path, ".", ".")
            continue
        for entry in entries:
            inner = os.path.join(prefix, entry.name)
            if not _is_folder(entry):
                yield inner, entry.path
            elif entry.name != _OWN_FOLDER and not (entry.is_symlink() and folder.returns_to(entry.path)):
                stack.append((inner, _Folder(entry.path, folder)))


def _entries(path: str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return list(entries)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=True)
    except OSError:
        return False


def _matching(pattern: str, base: str, is_stopped: Callable[[], bool]) -> Iterator[tuple[str, str]]:
    """Yield name and path of all that matches a pattern, folders included. `**` stands for any number of folders."""
    parts = pattern.split("/")
    literal: list[str] = []
    while len(parts) > 1 and not _SPECIAL.search(_ESCAPED.sub("", parts[0])):
        literal.append(_ESCAPED.sub(r"\1", parts.pop(0)))
    name = "/".join(literal) or ("/" if literal else "")
    stack: list[tuple[str, _Folder, int]] = [(name, _Folder(os.path.join(base, name), None), 0)]
    while stack:
        if is_stopped():
            raise Interrupted
        prefix, folder, at = stack.pop()
        part, is_last = parts[at], at == len(parts) - 1
        deep = part == "**"
        if deep and not is_last:
            stack.append((prefix, folder, at + 1))
        try:
            entries = _entries(folder.path)
        except OSError:
            continue
        matches = _matcher(part)
        for entry in entries:
            if not (deep and entry.name[0] != ".") and not (not deep and matches(entry.name)):
                continue
            inner = os.path.join(prefix, entry.name)
            if is_last:
                yield inner, entry.path
            if (deep or not is_last) and _is_folder(entry) and entry.name != _OWN_FOLDER:
                if entry.is_symlink() and folder.returns_to(entry.path):
                    continue
                stack.append((inner, _Folder(entry.path, folder), at if deep else at + 1))


@lru_cache(64)
def _matcher(part: str) -> Callable[[str], bool]:
    """Return whether a name matches one part of a pattern. As in shells, `*` does not match a leading dot."""
    found = re.compile(fnmatch.translate(part)).match
    if part.startswith("."):
        return lambda name: found(name) is not None
    return lambda name: name[0] != "." and found(name) is not None
