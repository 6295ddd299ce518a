"""The spool: the folder of one run on the far side, which only its owner can enter.

    specs/    batches of specifications, one in JSON a line (job.py)
    claims/   KEY, made before anything of an attempt runs: a second copy of it ends here
    logs/     KEY, what an attempt prints, and KEY.times (log_file.py)
    ended/    KEY, how an attempt ended: by rename, so that it is complete or missing
    stops/    KEY, an attempt that must not run any more; content: seconds of grace, or nothing
    values/   KEY, the file for the values of an attempt
    guardians/ one file for each live guardian (leftovers.py)
    calls/    the program that calls a Python function (start.py)
    new/      files that are being written

On network file systems a missing file may be remembered as missing after it was made. So folders are listed, and
nothing is asked by its name alone.
"""

from __future__ import annotations

import os
import stat

from dagtui.execution.agent.json_text import decoded, encoded

FOLDERS = ("specs", "claims", "logs", "ended", "stops", "values", "guardians", "calls", "new")
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


class SpoolError(Exception):
    """A spool can't be used. The text says why, in one line."""


class Spool:
    """The files of one run, by key."""

    def __init__(self, path: str) -> None:
        """Make the folder, or take the one that is there. Raise SpoolError if it is not this user's alone."""
        self.path = os.path.abspath(os.path.expanduser(path))
        self._serial = 0
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            for folder in (self.path, *(self.file(folder, "") for folder in FOLDERS)):
                _make_private(folder.rstrip("/"))
        except OSError as error:
            raise SpoolError(f"{error.filename}: {(error.strerror or 'cannot be used').lower()}") from None

    def file(self, folder: str, key: str) -> str:
        """Return the path of a file of an attempt."""
        return f"{self.path}/{folder}/{key}"

    def claim(self, key: str, holder: dict[str, object]) -> bool:
        """Claim an attempt for a holder. Return False if it is claimed. Raises OSError."""
        try:
            fd = os.open(self.file("claims", key), _MAKE, 0o600)
        except FileExistsError:
            return False
        try:
            os.write(fd, encoded(holder))
        finally:
            os.close(fd)
        return True

    def keys(self, folder: str) -> list[str]:
        """Return the keys of which there is a file in a folder. Raises OSError."""
        return [key for key in os.listdir(self.file(folder, "")) if not key.startswith(".")]

    def change(self, folder: str) -> None:
        """Change a folder, so that its next listing is of now.

        A network disk may show one of a minute ago, unless this machine has changed the folder since.
        """
        path = self.file(folder, f".{os.uname().nodename}-{os.getpid()}")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            os.unlink(path)
        except OSError:  # the disk may be full
            pass

    def read(self, folder: str, key: str) -> dict[str, object] | None:
        """Return the record in a file, or None if it is missing or can't be read."""
        try:
            fd = os.open(self.file(folder, key), _READ)
        except OSError:
            return None
        with open(fd, "rb") as file:
            try:
                found = decoded(file.read())
            except (OSError, ValueError):
                return None
        return found if isinstance(found, dict) else None

    def stop_grace(self, key: str) -> float | None:
        """Return the grace in seconds that a stop asks for, or None for the attempt's own."""
        try:
            with open(self.file("stops", key), "rb") as file:
                return float(file.read(64))
        except (OSError, ValueError):
            return None

    def put(self, folder: str, key: str, record: dict[str, object], *, lasting: bool = True) -> None:
        """Write a record, such that it is complete or missing at any time. Raises OSError.

        That it lasts through a crash of the machine takes some milliseconds. After a crash, another one may be
        there without its content.
        """
        self._serial += 1
        new = self.file("new", f"{os.uname().nodename}-{os.getpid()}-{self._serial}")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            rest = memoryview(encoded(record))
            while rest:
                rest = rest[os.write(fd, rest) :]
            if lasting:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(new, self.file(folder, key))

    def forget(self, key: str) -> None:
        """Remove the files of an attempt whose end is on record elsewhere. Its claim stays: it never begins again."""
        for path in (("ended", key), ("logs", key), ("logs", key + ".times"), ("values", key), ("stops", key)):
            try:  # noqa: SIM105 - contextlib costs start-up time
                os.unlink(self.file(*path))
            except OSError:  # it has none
                pass


def _make_private(folder: str) -> None:
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise SpoolError(folder + " is not a folder")
    if found.st_uid != os.geteuid():
        raise SpoolError(folder + " belongs to another user")
    if found.st_mode & 0o077:
        raise SpoolError(folder + " can be entered by other users: its mode must be 700")
