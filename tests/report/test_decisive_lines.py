"""The line of a log that says what went wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dagtui.report.decisive_lines import SEARCHED_BYTES, decisive_line

if TYPE_CHECKING:
    from pathlib import Path

TRACEBACK = b"""reading a.csv
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    raise KeyError(1)

KeyError: 1
bye
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"one\ntwo\n\n", "two"),
        (b"one\nERROR: disk full\nwhat follows\n", "ERROR: disk full"),
        (b"0 errors\nno error\nlast\n", "last"),
        (b"x\n[dagtui: ends 1 process that failed]\n", "x"),
        (TRACEBACK, "KeyError: 1"),
        (b"  \x1b[31mfatal:\x1b[0m a\x07b\n", "fatal: a^Gb"),
        (b"10 %\r100 %\rerror: gone\n", "error: gone"),
        (b"Traceback (most recent call last):\n", "Traceback (most recent call last):"),
        (b"error: caf\xc3\xa9 \xe2\x80\xae\xff\n", "error: café \\u202e�"),
    ],
)
def test_it_is_the_first_error_or_the_last_line_with_text(tmp_path: Path, log: bytes, line: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(log)
    assert decisive_line(path) == line


@pytest.mark.parametrize("before", [0, 1, (256 << 10) - 7, 256 << 10, 700_001])
@pytest.mark.parametrize("filler", [b"all is well here\n", b"x" * 70_000 + b"\n", b"failed-over to b\n"])
def test_an_error_is_found_wherever_it_stands(tmp_path: Path, before: int, filler: bytes) -> None:
    path = tmp_path / "log"
    padding = (filler * (before // len(filler) + 1))[:before]
    path.write_bytes(padding + b"\nerror: here\n" + filler * 3)
    assert decisive_line(path) == "error: here"


def test_of_a_huge_log_the_end_decides(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as file:
        os.truncate(file.fileno(), SEARCHED_BYTES * 4)
        file.seek(0, 2)
        file.write(b"\nall is well\nerror: at last\nbye\n")
    assert decisive_line(path) == "error: at last"


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert decisive_line(tmp_path / "gone") == ""
