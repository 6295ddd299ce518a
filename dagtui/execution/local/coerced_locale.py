"""Undo Python's locale coercion (PEP 538) in the environment.

If the caller's locale is C, Python sets LC_CTYPE when it starts, and all child processes would inherit it. This module
imports nothing of dagtui, because the interpreters of Python calls load it by its path.
"""

from __future__ import annotations

import os
import sys

TARGETS = frozenset(("C.UTF-8", "C.utf8", "UTF-8"))
"""Locales that Python coerces to."""
_LEGACY = frozenset(("", "C", "POSIX"))


def restore() -> None:
    """Restore the caller's LC_CTYPE, or remove it, if Python has changed it."""
    if os.environ.get("LC_CTYPE") not in TARGETS or os.environ.get("LC_ALL"):
        return
    before = _before()
    if before is None:
        del os.environ["LC_CTYPE"]
    else:
        os.environ["LC_CTYPE"] = before


if sys.platform == "linux":

    def _before() -> str | None:
        """Return LC_CTYPE as this program was started with it. The kernel keeps the original environment."""
        try:
            with open("/proc/self/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:  # there is no /proc
            return _guess()
        return next((os.fsdecode(value[9:]) for value in variables if value.startswith(b"LC_CTYPE=")), None)

else:

    def _before() -> str | None:
        """Return LC_CTYPE as this program was probably started with it."""
        return _guess()


def _guess() -> str | None:
    """Guess the original LC_CTYPE. Python coerces only the locale C, and the variable it sets comes last."""
    coerced = os.environ.get("LANG", "") in _LEGACY and list(os.environ)[-1] == "LC_CTYPE"
    return None if coerced else os.environ["LC_CTYPE"]
