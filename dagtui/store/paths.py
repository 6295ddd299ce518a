"""Where the runs of a graph are kept on disk, and names that are safe for files."""

from __future__ import annotations

import os
import re
import stat
import sys
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well, which delays the first start
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagtui.store.errors import StoreError
from dagtui.store.files import make_folder, write_new_file
from dagtui.store.stated import name_in, state_in, stated_folder
from dagtui.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dagtui.engine.messages import AttemptNumber

STATE_VARIABLE = "DAGTUI_STATE_DIR"
"""The environment variable that names the state directory, which holds the runs of all graphs."""
_STATED = '"state" in [run]'
PIPED = "piped-graph"
"""The file name in the graph's folder for a graph that came from a pipe. No such file is written."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_OWN = ".dagtui"


def real_file(graph_path: Path) -> Path:
    """Return the graph file that a path refers to. A link to a file is the same graph as the file."""
    return Path(os.path.realpath(graph_path)) if os.path.islink(graph_path) else graph_path


def graph_folder(graph_path: Path) -> Path:
    """Return the folder of a graph's runs and history, without creating it.

    It lies in the state directory that DAGTUI_STATE_DIR or `state` in `[run]` names. Without one it is `.dagtui/NAME`
    beside the graph's file. It is in the user's state directory if a folder beside the graph can't be written or
    belongs to another user, or if the graph is not a regular file.
    """
    if is_piped(graph_path):
        return graph_path.parent
    path = _absolute(graph_path)
    named = _named_directory(path)
    if named is not None:
        return _within(named, path)
    beside = _beside(path)
    return beside if _is_file_or_absent(path) and _is_usable(path.parent / _OWN) else _elsewhere(path)


def folders_with_runs(graph_path: Path) -> list[Path]:
    """Return every folder with runs of a graph, the one for new runs first. That location may have changed since."""
    first = graph_folder(graph_path)
    return [first, *_other_folders(graph_path, first)]


def folder_with_runs(graph_path: Path) -> Path:
    """Return the folder to read a graph's runs from: the first one with runs, else the one for new runs."""
    first = graph_folder(graph_path)
    if os.path.isdir(first / "runs"):  # as nearly always: the other places cost an import
        return first
    return next(_other_folders(graph_path, first), first)


def _other_folders(graph_path: Path, first: Path) -> Iterator[Path]:
    """Yield the folders with runs of a graph besides the one for new runs."""
    if is_piped(graph_path):
        return
    path = _absolute(graph_path)
    for folder in dict.fromkeys((_beside(path), _elsewhere(path))):
        if folder != first and os.path.isdir(folder / "runs"):
            yield folder


def piped_graph(content: bytes, title: str) -> Path:
    """Return the path that stands for a graph read from a pipe. Its runs are kept in the state directory.

    They are found again by the name and the state directory in its text. `title` is its name if it does not give one.
    """
    directory, name, state = Path.cwd(), name_in(content) or title, state_in(content)
    place = directory / name
    named = _from_environment() or (_absolute_folder(state, directory, _STATED) if state else None)
    # Contains a character that paths can't have, so that it never equals the folder of a file.
    digest = _digest(str(place) + "\0", 6)
    return (named or _user_directory()) / f"{_readable(name)}-{digest}" / PIPED


def why_elsewhere(graph_path: Path) -> str:
    """Return the notice that runs are kept elsewhere because `.dagtui` is another user's, else an empty string."""
    if is_piped(graph_path):
        return ""
    path = _absolute(graph_path)
    root, folder = path.parent / _OWN, graph_folder(graph_path)
    owner = _foreign_owner(root)
    if owner is None or folder == _beside(path) or _named_directory(path) is not None:
        return ""
    return f"{label(root, 1000)} belongs to another user (id {owner}); your runs are in {label(folder, 1000)}"


def root_folder(folder: Path) -> Path | None:
    """Return the folder of all graphs: the state directory, else `.dagtui`, or None if that is another user's.

    Raises StoreError if `.dagtui` is not a folder.
    """
    named = _from_environment()
    if named is not None:
        return named
    root = Path(os.path.abspath(folder)) / _OWN
    if not os.path.lexists(root):
        return root
    if not _is_usable(root) and _foreign_owner(root) is not None:
        return None
    real = _followed(root)
    if not os.path.isdir(real):
        raise StoreError(f"can't read {label(root, 1000)}: {_what_stands_there(root)}")
    return real


def make_graph_folder(graph_path: Path) -> Path:
    """Return the graph's folder and create it if necessary. Raises StoreError."""
    folder = graph_folder(graph_path)
    if not folder.is_absolute():
        raise StoreError(
            f"can't keep runs in {label(folder, 1000)}: this user has no home directory; "
            f"set {STATE_VARIABLE} to the absolute path of a folder"
        )
    if folder.parent == _followed(_absolute(graph_path).parent / _OWN):
        _make_beside(_absolute(graph_path).parent / _OWN)
        make_folder(folder)
        return folder
    try:
        _make_elsewhere(folder)
    except StoreError as error:
        if is_piped(graph_path) or _named_directory(_absolute(graph_path)) is not None:
            raise
        where = label(_absolute(graph_path).parent, 1000)
        raise StoreError(
            f"{error}; and {where} can't be written: make one of them writable, or set {STATE_VARIABLE}"
        ) from error
    return folder


@lru_cache(maxsize=16)
def log_name(node_label: str, attempt: AttemptNumber) -> str:
    """Return the path of an attempt's log below `logs/`: in one of 256 folders, computed from the label alone."""
    digest = _digest(node_label, 10)
    return f"{digest[:2]}/{_readable(node_label)}-{digest}.{attempt}.log"


def output_name(node_label: str, attempt: AttemptNumber) -> str:
    """Return the name of the file for an attempt's values in `outputs/`, computed from the label alone."""
    return attempt_key(node_label, attempt) + ".env"


def attempt_key(node_label: str, attempt: AttemptNumber) -> str:
    """Return a name of an attempt, unique in its run and safe as a file name, computed from the label alone."""
    return log_name(node_label, attempt).rpartition("/")[2].removesuffix(".log")


def executor_name(name: str) -> str:
    """Return the name of the folder in `executors/` for what a run notes of an executor."""
    readable = _readable(name)
    return readable if readable == name else f"{readable}-{_digest(name, 4)}"


# Which folder


def _absolute(graph_path: Path) -> Path:
    return Path(os.path.abspath(real_file(graph_path)))


def is_piped(graph_path: Path) -> bool:
    """Return whether the path stands for a graph that came from a pipe."""
    return graph_path.name == PIPED and not os.path.isfile(graph_path)


def _is_file_or_absent(path: Path) -> bool:
    """Return whether runs may be kept beside a path, which excludes `/dev` and the like."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def _named_directory(path: Path) -> Path | None:
    """Return the state directory that the user has named, for all graphs or for this one."""
    named = _from_environment()
    if named is not None:
        return named
    stated = stated_folder(path)
    return _absolute_folder(stated, path.parent, _STATED) if stated else None


def _from_environment() -> Path | None:
    named = os.environ.get(STATE_VARIABLE)
    return _absolute_folder(named, Path(), STATE_VARIABLE) if named else None


def _absolute_folder(written: str, base: Path, named_by: str) -> Path:
    """Return the absolute path of a folder as a person wrote it. Raises StoreError if there can be no such folder."""
    if "\0" in written:
        raise StoreError(f"{named_by} can't be a folder: it contains the character NUL")
    try:
        folder = Path(written).expanduser()
    except RuntimeError as error:
        user = label(Path(written).parts[0][1:], 100)
        why = f"there is no user {user}" if user else "this user has no home directory"
        raise StoreError(
            f"can't use {label(written, 1000)}, which {named_by} names: {why}; write the path in full"
        ) from error
    return Path(os.path.abspath(base / folder))


def _user_directory() -> Path:
    # Of all that is imported before the first node, platformdirs takes the most time: 4 ms.
    usual = os.path.expanduser("~/.local/state/dagtui")
    if sys.platform == "linux" and "XDG_STATE_HOME" not in os.environ and os.path.isabs(usual):
        return Path(usual)
    import platformdirs

    return platformdirs.user_state_path("dagtui")


def _beside(path: Path) -> Path:
    return _followed(path.parent / _OWN) / _graph_name(path)


def _elsewhere(path: Path) -> Path:
    return _within(_user_directory(), path)


def _within(directory: Path, path: Path) -> Path:
    """Return the folder in a state directory, distinct for graphs of the same name from several directories."""
    real = directory / _name_among_others(Path(os.path.realpath(path)))
    as_named = directory / _name_among_others(path)
    # Earlier versions kept paths through links to a folder apart. Runs that they left are still found.
    return as_named if as_named != real and os.path.isdir(as_named) and not os.path.isdir(real) else real


def _name_among_others(path: Path) -> str:
    return f"{_readable(path.stem)}-{_digest(str(path), 6)}"


def _followed(root: Path) -> Path:
    """Return `.dagtui`, or the folder it links to if the link belongs to this user."""
    try:
        is_own_link = os.path.islink(root) and os.lstat(root).st_uid == os.geteuid()
    except OSError:  # it has just been removed
        return root
    return Path(os.path.realpath(root)) if is_own_link else root


def _is_usable(root: Path) -> bool:
    """Return whether the folder is ours to write, or can be created. If it is not a folder, it is refused later."""
    try:
        status = os.lstat(root)
    except FileNotFoundError:
        return os.access(root.parent, os.W_OK | os.X_OK)
    except OSError:
        return False
    if status.st_uid != os.geteuid():
        return False
    try:
        status = os.stat(root)
    except OSError:
        return True
    if not stat.S_ISDIR(status.st_mode):
        return True
    return status.st_uid == os.geteuid() and os.access(root, os.W_OK | os.X_OK)


def _foreign_owner(root: Path) -> int | None:
    """Return the other user who owns `.dagtui`, or the folder it links to."""
    for look in (os.lstat, os.stat):
        try:
            owner = look(root).st_uid
        except OSError:
            return None
        if owner != os.geteuid():
            return owner
    return None


# Creation


def _make_beside(root: Path) -> None:
    if os.path.islink(root) and not os.path.isdir(root):
        raise StoreError(f"can't use {label(root, 1000)}: {_what_stands_there(root)}")
    folder = _followed(root)
    make_folder(folder)
    _ignore_in_git(folder / ".gitignore")


def _make_elsewhere(folder: Path) -> None:
    """Create a folder in a state directory. Only the inner one is private, because others may share the directory."""
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError.of("make the folder", folder.parent, error) from error
    make_folder(folder)
    _ignore_in_git(folder / ".gitignore")


def _what_stands_there(root: Path) -> str:
    if not os.path.islink(root):
        return "it is not a folder; move it away"
    target = os.path.realpath(root)
    what = "which is not a folder" if os.path.lexists(target) else "which does not exist"
    return f"it is a symbolic link to {label(target, 1000)}, {what}; make that folder, or remove the link"


def _ignore_in_git(path: Path) -> None:
    if os.path.lexists(path):
        return
    try:
        write_new_file(path, b"*\n")
    except StoreError:
        if not os.path.lexists(path):  # else another run was faster
            raise


# Names


def _graph_name(path: Path) -> str:
    readable = _readable(path.stem if path.suffix == ".toml" else path.name)
    return readable if path.name == f"{readable}.toml" else f"{readable}-{_digest(path.name, 4)}"


def _readable(text: str) -> str:
    return _UNSAFE.sub("_", text[:200])[:40].strip("._-") or "_"


def _digest(text: str, size: int) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
