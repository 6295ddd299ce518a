"""Where things lie on disk: which folder a graph's runs are kept in, and names that are safe for files."""

from __future__ import annotations

import os
import re
import stat
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well, which delays the first start
from pathlib import Path

from dagtui.store.errors import StoreError
from dagtui.store.files import make_folder, write_new_file
from dagtui.text import label

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def graph_folder(graph_path: Path) -> Path:
    """The folder of a graph file's runs and history: `.dagtui/NAME` beside it, else in the user's state directory.

    The second when a folder beside the graph can't be written or belongs to somebody else. Nothing is made here.
    """
    beside = _beside(graph_path)
    return beside if _is_usable(beside.parent) else _elsewhere(graph_path)


def folder_with_runs(graph_path: Path) -> Path:
    """Where a graph's runs are, to read them: a folder that can't be written any more may have some all the same."""
    first = graph_folder(graph_path)
    if (first / "runs").is_dir():
        return first
    beside = _beside(graph_path)
    other = _elsewhere(graph_path) if first == beside else beside
    return other if (other / "runs").is_dir() else first


def root_folder(folder: Path) -> Path:
    """`.dagtui` of a folder; raises StoreError when somebody put something else in its place."""
    root = Path(os.path.abspath(folder)) / ".dagtui"
    if os.path.lexists(root) and not stat.S_ISDIR(os.lstat(root).st_mode):
        raise StoreError(f"can't read {label(root, 1000)}: it is no folder; move it away")
    return root


def make_graph_folder(graph_path: Path) -> Path:
    """The same, made if need be; raises StoreError."""
    folder, beside = graph_folder(graph_path), _beside(graph_path)
    try:
        _make(folder)
    except StoreError as error:
        if folder == beside:
            raise
        where = label(beside.parent.parent, 1000)
        raise StoreError(
            f"{error}; and {where} can't be written: make one of them writable, or set XDG_STATE_HOME"
        ) from error
    return folder


def _make(folder: Path) -> None:
    root = folder.parent
    try:
        root.parent.mkdir(parents=True, exist_ok=True)  # of the state directory; a graph's own is there
    except OSError as error:
        raise StoreError.of("make the folder", root.parent, error) from error
    make_folder(root)
    _ignore_in_git(root / ".gitignore")
    make_folder(folder)


def log_name(node_label: str, attempt: int) -> str:
    """The path of an attempt's log below `logs/`: spread over 256 folders, found again from the label alone."""
    digest = _digest(node_label, 10)
    return f"{digest[:2]}/{_readable(node_label)}-{digest}.{attempt}.log"


def _beside(graph_path: Path) -> Path:
    path = Path(os.path.abspath(graph_path))
    return path.parent / ".dagtui" / _graph_name(path)


def _elsewhere(graph_path: Path) -> Path:
    """The folder in the user's state directory."""
    import platformdirs

    path = Path(os.path.abspath(graph_path))
    # There, graphs of the same name from several directories meet.
    return platformdirs.user_state_path("dagtui") / f"{_readable(path.stem)}-{_digest(str(path), 6)}"


def _ignore_in_git(path: Path) -> None:
    if os.path.lexists(path):
        return
    try:
        write_new_file(path, b"*\n")
    except StoreError:
        if not os.path.lexists(path):  # else another run was faster
            raise


def _graph_name(path: Path) -> str:
    readable = _readable(path.stem if path.suffix == ".toml" else path.name)
    return readable if path.name == f"{readable}.toml" else f"{readable}-{_digest(path.name, 4)}"


def _readable(text: str) -> str:
    return _UNSAFE.sub("_", text[:200])[:40].strip("._-") or "_"


def _digest(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def _is_usable(folder: Path) -> bool:
    """Whether the folder is ours to write, or could be made; a link that stands there is refused later, and said."""
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return os.access(folder.parent, os.W_OK | os.X_OK)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        return True
    return status.st_uid == os.geteuid() and os.access(folder, os.W_OK | os.X_OK)
