"""What is said when the system refuses something that no command expects: a sentence, never a traceback."""

from __future__ import annotations

import errno
import os

from dagtui.cli.stderr import BAD_CALL, say

_OF_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EAGAIN, errno.EPIPE, errno.EBADF})
"""What fails with one of these and names no file was a write to standard output: all else says what it writes."""


def end_with_sentence(error: OSError) -> int:
    """Say on standard error what went wrong, where, and how to go on; returns the exit status."""
    say(f"dagtui: {_about_output(error) or _about_folder() or _in_words(error)}")
    return BAD_CALL


def _about_output(error: OSError) -> str:
    """What to say when it was standard output that could not be written, with the help, say; else empty."""
    if error.filename is not None or error.errno not in _OF_WRITING:
        return ""
    # The interpreter writes what still waits once more when it ends, and would complain in its own way.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return f"can't write to standard output: {error.strerror}"


def _about_folder() -> str:
    """What to say when the current folder has been removed, so that no relative path means anything; else empty."""
    try:
        os.getcwd()
    except OSError:
        was = os.environ.get("PWD", "")
        named = f" {was}" if was else ""
        return (
            f"the current folder{named} does not exist any more: change to one that does (cd), or give absolute paths"
        )
    return ""


def _in_words(error: OSError) -> str:
    from dagtui.execution.local.requirements import RequirementError

    if isinstance(error, RequirementError):
        return str(error)
    from pathlib import Path

    from dagtui.store.errors import StoreError

    if isinstance(error.filename, str | bytes | os.PathLike):
        return str(StoreError.of("use", Path(os.fsdecode(error.filename)), error))
    return f"can't go on: {error.strerror or error}"
