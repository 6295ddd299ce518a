"""The line of a log that says what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from dagtui.store.log_queries import ErrorLine
from dagtui.text.amounts import REMARK
from dagtui.text.lines import plain_line
from dagtui.text.redraws import final_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SEARCHED_BYTES: Final = 8 << 20
"""How much of a log is searched from its beginning. Of a longer one, the end decides."""
TAIL_BYTES: Final = 64 << 10
_BLOCK: Final = 256 << 10
_TRACEBACK: Final = "Traceback (most recent call last):"
_ERRORS: Final = ErrorLine()


def decisive_line(path: Path) -> str:
    """Return the line of a log that says what went wrong, safe to show: the first that looks like an error.

    Of a Python traceback, this is the line with the exception. Without an error, it is the last line with any text.
    Empty if nothing was printed, or if the log can't be read.
    """
    try:
        with path.open("rb") as file:
            return _first_error(file) or decisive_of(tail_of(file))
    except OSError:
        return ""


def decisive_of(lines: Sequence[bytes]) -> str:
    """Return the line that says what went wrong among the last lines of a log."""
    said = [line for line in lines if line.strip() and not plain_line(line).startswith(REMARK)]
    found = next((at for at, line in enumerate(said) if _ERRORS.matches(line)), None)
    if found is None:
        return plain_line(said[-1]).strip() if said else ""
    first = plain_line(said[found]).strip()
    if not first.startswith(_TRACEBACK):
        return first
    unindented = (line for line in said[found + 1 :] if not line[:1].isspace())
    return plain_line(next(unindented, said[found])).strip()


def tail_of(file: BinaryIO) -> list[bytes]:
    """Return the last lines of a log, as a terminal would have left them. Reads only the end of the file."""
    size = file.seek(0, 2)
    file.seek(max(0, size - TAIL_BYTES))
    text = file.read(TAIL_BYTES)
    return final_lines(text.rstrip(b"\n")) if text.strip() else []


def _first_error(file: BinaryIO) -> str:
    """Return the first line that looks like an error, or an empty text. Most blocks are told apart at a glance."""
    start, rest = 0, b""
    while start < SEARCHED_BYTES and (block := file.read(_BLOCK)):
        text = rest + block
        if _ERRORS.may_match(text):
            lines = text.splitlines(keepends=True)
            for line in lines:
                if _ERRORS.matches(line) and not plain_line(line).startswith(REMARK):
                    file.seek(start)
                    return decisive_of(final_lines(file.read(TAIL_BYTES)))
                start += len(line)
            start -= len(text)
        cut = text.rfind(b"\n") + 1 or len(text)
        rest, start = text[cut:], start + cut
    return ""
