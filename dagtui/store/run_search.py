"""Search all logs of a run for the lines that match, with a bounded amount of memory."""

from __future__ import annotations

import os
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from dagtui.store.files import open_file
from dagtui.store.log_queries import has_rewrites, without_colours
from dagtui.text.lines import LINE_LIMIT

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator
    from pathlib import Path

    from dagtui.store.log_queries import Query

_BLOCK = 1 << 16
"""Bytes to search at once. Blocks that stay in the processor's cache take a third of the time of large ones."""


class MatchingLine(NamedTuple):
    """A line of a log that matches."""

    number: int
    """Counted from 1."""
    line: bytes
    """As it was printed, without its colours and its line break. Of a very long one, the beginning."""
    offset: int
    """Where it begins in the file."""


def matching_lines(path: Path, query: Query) -> Iterator[MatchingLine]:
    """Yield the lines of a log that match, or nothing if there is no log. Raises OSError.

    A line longer than LINE_LIMIT is judged by its pieces of that length.
    """
    try:
        file = open_file(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        lines = _LineCounter(file)
        offset, last, at_end = 0, 0, False
        while not at_end:
            block, end, at_end = _block_at(file, offset)
            if block and query.may_match(block):
                for found in _in_block(block[:end], query, lines.before(offset), offset):
                    if found.number != last:  # the pieces of a long line have one number
                        yield found
                    last = found.number
            offset += end
    finally:
        os.close(file)


class _LineCounter:
    """Counts the lines before an offset, which only grows: most logs have no match, and need no numbers."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = self._count = 0

    def before(self, offset: int) -> int:
        """Return the number of whole lines before an offset."""
        while self._offset < offset:
            data = os.pread(self._descriptor, min(_BLOCK, offset - self._offset), self._offset)
            if not data:
                break
            self._count += data.count(b"\n")
            self._offset += len(data)
        return self._count


def _block_at(descriptor: int, offset: int) -> tuple[bytes, int, bool]:
    """Return a block, the end of its whole lines, and whether it is the last one. A very long line is cut."""
    size = _BLOCK
    while True:
        read = os.pread(descriptor, size, offset)
        if len(read) < size:
            return read, len(read), True
        end = read.rfind(b"\n") + 1
        if end or size > LINE_LIMIT:
            return read, end or size, False
        size *= 2


def _in_block(block: bytes, query: Query, before: int, offset: int) -> Iterator[MatchingLine]:
    """Yield the matching lines of a block. `before` lines and `offset` bytes precede it."""
    block = block.removesuffix(b"\n")  # what follows the last line break is not a line
    if query.pattern is None or not block.isascii() or has_rewrites(block):
        for number, line in enumerate(block.split(b"\n"), before + 1):
            if query.matches(line):
                yield MatchingLine(number, without_colours(line[:LINE_LIMIT]), offset)
            offset += len(line) + 1
        return
    shown = without_colours(block)
    found = _as_printed(shown, query.pattern, query, before)
    if shown is block:
        yield from (one._replace(offset=offset + one.offset) for one in found)
        return
    starts = list(accumulate((len(line) + 1 for line in block.split(b"\n")), initial=0))
    yield from (one._replace(offset=offset + starts[one.number - before - 1]) for one in found)


def _as_printed(block: bytes, pattern: re.Pattern[bytes], query: Query, before: int) -> Iterator[MatchingLine]:
    """Search lines that are shown as they were printed, all at once. Offsets are those in the block."""
    number, counted, position = before + 1, 0, 0
    searched = block.lower() if query.folds else block
    while (found := pattern.search(searched, position)) is not None:
        start = block.rfind(b"\n", 0, found.start()) + 1
        end = block.find(b"\n", found.start())
        end = len(block) if end < 0 else end
        number += block.count(b"\n", counted, start)
        counted, position = start, end + 1
        if found.end() <= end or query.matches(block[start:end]):
            yield MatchingLine(number, block[start : min(end, start + LINE_LIMIT)], start)
        if position > len(block):
            return
