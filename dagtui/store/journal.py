"""The journal: numbered, checksummed JSON lines that are only ever appended."""

from __future__ import annotations

import json
import os
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagtui.store.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VERSION = 1
_CHECK = b',"crc":"'
_TAIL = len(b',"crc":"00000000"}')


class JournalWriter:
    """Appends lines to a journal; each call of `write` is one system call, so that lines survive this process."""

    def __init__(self, path: Path) -> None:
        """Open a new journal and write its first line, which tells the version of the format. Raises JournalError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._path = path
        self._number = 0
        try:
            self._fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise JournalError(f"the journal can't be made: {path}: {error.strerror}") from error
        self._size = 0
        self.write([(time.time(), f'"event":"journal","version":{VERSION}')])

    def write(self, fields: Iterable[tuple[float, str]]) -> bytes:
        """Append a line for each (wall time, inside of a JSON object); returns what was appended.

        Raises JournalError when it can't be written whole; then nothing of it stays.
        """
        number = self._number
        lines = []
        for when, text in fields:
            number += 1
            head = f'{{"seq":{number},"time":{when:.3f},{text}'.encode()
            lines.append(b'%b,"crc":"%08x"}\n' % (head, zlib.crc32(head)))
        block = b"".join(lines)
        self._append(block)
        self._number = number
        return block

    def _append(self, block: bytes) -> None:
        view = memoryview(block)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            os.ftruncate(self._fd, self._size)
            raise JournalError(f"the journal can't be written: {self._path}: {error.strerror}") from error
        self._size += len(block)

    def sync(self) -> None:
        """Make what was written survive the loss of power. Raises JournalError."""
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise JournalError(f"the journal can't be synced: {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; nothing can be written any more."""
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class JournalReading:
    """What a journal holds."""

    records: list[dict[str, object]]
    """The whole lines, in their order."""
    torn: bytes
    """What follows the last whole line."""
    problem: str | None
    """What is wrong with the first line that is not whole; None when all are."""


def read_journal(path: Path) -> JournalReading:
    """Read a journal up to the first line that is torn or damaged. Raises JournalError when it can't be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(f"the journal can't be read: {path}: {error.strerror}") from error
    records: list[dict[str, object]] = []
    position = 0
    while position < len(content):
        end = content.find(b"\n", position)
        record = None if end < 0 else parse_line(content[position:end], len(records) + 1)
        if record is None:
            return JournalReading(records, content[position:], f"line {len(records) + 1} is torn or damaged")
        records.append(record)
        position = end + 1
    return JournalReading(records, b"", None)


def parse_line(line: bytes, number: int) -> dict[str, object] | None:
    """The record of a line, if its checksum and its number are right."""
    head, tail = line[:-_TAIL], line[-_TAIL:]
    if not tail.startswith(_CHECK) or tail != b',"crc":"%08x"}' % zlib.crc32(head):
        return None
    try:
        record = json.loads(head + b"}")
    except ValueError:
        return None
    return record if isinstance(record, dict) and record.get("seq") == number else None
