"""Run directories: one for each traversal of a graph, with its journal, resolved graph, lock and logs."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from typing import TYPE_CHECKING, Self

from dagtui.store.errors import StoreError
from dagtui.store.files import check_folder, make_folder, replace_link, sync_path, write_new_file
from dagtui.store.lock import RunLock
from dagtui.store.paths import folder_with_runs, folders_with_runs, log_name, make_graph_folder, output_name
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
LAST_NUMBER = 999_999_999
KEPT = 50
"""Number of runs of a graph that are kept."""
OUTPUTS = "outputs"
"""The folder of a run for the values that attempts hand on."""
EXECUTORS = "executors"
"""The folder of a run for what executors on other machines note."""
LATEST = "latest"
"""The link beside `runs` to the run that was started or resumed last."""
_MAKING = ".new-"
_REMOVING = ".old-"
_LEFT_BEHIND = 3600.0
"""Seconds after which an incomplete directory without an owner is taken for the remains of a crash."""


class RunDirectory:
    """`runs/NUMBER` of a graph: journal.jsonl, graph.toml as resolved, lock, logs, outputs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = int(path.name)
        self.journal_path = path / "journal.jsonl"
        self.graph_path = path / "graph.toml"
        """The graph as it was resolved for this run."""
        self.remarks: list[str] = []
        """Problems beside the run that do not prevent it from continuing. Safe to show."""
        self._lock = RunLock(path / "lock")
        self._journal = RunLock(self.journal_path)
        self._run_id = ""

    @classmethod
    def create(cls, graph_path: Path, resolved_graph: str) -> Self:
        """Create and lock a run directory for a graph file, numbered after all others. Raises StoreError.

        It is created under another name and appears complete. Concurrent creators get different numbers, and a crash
        leaves nothing that looks like a run.
        """
        folder = make_graph_folder(graph_path)
        runs_folder = folder / "runs"
        make_folder(runs_folder)
        making = runs_folder / (_MAKING + os.urandom(6).hex())
        make_folder(making)
        lock = RunLock(making / "lock")
        try:
            lock.make(_new_run_id())
            write_new_file(making / "graph.toml", resolved_graph.encode("utf-8", "backslashreplace"))
            make_folder(making / "logs")
            make_folder(making / OUTPUTS)
            path = _rename_to_next_number(making, runs_folder)
        except StoreError:
            lock.release()
            _remove_tree(making)
            raise
        directory = cls(path)
        lock.path = path / "lock"
        directory._lock = lock
        directory.become_latest()
        return directory

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing run directory for reading. Call `acquire` to continue its run. Raises StoreError."""
        if not _NUMBER.fullmatch(path.name):
            raise StoreError(f"can't open the run {label(path, 1000)}: a run directory is named by its number")
        check_folder(path)
        return cls(path)

    @classmethod
    def of_live_run(cls, path: Path, run_id: str) -> Self:
        """Return the directory of a live run, as the run itself reports it, whether or not it exists."""
        directory = cls(path)
        directory._run_id = run_id
        return directory

    @property
    def run_id(self) -> str:
        """The identifier of this run, unique everywhere. Raises StoreError."""
        if not self._run_id:
            self._run_id = self._lock.run_id()
        return self._run_id

    def log_path(self, node_label: str, attempt: AttemptNumber) -> Path:
        """Return the path of an attempt's log, computed from the label alone. The log's writer creates its folder."""
        return self.path.joinpath("logs", log_name(node_label, attempt))

    def log_file(self, node_label: str, attempt: AttemptNumber) -> str:
        """Return the path of an attempt's log as text. A run asks for one per attempt, and a Path takes longer."""
        return f"{self.path!s}/logs/{log_name(node_label, attempt)}"

    def output_path(self, node_label: str, attempt: AttemptNumber) -> str:
        """Return the path of the file for an attempt's values, computed from the label alone."""
        return f"{self.path!s}/{OUTPUTS}/{output_name(node_label, attempt)}"

    def executor_folder(self, name: str) -> Path:
        """Return the folder for what an executor on other machines notes. The executor creates it."""
        from dagtui.store.paths import executor_name  # most runs have none

        return self.path / EXECUTORS / executor_name(name)

    def forget_outputs(self) -> None:
        """Remove the files with values, which are on record. No attempt may be alive."""
        for path in (self.path / OUTPUTS).glob("*"):
            with contextlib.suppress(OSError):  # a task made a folder of it
                path.unlink()

    def acquire(self) -> None:
        """Take over the run. Raises StoreError if another process has it.

        A lock file that is missing or does not name the run is recreated, and `remarks` say so.
        """
        if self._lock.held:
            return
        missing = not os.path.lexists(self._lock.path)
        if not missing:
            self._lock.take()
        if self._journal.is_taken():
            self._lock.release()
            raise StoreError(f"the run in {label(self.path, 1000)} is live, though its lock was removed or replaced")
        if missing:
            self._lock.make(_new_run_id())
        try:
            make_folder(self.path / OUTPUTS)  # an earlier version made none
            damaged = missing or not self._names_itself()
            if damaged and not missing:
                self._lock.rewrite(_new_run_id())
        except StoreError:
            self._lock.release()
            raise
        if damaged:
            self.remarks.append(f"the lock of this run was {'missing' if missing else 'damaged'}: it was recreated")

    def claim_journal(self) -> None:
        """Lock the existing journal as well, because the lock file may be removed or replaced while the run is live.

        Raises StoreError if another process has it.
        """
        self._journal.claim()

    def _names_itself(self) -> bool:
        try:
            return bool(self._lock.run_id())
        except StoreError:
            return False

    def restore_lock(self) -> bool:
        """Restore the lock that this object holds if it was removed or emptied. Return whether it was.

        Raises StoreError.
        """
        run_id = self.run_id
        if not self._lock.is_there():
            lock = RunLock(self._lock.path)
            with contextlib.suppress(OSError):  # what is there is not a lock of this run: its journal is ours
                os.unlink(lock.path)
            lock.make(run_id)
            self._lock.release()
            self._lock = lock
            return True
        if self._names_itself():
            return False
        self._lock.rewrite(run_id)
        return True

    def has_graph(self) -> bool:
        """Return whether the record of the graph exists."""
        return not _state_of(self.graph_path)

    def has_logs(self) -> bool:
        """Return whether any attempt left a log."""
        return any((self.path / "logs").glob("*/*"))

    def damage(self) -> str:
        """Return which required part of the record is missing or is not a file, or an empty string if none is.

        Safe to show.
        """
        journal, graph = _state_of(self.journal_path), _state_of(self.graph_path)
        if journal == graph == _GONE:
            return f"nothing of its record is left in {label(self.path, 1000)}: it was removed, perhaps by a task"
        if graph:
            return f"its record of the graph, {label(self.graph_path, 1000)}, {graph}"
        if journal not in {"", _GONE, _EMPTY} or (journal == _GONE and self.has_logs()):
            return f"its journal, {label(self.journal_path, 1000)}, {journal}: what completed is unknown"
        return ""  # the run broke off before the first line of the journal, or a power failure lost that line

    def become_latest(self) -> None:
        """Point the link `latest` at this run. If that fails, `remarks` say so."""
        try:
            replace_link(self.path.parent.parent / LATEST, f"runs/{self.path.name}")
        except StoreError as error:
            self.remarks.append(f"{error}; the run continues without that link")

    def is_live(self) -> bool:
        """Return whether a process has this run, this process included."""
        if self._lock.is_taken():
            return True
        return not os.path.lexists(self._lock.path) and self._journal.is_taken()

    def holder(self) -> str:
        """Return who had the run last, such as "process 123". Raises StoreError."""
        return self._lock.holder()

    def sync(self) -> None:
        """Make everything but the journal and the logs survive a power failure, names included. Raises StoreError.

        Not done when the directory is created, because the disk would delay the first node.
        """
        for path in (self.graph_path, self.path / "lock", self.path, self.path.parent):
            sync_path(path)

    def close(self) -> None:
        """Release the run."""
        self._journal.release()
        self._lock.release()


def _new_run_id() -> str:
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + os.urandom(5).hex()


_GONE, _EMPTY = "is gone", "is empty"


def _state_of(path: Path) -> str:
    """Return what is wrong with a file that must not be empty."""
    try:
        status = os.lstat(path)
    except OSError:
        return _GONE
    if stat.S_ISREG(status.st_mode):
        return "" if status.st_size else _EMPTY
    return "is a symbolic link" if stat.S_ISLNK(status.st_mode) else "is not a file"


def runs(graph_path: Path) -> list[RunDirectory]:
    """Return the run directories of a graph file, oldest first. Raises StoreError.

    Everything that looks for runs goes through here, so that readers and `--resume` mean the same ones even if the
    state directory has changed.
    """
    return runs_in(folder_with_runs(graph_path))


def runs_in(folder: Path) -> list[RunDirectory]:
    """Return the run directories in a graph's folder, oldest first. Raises StoreError."""
    return [RunDirectory(folder / "runs" / str(number)) for number in _numbers(folder / "runs")]


def has_been_elsewhere(graph_path: Path, most: int = 5) -> bool:
    """Return whether one of the last runs of a graph has used other machines. False if that can't be read."""
    try:
        return any(os.path.isdir(run.path / EXECUTORS) for run in latest_first(runs(graph_path))[:most])
    except StoreError:
        return False


def held_runs(graph_path: Path) -> list[RunDirectory]:
    """Return the live runs of a graph file, oldest first, without contacting them. Raises StoreError."""
    # The newest runs may be in another folder than earlier ones.
    return [run for folder in folders_with_runs(graph_path)[::-1] for run in runs_in(folder) if run.is_live()]


def last_run(graph_path: Path, number: int | None = None) -> RunDirectory | None:
    """Return the run with a number, or the one that was started or resumed last. Raises StoreError."""
    return next((run for run in latest_first(runs(graph_path)) if number in {None, run.number}), None)


def latest_first(found: Sequence[RunDirectory]) -> list[RunDirectory]:
    """Return the runs of one graph, newest first, preceded by the run that the link `latest` points at.

    That is the run that was started or resumed last. A run may be resumed after later ones have been started.
    """
    newest_first = sorted(found, key=lambda run: run.number, reverse=True)
    if len(newest_first) < 2:
        return newest_first
    try:
        name = os.path.basename(os.readlink(newest_first[0].path.parent.parent / LATEST))
    except OSError:
        return newest_first
    return sorted(newest_first, key=lambda run: run.path.name != name)


def prune(graph_path: Path) -> list[int]:
    """Remove all but the last KEPT runs, except live ones and the latest. Return the removed numbers.

    A run that can't be removed stays. Raises StoreError if the directory can't be read.
    """
    found = runs(graph_path)
    latest = latest_first(found)[:1]
    removed = [run.number for run in found[:-KEPT] if run not in latest and _remove(run.path)]
    if found:
        _remove_left_behind(found[0].path.parent)
    return removed


def _numbers(folder: Path) -> list[int]:
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name for entry in entries if _NUMBER.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        text = f"can't read {label(folder, 1000)}: it or its parent is not a folder; move that away"
        raise StoreError(text) from None
    except OSError as error:
        raise StoreError.of("read", folder, error) from error
    return sorted(map(int, names))


def _rename_to_next_number(making: Path, folder: Path) -> Path:
    number = max(_numbers(folder), default=0)
    while True:
        number += 1
        if number > LAST_NUMBER:
            raise StoreError(f"can't make a run directory in {label(folder, 1000)}: remove number {LAST_NUMBER} first")
        path = folder / str(number)
        # The target can't be an empty folder, which rename would replace, because run directories appear complete.
        if os.path.lexists(path):
            continue
        try:
            os.rename(making, path)
        except OSError as error:
            if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
                continue  # another creator was faster
            raise StoreError.of("make the run directory", path, error) from error
        return path


def _remove(path: Path) -> bool:
    """Remove a run directory that no process has. It is renamed first, so that it is never seen in part."""
    lock = RunLock(path / "lock")
    try:
        lock.take()
    except StoreError:
        # A live run, or a folder without a lock file: a run that lost it, or a folder that was never a run.
        if lock.is_taken() or os.path.lexists(lock.path):
            return False
    if _is_journal_taken(path):  # the run is live, though its lock was removed or replaced
        lock.release()
        return False
    try:
        removing = path.with_name(_REMOVING + os.urandom(6).hex())
        os.rename(path, removing)
        _remove_tree(removing)
    except OSError:
        return False
    finally:
        lock.release()
    return True


def _remove_tree(path: Path) -> None:
    import shutil  # a run does not need it before its first node

    shutil.rmtree(path, ignore_errors=True)


def _remove_left_behind(folder: Path) -> None:
    for path in folder.glob(".*"):
        if not path.name.startswith((_MAKING, _REMOVING)):
            continue
        with contextlib.suppress(OSError):  # another process may be removing it
            is_old = time.time() - path.lstat().st_mtime > _LEFT_BEHIND
            if is_old and not RunLock(path / "lock").is_taken() and not _is_journal_taken(path):
                _remove_tree(path)


def _is_journal_taken(path: Path) -> bool:
    return RunLock(path / "journal.jsonl").is_taken()
