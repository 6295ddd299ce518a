"""The journal: numbered, checksummed JSON lines that are only ever appended."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dagtui.store.errors import JournalError
from dagtui.store.files import open_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VERSION = 1
_CHECK = b',"crc":"'
_TAIL = len(b',"crc":"00000000"}')
_BLOCK = 1_048_576
LONGEST_LINE = 64 * _BLOCK
"""Bytes of one line that are still believed to be one: a file of absurd content must not fill the memory."""


class JournalWriter:
    """Appends lines to a journal; each call of `write` is one system call, so that lines survive this process."""

    def __init__(self, path: Path) -> None:
        """Make a new journal and write its first line, which tells the version of the format. Raises StoreError."""
        self._begin(path, os.O_CREAT | os.O_EXCL)
        self.write([(time.time(), f'"event":"journal","version":{VERSION}')])

    @classmethod
    def reopen(cls, path: Path, reading: JournalReading | None = None) -> Self:
        """Go on with a journal that is whole; `set_aside` its torn tail first. Raises StoreError.

        A `reading` saves reading it again; nobody may have written since.
        """
        reading = reading or read_journal(path)
        if reading.problem is not None:
            raise JournalError(f"can't go on with the journal {path}: {reading.problem}")
        writer = cls.__new__(cls)
        writer._begin(path, 0)
        writer._number = len(reading.records)
        writer._size = reading.size
        return writer

    def _begin(self, path: Path, flags: int) -> None:
        self._path = path
        self._number = 0
        self._size = 0
        self._torn = False
        try:
            self._fd = open_file(path, os.O_WRONLY | os.O_APPEND | flags)
        except OSError as error:
            raise JournalError.of("open the journal", path, error) from error

    def write(self, fields: Iterable[tuple[float, str]]) -> bytes:
        """Append a line for each (wall time, inside of a JSON object); returns what was appended.

        Raises JournalError when they can't be written whole; then nothing of them stays, and the same lines may be
        given again later. Raises ValueError for a text with a line break, which is no inside of a JSON object.
        """
        number = self._number
        lines = []
        for when, text in fields:
            number += 1
            # A lone surrogate becomes its JSON escape.
            head = f'{{"seq":{number},"time":{when:.3f},{text}'.encode("utf-8", "backslashreplace")
            lines.append(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
        block = b"".join(lines)
        if block.count(b"\n") != len(lines):
            raise ValueError("a record of the journal contains a line break")
        self._append(block)
        self._number = number
        return block

    def _append(self, block: bytes) -> None:
        view = memoryview(block)
        try:
            if self._torn:
                self._cut()
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            self._torn = True
            with contextlib.suppress(OSError):  # the next write tries again before it adds anything
                self._cut()
            raise JournalError.of("write the journal", self._path, error) from error
        self._size += len(block)

    def _cut(self) -> None:
        """Remove what was written of lines that could not be written whole."""
        os.ftruncate(self._fd, self._size)
        self._torn = False

    def sync(self) -> None:
        """Make what was written survive the loss of power; blocks as long as the disk takes. Raises JournalError."""
        try:
            if sys.platform == "darwin":
                os.fsync(self._fd)
            else:
                os.fdatasync(self._fd)
        except OSError as error:
            raise JournalError.of("sync the journal", self._path, error) from error

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class JournalReading:
    """What a journal holds."""

    records: list[dict[str, object]]
    """The whole lines, in their order."""
    torn: bytes
    """What follows the last whole line; of more than a megabyte, its beginning."""
    problem: str | None
    """What is wrong with the first line that is not whole; None when all are."""
    size: int
    """Bytes of the whole lines."""


def read_journal(path: Path) -> JournalReading:
    """Read a journal up to the first line that is torn or damaged; raises StoreError when it can't be read.

    A journal of a later version can't be read, which is no damage.
    """
    records: list[dict[str, object]] = []
    position = 0
    try:
        with open(open_file(path, os.O_RDONLY), "rb", buffering=_BLOCK) as file:
            while line := file.readline(LONGEST_LINE):
                record = parse_line(line[:-1], len(records) + 1) if line.endswith(b"\n") else None
                if record is None:
                    torn = (line + file.read(max(0, _BLOCK - len(line))))[:_BLOCK]
                    problem = f"line {len(records) + 1}, from byte {position} on, is torn or damaged"
                    return JournalReading(records, torn, problem, position)
                if not records:
                    check_version(record, path)
                records.append(record)
                position += len(line)
    except OSError as error:
        raise JournalError.of("read the journal", path, error) from error
    return JournalReading(records, b"", None if records else "it is empty", position)


def check_version(first: dict[str, object], path: Path) -> None:
    """Raise JournalError unless the first record of a journal tells a version that this dagtui reads."""
    version = first.get("version")
    if first.get("event") != "journal" or not isinstance(version, int):
        raise JournalError(f"can't read the journal {path}: its first line does not tell its version")
    if version > VERSION:
        raise JournalError(f"can't read the journal {path}: it was written by a later dagtui (format {version})")


def is_whole(line: bytes) -> bool:
    """Whether the checksum of a line, without its newline, is right."""
    head, tail = line[:-_TAIL], line[-_TAIL:]
    return tail.startswith(_CHECK) and tail == b',"crc":"%08x"}' % zlib.crc32(head)


def parse_line(line: bytes, number: int) -> dict[str, object] | None:
    """The record of a line, if its checksum and its number are right."""
    if not is_whole(line):
        return None
    try:
        record = json.loads(line[:-_TAIL] + b"}")
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and record.get("seq") == number else None


def set_aside(path: Path) -> Path | None:
    """Move what follows the last whole line to `journal.jsonl.torn-N` beside it; returns that file, if there was any.

    Only for whoever holds the run's lock. Raises StoreError; nothing is cut before its copy is on disk.
    """
    reading = read_journal(path)
    if not reading.torn:
        return None
    if not reading.records:
        raise JournalError(f"can't recover the journal {path}: nothing of it is whole")
    import shutil

    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.torn-{number}")):
        number += 1
    try:
        with (
            open(open_file(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as copy,
            open(open_file(path, os.O_RDWR), "rb+") as journal,
        ):
            journal.seek(reading.size)
            shutil.copyfileobj(journal, copy, _BLOCK)
            copy.flush()
            os.fsync(copy.fileno())
            journal.truncate(reading.size)
            os.fsync(journal.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            if path.stat().st_size > reading.size:
                aside.unlink()  # half a copy; the journal still has it all
        raise JournalError.of("set aside the torn end of", path, error) from error
    return aside


class JournalFollower:
    """Reads what others append to a live journal."""

    def __init__(self, path: Path) -> None:
        """The journal may not be there yet."""
        self._path = path
        self._fd = -1
        self._offset = 0
        self._number = 0
        self._doubted = 0
        self.problem: str | None = None
        """What is wrong with a line; nothing after it is read."""

    def poll(self, budget_bytes: int = _BLOCK) -> list[dict[str, object]] | None:
        """The new records, looking at about so many bytes; None: forget all that was read, it comes again.

        That happens when lines were taken back because those written with them had no room on the disk. Raises
        StoreError.
        """
        if self.problem is not None:
            return []
        try:
            data = self._read_lines(budget_bytes)
        except OSError as error:
            raise JournalError.of("read the journal", self._path, error) from error
        if data is None:
            self._start_again()
            return None
        records: list[dict[str, object]] = []
        for line in data.split(b"\n")[:-1]:
            record = parse_line(line, self._number + 1)
            if record is None:
                return records or self._doubt()
            self._number += 1
            self._offset += len(line) + 1
            records.append(record)
        return records

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _read_lines(self, budget: int) -> bytes | None:
        """The next whole lines; None when the file has become shorter than what was read."""
        if self._fd < 0:
            try:
                self._fd = open_file(self._path, os.O_RDONLY)
            except FileNotFoundError:
                return b""
        if os.fstat(self._fd).st_size < self._offset:
            return None
        while True:
            data = os.pread(self._fd, budget, self._offset)
            end = data.rfind(b"\n") + 1
            if end or len(data) < budget:
                return data[:end]
            if budget > LONGEST_LINE:
                self.problem = f"line {self._number + 1} is damaged"
                return b""
            budget *= 2

    def _doubt(self) -> list[dict[str, object]] | None:
        """A line does not follow what was read: either that was taken back, or the line is damaged."""
        if self._doubted == self._number + 1:
            self.problem = f"line {self._doubted} is damaged"
            return []
        self._doubted = self._number + 1
        self._start_again()
        return None

    def _start_again(self) -> None:
        """Forget what was read."""
        self._offset = 0
        self._number = 0
