"""Write messages to standard error safely, and exit with status 2 on errors."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NoReturn

BAD_CALL = 2
"""Exit status for an invalid file or call."""
_MOST = 100_000


def say(text: str) -> None:
    """Write lines to standard error. Words of the call or of files in them are sanitised."""
    from dagtui.text import block
    from dagtui.text.terminals import in_ascii, is_utf8

    if sys.stderr is None:
        return
    shown = block(text, _MOST)
    if not shown.isascii() and not is_utf8(os.environ, sys.stderr.encoding):
        shown = in_ascii(shown)
    with contextlib.suppress(OSError):  # it has no reader any more
        sys.stderr.write(shown + "\n")
        sys.stderr.flush()


def fail(text: str) -> NoReturn:
    """Print what is wrong and exit with status 2."""
    say(text)
    raise SystemExit(BAD_CALL)
