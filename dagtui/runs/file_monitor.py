"""Watch the files of a live run: its run directory may be removed, or its graph file may change."""

from __future__ import annotations

import os
import stat
from _blake2 import blake2b  # as in graph/loading: hashlib would load OpenSSL as well
from typing import TYPE_CHECKING, Protocol

from dagtui.graph.loading import DIGEST_SIZE
from dagtui.runs.notices import Notice
from dagtui.store.errors import StoreError
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.model import Graph
    from dagtui.store.directory import RunDirectory

LOOK_EVERY = 1.0
"""Seconds between two checks."""
_READ_AT_ONCE = 1_000_000
"""Bytes of a graph file that are read in the event loop, in less than a millisecond. Larger files are read in a
thread."""
_MOST_BYTES = 64 * 1024 * 1024
_NAME_CHARACTERS = 30


class Monitored(Protocol):
    """The run whose files are checked."""

    graph: Graph
    number: int
    lost_record: Notice | None
    changed_file: Notice | None

    def note(self, text: str) -> None:
        """Record a note, which the next screen shows."""

    def tell(self) -> None:
        """Tell the listeners about a change that is not an event."""


class FileMonitor:
    """Checks the run directory and the graph file of a run periodically, and updates its notices."""

    def __init__(self, run: Monitored, directory: RunDirectory) -> None:
        self._run = run
        self._record = RecordWatch(directory)
        self._graph_file = GraphFileWatch(run)

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
        loss, remark = self._record.look()
        if remark:
            self._run.note(remark)
        if loss is not None and loss != self._run.lost_record:
            self._run.lost_record = loss
            self._run.note(loss.text)


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

    def __init__(self, run: Monitored) -> None:
        self._run = run
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
        path = self._run.graph.path
        if path is None or not self._run.graph.digest:
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
        path, self._seen = self._run.graph.path, self._next
        try:
            content = b"" if path is None else path.read_bytes()
        except OSError:
            return b""
        return blake2b(content, digest_size=DIGEST_SIZE).digest()

    def _judge(self, digest: bytes) -> None:
        run = self._run
        changed = bool(digest) and digest != run.graph.digest
        if changed == (run.changed_file is not None):
            return
        run.changed_file = _changed(run) if changed else None
        if run.changed_file is not None:
            run.note(run.changed_file.text)
        else:
            run.tell()


def _changed(run: Monitored) -> Notice:
    path = run.graph.path
    name = label("" if path is None else path.name, _NAME_CHARACTERS)
    return Notice(
        f"{name} changed: q, then --resume {run.number}",
        f"{name} has changed since this run started. The run keeps the version it read; "
        f"to use the change, leave the run, then --resume {run.number}",
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
