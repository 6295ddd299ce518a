"""What a command says on standard error, and how it gives up: safe, and no trouble where nobody can read it."""

from __future__ import annotations

import contextlib
import sys
from typing import NoReturn

BAD_CALL = 2
"""Exit status when the file or the call is wrong."""
_MOST = 100_000


def say(text: str) -> None:
    """Write lines to standard error; words of the call and of files in them are made safe."""
    from dagtui.text import block

    if sys.stderr is None:
        return
    with contextlib.suppress(OSError):  # nobody reads it any more
        sys.stderr.write(block(text, _MOST) + "\n")
        sys.stderr.flush()


def fail(text: str) -> NoReturn:
    """Say what is wrong and exit with status 2."""
    say(text)
    raise SystemExit(BAD_CALL)
