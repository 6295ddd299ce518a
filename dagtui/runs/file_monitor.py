"""Watch the files of a live run: its run directory may be removed, or its graph file may change."""

from __future__ import annotations

import os
import stat
from _blake2 import blake2b  # as in graph/loading: hashlib would load OpenSSL as well
from typing import TYPE_CHECKING

from dagtui.graph.loading import DIGEST_SIZE
from dagtui.runs.notices import Notice
from dagtui.store.errors import StoreError
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.runs.session import Session
    from dagtui.store.directory import RunDirectory

LOOK_EVERY = 1.0
"""Seconds between two checks."""
_READ_AT_ONCE = 1_000_000
"""Bytes of a graph file that are read in the event loop, in less than a millisecond. Larger files are read in a
thread."""
_MOST_BYTES = 64 * 1024 * 1024
_NAME_CHARACTERS = 30


class FileMonitor:
    """Checks the run directory and the graph file of a session periodically, and updates its notices."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._record = None if session.directory is None else RecordWatch(session.directory)
        self._graph_file = GraphFileWatch(session)

    async def watch(self) -> None:
        """Check periodically until cancelled."""
        import anyio

        while True:
            await anyio.sleep(LOOK_EVERY)
            self.look()
            await self._graph_file.look_in_a_thread()

    def look(self) -> None:
        """Check once."""
        self._graph_file.look()
        if self._record is None:
            return
        loss, remark = self._record.look()
        if remark:
            self._session.note(remark)
        if loss is not None and loss != self._session.lost_record:
            self._session.lost_record = loss
            self._session.note(loss.text)


class RecordWatch:
    """What of a run's directory was removed, replaced or truncated since the first check."""

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._folder = _identity(directory.path)
        self._journal = _identity(directory.journal_path)
        self._size = 0

    def look(self) -> tuple[Notice | None, str]:
        """Return a notice of what was lost, and a note of what was repaired. Usually there is neither."""
        directory = self._directory
        if _identity(directory.path) != self._folder:
            return _lost("directory of this run", "removed", directory.path), ""
        try:
            journal = os.lstat(directory.journal_path)
        except OSError:
            return _lost("journal", "removed", directory.journal_path), ""
        if (journal.st_dev, journal.st_ino) != self._journal:
            return _lost("journal", "replaced", directory.journal_path), ""
        if journal.st_size < self._size:
            return _lost("journal", "cut", directory.journal_path), ""
        if not directory.has_graph():
            return _lost("recorded graph", "removed", directory.graph_path), ""
        try:
            return None, "the lock of this run was removed: it was recreated" if directory.restore_lock() else ""
        except StoreError as error:
            return Notice("lock removed", f"the lock of this run was removed and can't be restored: {error}"), ""
        finally:
            self._size = max(self._size, journal.st_size)


class GraphFileWatch:
    """Whether the content of the graph file differs from when the run started."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: tuple[int, int, int] | None = None
        """Modification time, size and inode at the last read."""
        self._next: tuple[int, int, int] | None = None

    def look(self) -> None:
        """Check now, unless the file is too large to be read quickly."""
        size = self._changed_size()
        if size is not None and size <= _READ_AT_ONCE:
            self._judge(self._read())

    async def look_in_a_thread(self) -> None:
        """Check a large file."""
        size = self._changed_size()
        if size is None or not _READ_AT_ONCE < size <= _MOST_BYTES:
            return
        import anyio.to_thread

        try:
            self._judge(await anyio.to_thread.run_sync(self._read))
        except RuntimeError:  # the user's limit of threads is reached
            self._judge(self._read())

    def _changed_size(self) -> int | None:
        """Return the size of a file that has changed since it was read, or None if it has not."""
        path = self._session.graph_path
        if path is None or not self._session.graph.digest:
            return None
        try:
            status = os.stat(path)
        except OSError:  # an editor may be about to replace it
            return None
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self._seen or not stat.S_ISREG(status.st_mode):
            return None
        self._next = seen
        return status.st_size

    def _read(self) -> bytes:
        """Return the digest of the file, or nothing if it can't be read."""
        path, self._seen = self._session.graph_path, self._next
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:
            return b""
        return blake2b(content, digest_size=DIGEST_SIZE).digest()

    def _judge(self, digest: bytes) -> None:
        session = self._session
        changed = bool(digest) and digest != session.graph.digest
        if changed == (session.changed_file is not None):
            return
        session.changed_file = _changed(session) if changed else None
        if session.changed_file is not None:
            session.note(session.changed_file.text)
        else:
            session.tell()


def _changed(session: Session) -> Notice:
    path = session.graph_path
    name = label("" if path is None else path.name, _NAME_CHARACTERS)
    return Notice(
        f"{name} changed: q, then --resume {session.number}",
        f"{name} has changed since this run started. The run keeps the version it read; "
        f"to use the change, leave the run, then --resume {session.number}",
    )


def _lost(what: str, how: str, path: Path) -> Notice:
    consequence = "the run continues, but it is not recorded and can't be resumed: start a new one with --fresh"
    return Notice(f"{what} {how}: not on record", f"the {what} was {how}: {label(path, 300)}; {consequence}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
