"""What a journal says last of one node, found from its end, without reading all of it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from dagtui.store.errors import JournalError
from dagtui.store.files import open_file
from dagtui.store.journal import LONGEST_LINE, record_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = 262_144


def last_record_of(path: Path, node_label: str) -> dict[str, object] | None:
    """Return the last record of a node in a journal, or None. Raises JournalError if it can't be read.

    Lines that are torn or damaged are passed over: what is there of a damaged journal is better than nothing.
    """
    words = f'"event":"node","node":{json.dumps(node_label)},'.encode()
    for line in _lines_backwards(path, words):
        if (record := record_in(line)) is not None:
            return record
    return None


def _lines_backwards(path: Path, words: bytes) -> Iterator[bytes]:
    """Yield lines with some words, the last one first. Blocks without the words are not split into lines."""
    try:
        with open(open_file(path, os.O_RDONLY), "rb", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            rest, size = b"", _BLOCK
            while end > 0:
                begin = max(0, end - size)
                file.seek(begin)
                block = file.read(end - begin) + rest
                end = begin
                whole = block.find(b"\n") + 1 if begin else 0
                if begin and not whole:
                    rest, size = block if len(block) <= LONGEST_LINE else b"", min(2 * size, LONGEST_LINE)
                    continue
                size = _BLOCK
                at = block.rfind(words, whole)
                while at >= 0:
                    first = block.rfind(b"\n", 0, at) + 1
                    last = block.find(b"\n", at)
                    yield block[first : len(block) if last < 0 else last]
                    at = block.rfind(words, whole, first)
                rest = block[:whole]
    except OSError as error:
        raise JournalError.of("read the journal", path, error) from error
