"""Read the file for the values of an attempt. Reading ends, no matter what an attempt put in its place."""

from __future__ import annotations

import os
import stat

LARGEST = 1 << 20
"""Bytes of the largest file that is read."""
_SAFE = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a planted FIFO must not block


def read_content(path: str) -> tuple[bytes | None, str]:
    """Return the content of the file. If it has none, return None and why: nothing if the file is missing."""
    try:
        fd = os.open(path, os.O_RDONLY | _SAFE)
        with open(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None, "it is not a file any more"
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        return None, os.strerror(error.errno or 0).lower()
    if len(content) > LARGEST:
        return None, f"it has more than {LARGEST:,} bytes"
    return content, ""
