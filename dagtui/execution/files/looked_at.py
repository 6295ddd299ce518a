"""What a declared path holds now, in one digest: a file, a folder, the files that match a pattern, or one value."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from dagtui.execution.files.digests import UNREADABLE, FileDigests
from dagtui.execution.files.listing import list_files
from dagtui.execution.files.values import FileValueError, ValueDigests
from dagtui.graph.files.paths import PathKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dagtui.execution.files.digests import DigestCache
    from dagtui.execution.files.listing import Listing
    from dagtui.graph.files.paths import DeclaredPath

MOST_NAMES = 10_000
"""Files of a path whose own digests are remembered, so that a change can be named. Beyond it, the path is named."""
_FEW, _LITTLE = 16, 1 << 16
"""Files, and their bytes, that are read at once: it takes no longer than to ask for it."""
_SHORT = 16
"""Hexadecimal digits of the digests by which a changed file is found."""


class LookedAt(NamedTuple):
    """What a declared path holds now."""

    digest: str
    """UNREADABLE if a part of it can't be read, which counts as changed."""
    files: int = 1
    """Number of files that it stands for."""
    names: Mapping[str, str] = {}
    """Short digests of the files of a folder or pattern, by name."""
    problem: str = ""
    """What is wrong with it, in words that follow its name."""
    missing: bool = False


class FileReader:
    """Looks at declared paths. Any thread may call."""

    def __init__(self, base: str, cache: DigestCache, threads: int) -> None:
        """`base` is the absolute path of the graph's directory."""
        self._base = base
        self._digests = FileDigests(cache, threads)
        self._values = ValueDigests()

    def look(
        self, paths: Sequence[DeclaredPath], is_stopped: Callable[[], bool], *, may_read: bool
    ) -> list[LookedAt] | None:
        """Return what the paths hold. None if more must be read for it than is wanted. Raises Interrupted."""
        listings = [list_files(path, self._base, is_stopped) for path in paths]
        files = [file for listing in listings for file in listing.files]
        digests = self._digests.known(files) if files else []
        unknown = [at for at, digest in enumerate(digests) if digest is None]
        if unknown:
            unread = [files[at] for at in unknown]
            if not may_read and (len(unread) > _FEW or sum(file.size for file in unread) > _LITTLE):
                return None
            for at, digest in zip(unknown, self._digests.read(unread, is_stopped), strict=True):
                digests[at] = digest
        known = iter(digests)
        return [self._summary(path, listing, known) for path, listing in zip(paths, listings, strict=True)]

    def missing(self, paths: Sequence[DeclaredPath], is_stopped: Callable[[], bool]) -> list[DeclaredPath]:
        """Return the paths that do not exist, and the patterns that nothing matches."""
        listings = [(path, list_files(path, self._base, is_stopped)) for path in paths]
        return [path for path, listing in listings if is_missing(path, listing)]

    def close(self) -> None:
        """Let the threads end."""
        self._digests.close()

    def _summary(self, path: DeclaredPath, listing: Listing, digests: Iterator[str | None]) -> LookedAt:
        found = [next(digests) or UNREADABLE for _ in listing.files]
        if listing.missing:
            return LookedAt(UNREADABLE, 0, problem="is missing", missing=True)
        problem = next((f"{file.name} {file.problem}" for file in listing.files if file.problem), "")
        if listing.is_tree:
            names = [file.name for file in listing.files]
            return _of_tree(names, found, problem)._replace(missing=is_missing(path, listing))
        file = listing.files[0]
        if UNREADABLE in found:
            return LookedAt(UNREADABLE, problem=file.problem or "can't be read")
        if path.kind is not PathKind.VALUE:
            return LookedAt(found[0])
        try:
            return LookedAt(self._values.digest(file.path, file.stamp, path.key))
        except FileValueError as error:
            return LookedAt(UNREADABLE, problem=str(error), missing=True)


def is_missing(path: DeclaredPath, listing: Listing) -> bool:
    """Return whether a path does not exist, or nothing matches a pattern."""
    return listing.missing or (path.kind is PathKind.GLOB and not listing.files)


def _of_tree(names: list[str], digests: list[str], problem: str) -> LookedAt:
    if UNREADABLE in digests:
        unread = names[digests.index(UNREADABLE)]
        return LookedAt(UNREADABLE, len(names), problem=problem or f"{unread} can't be read")
    whole = sha256()
    for name, digest in zip(names, digests, strict=True):
        whole.update(f"{digest} {name}\0".encode("utf-8", "surrogateescape"))
    short = [digest[:_SHORT] for digest in digests]
    own = dict(zip(names, short, strict=True)) if len(names) <= MOST_NAMES else {}
    return LookedAt(whole.hexdigest(), len(names), own)
