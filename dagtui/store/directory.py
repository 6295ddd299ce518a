"""Run directories: `.dagtui/<graph>/runs/<n>/` beside the graph file."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import uuid
from pathlib import Path

from dagtui.store.errors import StoreError

KEEP = 50
"""Runs that are kept."""
FOLDER = ".dagtui"


class RunDirectory:
    """The directory of one run."""

    def __init__(self, path: Path, run_id: str, lock: int | None) -> None:
        self.path = path
        self.number = int(path.name)
        self.run_id = run_id
        """Unique for ever."""
        self._lock = lock

    @classmethod
    def create(cls, graph_path: Path, resolved_graph: str) -> RunDirectory:
        """Make the next run's directory and hold its lock. Raises StoreError."""
        runs = _graph_folder(graph_path) / "runs"
        try:
            runs.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = _make_next(runs)
            run_id = uuid.uuid4().hex
            directory = cls(path, run_id, _take_lock(path))
            _write_new(path / "run_id", run_id + "\n")
            _write_new(path / "graph.toml", resolved_graph)
            _point_latest(runs.parent, path)
        except OSError as error:
            raise StoreError(f"no run directory can be made in {runs}: {error.strerror}") from error
        return directory

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """The directory of an earlier run, without its lock. Raises StoreError."""
        try:
            run_id = (path / "run_id").read_text(encoding="ascii").strip()
        except OSError as error:
            raise StoreError(f"{path} is no run directory: {error.strerror}") from error
        return cls(path, run_id, None)

    @property
    def journal_path(self) -> Path:
        """The journal."""
        return self.path / "journal.jsonl"

    def log_path(self, label: str, attempt: int) -> Path:
        """The log of an attempt; found from the node's label alone."""
        return log_file(self.path / "logs", label, attempt)

    def is_live(self) -> bool:
        """Whether some process holds the run's lock."""
        if self._lock is not None:
            return True
        try:
            fd = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def close(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def log_file(logs: Path, label: str, attempt: int) -> Path:
    """The log of an attempt below a directory of logs: names never become file names."""
    name = hashlib.sha256(label.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    return logs / name[:2] / f"{name[2:]}.{attempt}.log"


def runs(graph_path: Path) -> list[RunDirectory]:
    """The runs of a graph that still exist, the oldest first."""
    folder = _graph_folder(graph_path) / "runs"
    found = []
    for path in _numbered(folder):
        with contextlib.suppress(StoreError):
            found.append(RunDirectory.open(path))
    return found


def prune(graph_path: Path, keep: int = KEEP) -> None:
    """Remove all but the last runs, and never a live one."""
    for directory in runs(graph_path)[: -keep or None]:
        if not directory.is_live():
            shutil.rmtree(directory.path, ignore_errors=True)


def graph_folder(graph_path: Path) -> Path:
    """Where everything about a graph lies."""
    return _graph_folder(graph_path)


def _graph_folder(graph_path: Path) -> Path:
    resolved = graph_path.resolve()
    base = resolved.parent / FOLDER
    if not _usable(base):
        import platformdirs

        base = Path(platformdirs.user_state_dir("dagtui"))
        stem = f"{resolved.stem}-{hashlib.sha256(str(resolved).encode()).hexdigest()[:8]}"
        _usable(base)
    else:
        stem = resolved.stem
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", stem).lstrip(".") or "graph"
    if safe != stem:
        safe = f"{safe[:80]}-{hashlib.sha256(stem.encode()).hexdigest()[:8]}"
    return base / safe


def _usable(base: Path) -> bool:
    """Make the folder if it is not there; whether it is ours and can be written."""
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if base.is_symlink() or base.stat().st_uid != os.getuid() or not os.access(base, os.W_OK | os.X_OK):
            return False
        ignore = base / ".gitignore"
        if not ignore.exists():
            _write_new(ignore, "*\n")
    except FileExistsError:
        return base.is_dir()
    except OSError:
        return False
    return True


def _numbered(folder: Path) -> list[Path]:
    try:
        names = [name for name in os.listdir(folder) if name.isascii() and name.isdigit()]
    except OSError:
        return []
    return [folder / name for name in sorted(names, key=int)]


def _make_next(folder: Path) -> Path:
    """Make the directory with the next number; others may be doing the same."""
    taken = _numbered(folder)
    number = int(taken[-1].name) + 1 if taken else 1
    while True:
        path = folder / str(number)
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
            continue
        return path


def _take_lock(path: Path) -> int:
    fd = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(fd, b"%d\n" % os.getpid())
    return fd


def _write_new(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)


def _point_latest(folder: Path, path: Path) -> None:
    """Let `latest` point to a run, in one step."""
    draft = folder / f".latest-{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    draft.symlink_to(Path("runs") / path.name)
    draft.replace(folder / "latest")
