"""The first program on a machine reached by ssh, where nothing is installed: it fetches the agent and becomes it.

Its arguments are the digest of the agent's archive, the size of what is sent of it, compressed, the name of a run's
folder, and then those of the hub.
It keeps the archive by its digest, and asks for it if it is not there: `{"need": digest}`. What prevents it from
becoming the agent is told as `{"trouble": …}`. Each of these lines begins after a line break, because a login shell may
have printed something before.
"""

import errno
import hashlib
import json
import os
import stat
import sys
import time
import zlib

_PIECE = 1 << 16
_KEPT = 30 * 86400.0  # seconds for which archives that nobody uses are kept


class TroubleError(Exception):
    """Raised with what is told when this machine can't run the agent."""


def main(digest: str, size: str, run: str, *hub: str) -> None:
    """Become the agent's hub, or tell why that is not possible."""
    try:
        root = folder_for_us()
        archive = os.path.join(root, "agent-" + digest + ".zip")
        if not is_whole(archive, digest):
            say(need=digest)
            keep(archive, zlib.decompress(receive(int(size))), digest)
        os.utime(archive)
        remove_old_archives(root, archive)
        spool = os.path.join(own(os.path.join(root, "runs")), run)
    except TroubleError as trouble:
        say(trouble=trouble.args[0], path=trouble.args[1], number=trouble.args[2])
    except zlib.error:
        say(trouble="digest", path="", number=0)
    except OSError as error:
        say(trouble="system", path=os.fsdecode(error.filename or ""), number=error.errno or errno.EIO)
    else:
        os.execv(sys.executable, [sys.executable, "-I", "-S", archive, "hub", spool, *hub])


def folder_for_us() -> str:
    """Return the folder of all that dagtui keeps on this machine, made if it is not there."""
    usual = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(usual):
        usual = os.path.join(os.path.expanduser("~"), ".cache")
    if not os.path.isabs(usual):
        raise TroubleError("home", usual, 0)
    os.makedirs(usual, 0o700, exist_ok=True)
    return own(os.path.join(usual, "dagtui"))


def own(folder: str) -> str:
    """Make a folder that only its owner can enter. Refuse one of another user, who could exchange the program in it."""
    try:  # noqa: SIM105 - contextlib costs start-up time
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise TroubleError("not a folder", folder, 0)
    if status.st_uid != os.geteuid():
        raise TroubleError("owner", folder, status.st_uid)
    if status.st_mode & 0o077:
        os.chmod(folder, 0o700)
    return folder


def is_whole(archive: str, digest: str) -> bool:
    """Return whether the archive is there, as it was sent. One of another user may change at any time."""
    try:
        with open(archive, "rb") as file:
            return os.fstat(file.fileno()).st_uid == os.geteuid() and _digest(file.read()) == digest
    except OSError:
        return False


def receive(size: int) -> bytes:
    """Return what comes next on standard input, of which not a byte more is read."""
    pieces = []
    while size:
        piece = os.read(0, min(size, _PIECE))
        if not piece:
            sys.exit(0)  # the connection is gone
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def keep(archive: str, content: bytes, digest: str) -> None:
    """Write the archive, which is whole or not there."""
    if _digest(content) != digest:
        raise TroubleError("digest", archive, 0)
    new = archive + "." + str(os.getpid())
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(new, archive)
    except OSError as error:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.unlink(new)
        except OSError:
            pass
        raise OSError(error.errno, error.strerror, archive) from None  # a full disk does not name the file


def remove_old_archives(root: str, archive: str) -> None:
    """Remove archives of other versions that were not used for long, and what an interrupted connection has left."""
    for name in os.listdir(root):
        path = os.path.join(root, name)
        if name.startswith("agent-") and path != archive and os.lstat(path).st_mtime < time.time() - _KEPT:
            try:  # noqa: SIM105 - contextlib costs start-up time
                os.unlink(path)
            except OSError:
                pass


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def say(**what: object) -> None:
    """Tell something, at the beginning of a line."""
    os.write(1, ("\n" + json.dumps(what) + "\n").encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
