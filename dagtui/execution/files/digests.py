"""Digests of files, read by threads. What was read once is remembered until a file's stamp changes.

A stamp is trusted only for a file that had not changed for a moment when it was read: within the granularity of a file
system's clock a file can change again without another stamp (git calls this "racy").
"""

from __future__ import annotations

import os
import stat
import time
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dagtui.execution.files.listing import Interrupted, ListedFile, stamp_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from concurrent.futures import ThreadPoolExecutor

UNREADABLE = ""
"""Stands for the digest of a file that can't be read. It equals no other digest."""
_BLOCK = 1 << 18
_AT_ONCE = 1 << 22
"""Bytes that one thread reads before the next files are given out."""
_MOST_AT_ONCE = 64
_FINE, _COARSE = 30_000_000, 2_000_000_000
"""Nanoseconds within which a second change may go unseen: with a clock of ticks, and of one or two seconds (FAT)."""


class KnownDigest(NamedTuple):
    """A remembered digest, valid while the stamp of the file is the same."""

    stamp: bytes
    digest: bytes


class DigestCache(Protocol):
    """Remembers digests by path."""

    def known_digests(self, paths: Sequence[str]) -> Mapping[str, KnownDigest]:
        """Return what is known of some paths."""

    def remember_digests(self, found: Iterable[tuple[str, KnownDigest]]) -> None:
        """Remember digests."""


class FileDigests:
    """The digests of files, from the cache or by reading. Any thread may call."""

    def __init__(self, cache: DigestCache, threads: int) -> None:
        self._cache = cache
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def known(self, files: Sequence[ListedFile]) -> list[str | None]:
        """Return the digests that are remembered, and None for files that must be read."""
        remembered = self._cache.known_digests([file.path for file in files if file.stamp])
        found: list[str | None] = []
        for file in files:
            entry = remembered.get(file.path)
            if file.target:
                found.append(sha256(b"link to " + os.fsencode(file.target)).hexdigest())
            elif not file.stamp:
                found.append(UNREADABLE)
            else:
                found.append(entry.digest.hex() if entry is not None and entry.stamp == file.stamp else None)
        return found

    def read(self, files: Sequence[ListedFile], is_stopped: Callable[[], bool]) -> list[str]:
        """Read files and return their digests. Raises Interrupted."""
        batches = _batches(files)
        if len(batches) == 1 or self._threads == 1:
            results = [_read_batch(batch, is_stopped) for batch in batches]
        else:
            results = list(self._threads_pool().map(_read_batch, batches, [is_stopped] * len(batches)))
        found = [entry for result in results for entry in result]
        trusted = [
            (file.path, KnownDigest(file.stamp, bytes.fromhex(entry.digest)))
            for file, entry in zip(files, found, strict=True)
            if entry.is_trusted
        ]
        if trusted:
            self._cache.remember_digests(trusted)
        return [entry.digest for entry in found]

    def close(self) -> None:
        """Let the threads end."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _threads_pool(self) -> ThreadPoolExecutor:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._threads, "dagtui-digests")
        return self._pool


class _Read(NamedTuple):
    digest: str
    is_trusted: bool


def _batches(files: Sequence[ListedFile]) -> list[list[ListedFile]]:
    """Split files in order, so that each batch takes about as long as the others."""
    batches: list[list[ListedFile]] = []
    room = 0
    for file in files:
        if room <= 0 or len(batches[-1]) >= _MOST_AT_ONCE:
            batches.append([])
            room = _AT_ONCE
        batches[-1].append(file)
        room -= file.size
    return batches


def _read_batch(files: Sequence[ListedFile], is_stopped: Callable[[], bool]) -> list[_Read]:
    found = []
    for file in files:
        if is_stopped():
            raise Interrupted
        found.append(_read(file, is_stopped) if file.stamp else _Read(UNREADABLE, is_trusted=False))
    return found


def _read(file: ListedFile, is_stopped: Callable[[], bool]) -> _Read:
    began = time.time_ns()
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return _Read(UNREADABLE, is_trusted=False)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):  # it was replaced by a pipe or a folder
            return _Read(UNREADABLE, is_trusted=False)
        digest = _digest_of(descriptor, before.st_size, is_stopped)
        stamp = stamp_of(os.fstat(descriptor))
    except OSError:
        return _Read(UNREADABLE, is_trusted=False)
    finally:
        os.close(descriptor)
    is_trusted = stamp == file.stamp and before.st_ctime_ns + granularity(before) < began
    return _Read(digest, is_trusted)


def granularity(status: os.stat_result) -> int:
    """Return for how many nanoseconds after its last change a file may change again under the same stamp."""
    is_fine = status.st_ctime_ns % 1_000_000_000 or status.st_mtime_ns % 1_000_000_000
    return _FINE if is_fine else _COARSE


def _digest_of(descriptor: int, size: int, is_stopped: Callable[[], bool]) -> str:
    if size < _BLOCK:  # one call reads it all, and another one would find the end
        content = os.read(descriptor, _BLOCK)
        if len(content) == size:
            return sha256(content).hexdigest()
        digest = sha256(content)
    else:
        digest = sha256()
    buffer = bytearray(_BLOCK)
    view = memoryview(buffer)
    while length := os.readv(descriptor, [buffer]):
        digest.update(view[:length])
        if is_stopped():
            raise Interrupted
    return digest.hexdigest()
