"""Take back what Python's locale coercion (PEP 538) writes into the environment.

Where the caller's locale is C, Python sets LC_CTYPE at its start, and everything that this process starts would inherit
it. This module imports nothing of the rest: the interpreters of Python calls load it by its path.
"""

from __future__ import annotations

import os
import sys

TARGETS = frozenset(("C.UTF-8", "C.utf8", "UTF-8"))
"""The locales that Python coerces to."""
_LEGACY = frozenset(("", "C", "POSIX"))


def restore() -> None:
    """Give LC_CTYPE the caller's value again, or none, if Python has changed it."""
    if os.environ.get("LC_CTYPE") not in TARGETS or os.environ.get("LC_ALL"):
        return
    before = _before()
    if before is None:
        del os.environ["LC_CTYPE"]
    else:
        os.environ["LC_CTYPE"] = before


if sys.platform == "linux":

    def _before() -> str | None:
        """LC_CTYPE as this program was started with it: the kernel keeps that, whatever is set later."""
        try:
            with open("/proc/self/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:  # no /proc here
            return _guess()
        return next((os.fsdecode(value[9:]) for value in variables if value.startswith(b"LC_CTYPE=")), None)

else:

    def _before() -> str | None:
        """LC_CTYPE as this program was probably started with it."""
        return _guess()


def _guess() -> str | None:
    """Python coerces only for the locale C, and what it sets comes last."""
    coerced = os.environ.get("LANG", "") in _LEGACY and list(os.environ)[-1] == "LC_CTYPE"
    return None if coerced else os.environ["LC_CTYPE"]
