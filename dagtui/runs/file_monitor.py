"""Watch the files of a live run: its run directory may be removed, or its graph file may change."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from dagtui.graph.toml.parse import digest_of
from dagtui.runs.view import NAMED, Notice
from dagtui.store.errors import StoreError
from dagtui.text import label, path_word
from dagtui.text.amounts import first_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.runs.view import RunView
    from dagtui.store.directory import RunDirectory

LOOK_EVERY = 1.0
"""Seconds between two checks."""
_READ_AT_ONCE = 1_000_000
"""Bytes of a graph file that are read in the event loop, in less than a millisecond. Larger files are read in a
thread."""
_MOST_BYTES = 64 * 1024 * 1024
_NAME_CHARACTERS = 30


class FileMonitor:
    """Checks the run directory, the graph file and the files that it names periodically, and updates its notices."""

    def __init__(self, run: RunView, note: Callable[[str], None], directory: RunDirectory) -> None:
        """`note` records a note, which the next screen shows."""
        self._run = run
        self._note = note
        self._record = RecordWatch(directory)
        self._graph_files = GraphFilesWatch(run, note)

    def reloaded(self) -> None:
        """Compare with the files of the graph that the run has now."""
        self._run.changed_file = None
        self._graph_files = GraphFilesWatch(self._run, self._note)

    async def watch(self) -> None:
        """Check periodically until cancelled."""
        import anyio

        while True:
            await anyio.sleep(LOOK_EVERY)
            self.look()
            await self._graph_files.look_in_a_thread()

    def look(self) -> None:
        """Check once."""
        self._graph_files.look()
        loss, remark = self._record.look()
        if remark:
            self._note(remark)
        if loss is not None and loss != self._run.lost_record:
            self._run.lost_record = loss
            self._note(loss.text)


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


class GraphFilesWatch:
    """Whether the graph file and those that it names have other contents than when the run started."""

    def __init__(self, run: RunView, note: Callable[[str], None]) -> None:
        self._run = run
        self._note = note
        graph = run.graph
        files = [] if graph.path is None or not graph.digest else [FileWatch(graph.path, graph.digest)]
        self._named: tuple[Path, tuple[str, ...]] | None = None
        """The file that the notice names, and the tasks whose edits it lacks."""
        self._files = files + [FileWatch(path, digest) for path, digest in graph.sources.items()]

    def look(self) -> None:
        """Check now, except for files that are too large to be read quickly."""
        for file in self._files:
            size = file.changed_size()
            if size is not None and size <= _READ_AT_ONCE:
                file.read()
        self._judge()

    def _name_of(self, path: Path) -> str:
        """Return the name of a changed file, with folders for one that is named like the graph file."""
        graph = self._run.graph.path
        same = graph is not None and path != graph and path.name == graph.name
        name = os.path.relpath(path, graph.parent) if same and graph is not None else path.name
        return label(name, _NAME_CHARACTERS)

    def _notice(self, path: Path, edits: tuple[str, ...]) -> Notice:
        name = self._name_of(path)
        return _changed(name, self._run.graph_path) if not edits else _unwritten(name, edits)

    async def look_in_a_thread(self) -> None:
        """Check large files."""
        for file in self._files:
            size = file.changed_size()
            if size is None or not _READ_AT_ONCE < size <= _MOST_BYTES:
                continue
            import anyio.to_thread

            try:
                await anyio.to_thread.run_sync(file.read)
            except RuntimeError:  # the user's limit of threads is reached
                file.read()
            self._judge()

    def _judge(self) -> None:
        run = self._run
        changed = next((file for file in self._files if file.has_changed), None)
        named = None if changed is None else (changed.path, run.edits_missing_in(changed.path, changed.found))
        if named == self._named:
            return
        self._named = named
        run.changed_file = None if named is None else self._notice(*named)
        if run.changed_file is not None and run.changed_file.helps_reload:
            self._note(run.changed_file.text)
        else:
            run.tell()


class FileWatch:
    """Whether the content of a file differs from that of a digest."""

    def __init__(self, path: Path, digest: bytes) -> None:
        self.path = path
        self.has_changed = False
        self.found = digest
        """The digest of the content that was read last."""
        self._digest = digest
        self._seen: tuple[int, int, int] | None = None
        """Modification time, size and inode at the last read."""
        self._next: tuple[int, int, int] | None = None

    def changed_size(self) -> int | None:
        """Return the size of a file that has changed since it was read, or None if it has not."""
        try:
            status = os.stat(self.path)
        except OSError:  # an editor may be about to replace it
            return None
        seen = (status.st_mtime_ns, status.st_size, status.st_ino)
        if seen == self._seen or not stat.S_ISREG(status.st_mode):
            return None
        self._next = seen
        return status.st_size

    def read(self) -> None:
        """Compare the content. A file that can't be read has not changed."""
        self._seen = self._next
        try:
            content = self.path.read_bytes()
        except OSError:
            self.has_changed = False
            return
        self.found = digest_of(content)
        self.has_changed = self.found != self._digest


def _changed(name: str, graph_path: Path | None) -> Notice:
    graph = "" if graph_path is None else f" {path_word(graph_path)}"
    return Notice(
        f"{name} changed",
        f"{name} has changed since this run read it. The run keeps the version it read; "
        f"dagtui reload{graph} takes up the change, and with --dry-run shows what that means",
        helps_reload=True,
    )


def _unwritten(name: str, tasks: tuple[str, ...]) -> Notice:
    names = first_of([label(task, _NAME_CHARACTERS) for task in tasks[:NAMED]], len(tasks))
    return Notice(
        f"edit not in {name}",
        f"{name} does not have the edit of {names} that this run has taken up: to write it there, edit again and save; "
        "a reload drops it",
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
