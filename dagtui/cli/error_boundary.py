"""Report the errors that end a command, each as one sentence instead of a traceback.

Commands let these errors pass. They catch one only to add what they know, or to continue without.
"""

from __future__ import annotations

import errno
import os

from dagtui.cli.output import standard_output
from dagtui.cli.stderr import BAD_CALL, say

_OF_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EAGAIN, errno.EPIPE, errno.EBADF})
"""An error with one of these numbers and without a file name comes from standard output. Other writers name their
file."""


def end_with_sentence(error: Exception) -> int:
    """Print what went wrong, where, and how to go on to standard error. Return the exit status.

    If a run to resume has nothing left to do, print that to standard output and return 0, as make does. Raises the
    error again if it is of another kind.
    """
    from dagtui.control.sockets import ControlError
    from dagtui.graph.errors import GraphError
    from dagtui.graph.matrix.selection import ChoiceError
    from dagtui.runs.events_copy import EventsError
    from dagtui.runs.last_run import NothingToResumeError
    from dagtui.store.errors import StoreError

    if isinstance(error, NothingToResumeError) and error.completed:
        with standard_output() as output:
            output.line(str(error))
        return 0
    if isinstance(error, GraphError):
        say(str(error))  # each line names its file
    elif isinstance(error, ChoiceError | ControlError | EventsError | StoreError):
        say(f"dagtui: {error}")
    elif isinstance(error, OSError):
        say(f"dagtui: {_about_output(error) or _about_folder() or _in_words(error)}")
    else:
        raise error
    return BAD_CALL


def _about_output(error: OSError) -> str:
    """Return a message if standard output could not be written, else an empty string."""
    if error.filename is not None or error.errno not in _OF_WRITING:
        return ""
    # At exit, the interpreter would write the buffered rest again and print its own complaint.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return f"can't write to standard output: {error.strerror}"


def _about_folder() -> str:
    """Return a message if the current folder was removed, which breaks every relative path, else ""."""
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
    return f"can't continue: {error.strerror or error}"
