"""Storage errors."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Self

from dagtui.text import label

if TYPE_CHECKING:
    from os import PathLike

_HINTS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EACCES: "check its owner and permissions",
    errno.EPERM: "check its owner and permissions",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the whole machine is out of open files",
    errno.ELOOP: "a symbolic link is in its place; remove it",
    errno.ENOLCK: "this file system can't lock files; put the graph on another one",
    errno.EISDIR: "a folder is in its place; move it away",
    errno.EFBIG: "raise the limit of the size of files (ulimit -f)",
}


class StoreError(Exception):
    """A file or folder could not be read or written. The message is one line: what, where, why, and what to do."""

    @classmethod
    def of(cls, action: str, path: PathLike[str], error: OSError) -> Self:
        """Return the error for a failed system call: `can't <action> <path>: <reason>; <hint>`."""
        reason = error.strerror or type(error).__name__
        hint = _HINTS.get(error.errno or 0)
        return cls(f"can't {action} {label(path, 1000)}: {reason}" + (f"; {hint}" if hint else ""))


def waits_for(error: StoreError, path: PathLike[str]) -> str:
    """Describe briefly what has to change before a file can be written. Safe to show."""
    cause = error.__cause__
    number = cause.errno if isinstance(cause, OSError) else None
    if number == errno.ENOSPC:
        return f"waits for space on {_disk_of(path)}"
    if number == errno.EDQUOT:
        return f"waits for quota on {_disk_of(path)}"
    if number == errno.EFBIG:
        return "waits for a higher limit of the size of files (ulimit -f)"
    reason = f" ({cause.strerror})" if isinstance(cause, OSError) and cause.strerror else ""
    return f"waits until the journal can be written{reason}"


def _disk_of(path: PathLike[str]) -> str:
    """Return the mount point of the disk that holds a file."""
    place = os.path.realpath(path)
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    return label(place, 60)


class JournalError(StoreError):
    """A line could not be appended to the journal. The journal is unchanged, and a later write may succeed."""
