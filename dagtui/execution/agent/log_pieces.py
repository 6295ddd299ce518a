"""Pieces of logs, and when their parts were printed (log_file.py)."""

from __future__ import annotations

import os
import struct

_PIECE = 1 << 18
"""Bytes of a log in one answer."""
_MOST_TIMES = 4096
_RECORD = struct.Struct("<Qd")  # see log_file.py


def read_piece(path: str, offset: int) -> bytes:
    """Return a piece of a file that begins at an offset. Nothing: there is none, or it can't be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.pread(fd, _PIECE, offset)
    except OSError:
        return b""
    finally:
        os.close(fd)


def times_of(path: str, start: int, end: int) -> list[tuple[int, float]]:
    """Return when the parts of a log that begin between two offsets were printed, as far as it was recorded."""
    records: list[tuple[int, float]] = []
    at = 0
    while len(records) < _MOST_TIMES:
        page = read_piece(path, at)
        page = page[: len(page) - len(page) % _RECORD.size]
        found = [(int(offset), float(wall)) for offset, wall in _RECORD.iter_unpack(page)]
        records += [(offset, wall) for offset, wall in found if start <= offset < end]
        at += len(page)
        if not page or found[-1][0] >= end:
            break
    return records
