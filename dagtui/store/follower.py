"""Follow a journal that another process writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dagtui.store.errors import JournalError
from dagtui.store.files import open_file
from dagtui.store.journal import LONGEST_LINE, parse_line

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1_048_576


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
