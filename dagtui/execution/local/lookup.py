"""Finds programs in PATH, as the shell does."""

from __future__ import annotations

import os
import stat
import time

_TRUSTED = 1.0  # seconds for which a program that was found is taken to be there still, and to be the first
_MOST = 1024  # programs that are remembered


class Lookup:
    """Remembers for a moment where programs are; never that one is missing."""

    __slots__ = ("_found", "_until")

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], str] = {}
        self._until = 0.0

    def find(self, name: str, path: str, cwd: str) -> str | None:
        """The absolute path of the first program of a name without a slash; None: none, or not without doubt.

        It is in doubt when a file of that name comes first that may not be executed: shells differ.
        """
        now = time.monotonic()
        if now > self._until or len(self._found) > _MOST:
            self._found.clear()
            self._until = now + _TRUSTED
        key = name, path, cwd
        found = self._found.get(key)
        if found is None:
            found = search(name, path, cwd)
            if found is None or not os.access(found, os.X_OK):
                return None
            self._found[key] = found
        return found


def search(name: str, path: str, cwd: str) -> str | None:
    """The absolute path of the first file of a name in PATH, whether it may be executed or not."""
    for directory in path.split(":"):
        candidate = os.path.join(cwd, directory, name)
        try:
            if stat.S_ISREG(os.stat(candidate).st_mode):
                return candidate
        except (OSError, ValueError):  # not there; or a name that can't be one
            continue
    return None
