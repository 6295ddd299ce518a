"""Check what a run requires of the machine and its caller. What is missing is said in one sentence beforehand."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagtui.execution.local.link import SupervisorLink

FILES = 24
"""Minimum limit of open files. With fewer, the run or its first node can't begin."""
_HINTS = {
    errno.EFBIG: "the limit for the size of files is too small: raise it (ulimit -f)",
    errno.EMFILE: "too few files may be open at once: raise the limit (ulimit -n)",
    errno.ENFILE: "the whole machine is out of open files: close some",
    errno.EAGAIN: "this user has too many processes: raise the limit (ulimit -u)",
    errno.ENOMEM: "there is not enough memory: free some, or raise the limit (ulimit -v)",
}


class RequirementError(OSError):
    """A run can't begin here. The message of one line says what is missing, where, and how to provide it."""


def check_requirements() -> None:
    """Check the requirements of every run. Raise RequirementError if one is not met."""
    files = os.sysconf("SC_OPEN_MAX")
    if 0 <= files < FILES:
        raise RequirementError(
            f"only {files} files may be open at once, and a run needs {FILES}: raise the limit (ulimit -n)"
        )
    try:
        os.close(os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        raise RequirementError(
            f"can't open {os.devnull}, which nodes get as their input: {error.strerror}; "
            f"mount /dev, or make it: mknod -m 666 {os.devnull} c 1 3"
        ) from error
    # Other systems use process groups instead of /proc.
    if sys.platform == "linux" and not os.path.exists("/proc/self/stat"):
        raise RequirementError(
            "there is no /proc, without which the processes that nodes leave behind can't be found: "
            "mount it (mount -t proc proc /proc)"
        )


def start_supervisor() -> SupervisorLink:
    """Check the requirements and start a supervisor. Raise RequirementError if that is not possible."""
    from dagtui.execution.local.link import SupervisorLink

    check_requirements()
    try:
        return SupervisorLink()
    except OSError as error:
        hint = _HINTS.get(error.errno or 0)
        reason = f"{error.strerror}; {hint}" if hint else f"{error.strerror or error}: {sys.executable}"
        raise RequirementError(f"can't start the process that looks after those of the nodes: {reason}") from error
