"""Report the errors that end a command, each as one sentence instead of a traceback.

Commands let these errors pass. They catch one only to add what they know, or to continue without.
"""

from __future__ import annotations

import errno
import os

from dagtui.cli.output import optional_output
from dagtui.cli.stderr import BAD_CALL, say

_OF_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EAGAIN, errno.EPIPE, errno.EBADF})
"""An error with one of these numbers and without a file name comes from standard output. Other writers name their
file."""


def end_with_sentence(error: Exception) -> int:
    """Print what went wrong, where, and how to go on to standard error. Return the exit status.

    What ends well goes to standard output. Raises the error again if it is a fault of the program.
    """
    from dagtui.report.sentences import sentence_for

    if isinstance(error, OSError) and (text := _about_output(error)):
        say(f"dagtui: {text}")
        return BAD_CALL
    sentence = sentence_for(error)
    if sentence is None:
        raise error
    if sentence.status == 0:
        with optional_output() as output:
            output.line(sentence.text)
    else:
        say(sentence.text)
    return sentence.status


def _about_output(error: OSError) -> str:
    """Return a message if standard output could not be written, else an empty string."""
    if error.filename is not None or error.errno not in _OF_WRITING:
        return ""
    # At exit, the interpreter would write the buffered rest again and print its own complaint.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return f"can't write to standard output: {error.strerror}"
