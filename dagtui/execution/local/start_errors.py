"""Messages of one line for attempts that could not start."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMMAND = {
    errno.EACCES: "{program} is not executable, or its directory may not be entered",
    errno.ENOTDIR: "{program} does not exist: part of its path is not a directory",
    errno.EAGAIN: "the limit of processes is reached (see ulimit -u)",
    errno.ENOMEM: "out of memory",
    errno.ENOEXEC: "{program} is not a program for this system",
    errno.ETXTBSY: "{program} is open for writing",
    errno.ELOOP: "{program} is a symbolic link that leads nowhere",
    errno.EPERM: "{program} may not be executed here",
    0: "the command or its environment holds a null byte, or a variable without a proper name",
}
_DIRECTORY = {
    errno.ENOENT: "working directory {directory} does not exist",
    errno.ENOTDIR: "working directory {directory} is not a directory",
    errno.EACCES: "working directory {directory} may not be entered",
    errno.ELOOP: "working directory {directory} is a symbolic link that leads nowhere",
    0: "working directory {directory} holds a null byte",
}
_FILES = "no file descriptors left (see ulimit -n)"
_ANYWHERE = {errno.EMFILE: _FILES, errno.ENFILE: _FILES}

LASTING = frozenset((0, errno.E2BIG))
"""Errors that every further try would meet too."""


def start_error(number: int, what: str, program: str, cwd: str) -> str:
    """Return the message for an errno, or 0 for arguments that no system call accepts.

    `what` is the failed step: cwd, pipe or command.
    """
    names = {"program": f'program "{program}"', "directory": f'"{cwd}"'}
    if what == "command" and number == errno.ENOENT:
        line = "{program} does not exist"
        if os.path.exists(os.path.join(cwd, program)):
            line = 'the interpreter that {program} names in its "#!" line does not exist'
    else:
        known = _ANYWHERE | (_DIRECTORY if what == "cwd" else _COMMAND)
        line = known.get(number, os.strerror(number).lower())
    return label(line.format(**names), 500)


def shortage(number: int, what: str) -> str:
    """Return the message for starts that wait for resources of other attempts."""
    return f"{start_error(number, what, '', '')}; nodes begin as others end"


def too_long(arguments: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the message for E2BIG: which argument or variable is too long, and how to fix it."""
    from dagtui.graph.check.kernel_limits import ONE

    size = max(len(os.fsencode(argument)) for argument in arguments)
    if size > ONE:
        return f"a script or argument has {size:,} bytes, the kernel takes at most {ONE:,}: put it in a file"
    for name, text in variables.items():
        size = len(os.fsencode(f"{name}={text}"))
        if size > ONE:
            found = f'the variable "{label(name)}" has {size:,} bytes, the kernel takes at most {ONE:,}'
            return f"{found}: put it in a file"
    return "the arguments and the environment are too long together: put arguments in a file"
