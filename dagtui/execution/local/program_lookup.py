"""Find programs in PATH, as shells do."""

from __future__ import annotations

import os
import stat
import time

_TRUSTED = 1.0  # seconds for which a found path is cached
_MOST_PATHS = 1024  # maximum number of cached paths


class Lookup:
    """Programs in PATH, found as the shell finds them: a short-lived cache. It does not cache that one is missing."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], str] = {}
        self._until = 0.0

    def find(self, name: str, path: str, cwd: str) -> str | None:
        """Return the absolute path of the first program of a name without a slash, or None.

        None also means that the first file of that name is not executable, because shells differ in this case.
        """
        now = time.monotonic()
        if now > self._until or len(self._found) > _MOST_PATHS:
            self._found.clear()
            self._until = now + _TRUSTED
        key = name, path, cwd
        found = self._found.get(key)
        if found is None:
            found = first_file(name, path, cwd)
            if found is None or not os.access(found, os.X_OK):
                return None
            self._found[key] = found
        return found


def first_file(name: str, path: str, cwd: str) -> str | None:
    """Return the absolute path of the first file of a name in PATH, executable or not, or None."""
    for directory in path.split(":"):
        candidate = os.path.join(cwd, directory, name)
        try:
            if stat.S_ISREG(os.stat(candidate).st_mode):
                return candidate
        except (OSError, ValueError):  # missing, or an invalid name
            continue
    return None


def first_executable(name: str, path: str, cwd: str) -> str | None:
    """Return the first executable file of a name, after files that are not executable, or None."""
    directories = [entry for entry in path.split(":") if os.access(os.path.join(cwd, entry, name), os.X_OK)]
    return first_file(name, ":".join(directories), cwd) if directories else None
