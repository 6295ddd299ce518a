"""The journal: numbered, checksummed JSON lines in an append-only file."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import zlib
from typing import TYPE_CHECKING, Self

from dagtui.store.errors import JournalError
from dagtui.store.files import open_file
from dagtui.text import label
from dagtui.text.amounts import WallTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

VERSION = 1
_CHECK = b',"crc":"'
_decode = json.JSONDecoder().raw_decode
_TAIL = len(b',"crc":"00000000"}')
_BLOCK = 1_048_576
LONGEST_LINE = 64 * _BLOCK
"""The longest line in bytes that is accepted. It bounds the memory that a corrupt file can take."""


class JournalWriter:
    """Appends lines to a journal. Each `write` is one system call, so that lines survive the death of this process."""

    def __init__(self, path: Path) -> None:
        """Create a journal and write its first line, which states the version of the format. Raises StoreError."""
        self._begin(path, os.O_CREAT | os.O_EXCL)
        self.write([(WallTime(time.time()), f'"event":"journal","version":{VERSION}')])

    @classmethod
    def reopen(cls, reader: JournalReader) -> Self:
        """Continue a journal that was read to its end. Call `set_aside` on a torn end first. Raises StoreError."""
        path = reader.path
        writer = cls.__new__(cls)
        writer._begin(path, 0)
        writer._number, writer._size = reader.lines, reader.size
        problem = reader.problem
        if problem is None and os.fstat(writer._fd).st_size != reader.size:
            problem = "another process has written to it since it was read"
        if problem is not None:
            writer.close()
            raise JournalError(f"can't continue the journal {label(path, 1000)}: {problem}")
        return writer

    def _begin(self, path: Path, flags: int) -> None:
        self.path = path
        self._number = 0
        self._size = 0
        self._torn = False
        try:
            self._fd = open_file(path, os.O_WRONLY | os.O_APPEND | flags)
        except OSError as error:
            raise JournalError.of("open the journal", path, error) from error

    def write(self, fields: Iterable[tuple[WallTime, str]]) -> bytes:
        """Append a line for each (wall time, content of a JSON object). Return the appended bytes.

        Raises JournalError if the lines can't be written whole. Then none of them remains, and the same lines may be
        written again later. Raises ValueError for a text with a line break, which can't be the content of an object.
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
            with contextlib.suppress(OSError):  # the next write tries again before it appends anything
                self._cut()
            raise JournalError.of("write the journal", self.path, error) from error
        self._size += len(block)

    def _cut(self) -> None:
        """Remove what was written of lines that could not be written whole."""
        os.ftruncate(self._fd, self._size)
        self._torn = False

    def sync(self) -> None:
        """Make what was written survive a power failure. Blocks as long as the disk takes. Raises JournalError."""
        try:
            if sys.platform == "darwin":
                os.fsync(self._fd)
            else:
                os.fdatasync(self._fd)
        except OSError as error:
            raise JournalError.of("sync the journal", self.path, error) from error

    def close(self) -> None:
        """Close the file. Nothing can be written afterwards."""
        os.close(self._fd)


class JournalReader:
    """Reads the whole lines of a journal once, in order, in little memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        """Number of whole lines read, which is their total once the iteration has ended."""
        self.size = 0
        """Size of the whole lines in bytes."""
        self.torn = b""
        """What follows the last whole line, up to its first megabyte."""
        self.problem: str | None = None
        """What is wrong with the first line that is not whole, or None if all are."""

    def __iter__(self) -> Iterator[dict[str, object]]:
        """Yield the records before the first torn or damaged line. Raises StoreError if the file can't be read.

        A journal of a later version can't be read, but that is not damage.
        """
        try:
            with open(open_file(self.path, os.O_RDONLY), "rb", buffering=_BLOCK) as file:
                while line := file.readline(LONGEST_LINE):
                    record = parse_line(line[:-1], self.lines + 1) if line.endswith(b"\n") else None
                    if record is None:
                        self.torn = (line + file.read(max(0, _BLOCK - len(line))))[:_BLOCK]
                        self.problem = f"line {self.lines + 1}, from byte {self.size} on, is torn or damaged"
                        return
                    if not self.lines:
                        check_version(record, self.path)
                    self.lines += 1
                    self.size += len(line)
                    yield record
        except OSError as error:
            raise JournalError.of("read the journal", self.path, error) from error
        if not self.lines:
            self.problem = "it is empty"


class JournalFollower:
    """Reads the records that another process appends to a live journal."""

    def __init__(self, path: Path) -> None:
        """Follow a journal that need not exist yet."""
        self._path = path
        self._fd = -1
        self._offset = 0
        self._number = 0
        self._doubted = 0
        self.problem: str | None = None
        """What is wrong with a line. Nothing after that line is read."""

    def poll(self, budget_bytes: int = _BLOCK) -> list[dict[str, object]] | None:
        """Return the records in the next `budget_bytes` or so, or None if all earlier records must be read again.

        That happens after lines were taken back because the disk was full. Raises StoreError.
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
        """Return the next whole lines, or None if the file is now shorter than what was read."""
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
        """Handle a line that does not follow what was read: either that was taken back, or the line is damaged."""
        if self._doubted == self._number + 1:
            self.problem = f"line {self._doubted} is damaged"
            return []
        self._doubted = self._number + 1
        self._start_again()
        return None

    def _start_again(self) -> None:
        self._offset = 0
        self._number = 0


def check_version(first: dict[str, object], path: Path) -> None:
    """Raise JournalError unless the first record of a journal states a version that can be read."""
    version = first.get("version")
    if first.get("event") != "journal" or not isinstance(version, int):
        raise JournalError(f"can't read the journal {label(path, 1000)}: its first line does not state its version")
    if version > VERSION:
        raise JournalError(
            f"can't read the journal {label(path, 1000)}: "
            f"it was written by a later version of dagtui (format {version})"
        )


def is_whole(line: bytes) -> bool:
    """Return whether the checksum of a line, without its newline, is correct."""
    head, tail = line[:-_TAIL], line[-_TAIL:]
    return tail.startswith(_CHECK) and tail == b',"crc":"%08x"}' % zlib.crc32(head)


def parse_line(line: bytes, number: int) -> dict[str, object] | None:
    """Return the record of a line, or None if its checksum or its number is wrong."""
    if not is_whole(line):
        return None
    try:
        text = line[:-_TAIL].decode() + "}"
        record, end = _decode(text)  # takes half the time of json.loads, which first detects the encoding of bytes
    except (ValueError, RecursionError):
        return None
    return record if end == len(text) and isinstance(record, dict) and record.get("seq") == number else None


def record_in(line: bytes) -> dict[str, object] | None:
    """Return the record of a line of which the number is not known, or None if the line is damaged."""
    try:
        record = json.loads(line) if is_whole(line) else None
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def last_record_in(tail: bytes) -> dict[str, object] | None:
    """Return the last record in the end of a journal. Empty if that has none, and None if its line is damaged.

    Notes do not count: earlier versions could record them behind the end of a run.
    """
    for line in reversed(tail.removesuffix(b"\n").split(b"\n")):
        record = record_in(line)
        if record is None or record.get("event") != "note":
            return record
    return {}


def set_aside(reader: JournalReader) -> Path | None:
    """Move what follows the whole lines to `journal.jsonl.torn-N` beside the journal. Return that file, if any.

    The journal must have been read to its end, and the caller must hold the run's lock. Nothing is cut before its
    copy is on disk. Raises StoreError.
    """
    if not reader.torn:
        return None
    path, size = reader.path, reader.size
    if not reader.lines:
        what = f"can't recover the journal {label(path, 1000)}: no line of it is intact"
        raise JournalError(f"{what}; start a new run with --fresh")
    import shutil

    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.torn-{number}")):
        number += 1
    try:
        with (
            open(open_file(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as copy,
            open(open_file(path, os.O_RDWR), "rb+") as journal,
        ):
            journal.seek(size)
            shutil.copyfileobj(journal, copy, _BLOCK)
            copy.flush()
            os.fsync(copy.fileno())
            journal.truncate(size)
            os.fsync(journal.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            if path.stat().st_size > size:
                aside.unlink()  # an incomplete copy: the journal still has everything
        raise JournalError.of("set aside the torn end of", path, error) from error
    reader.torn, reader.problem = b"", None
    return aside
