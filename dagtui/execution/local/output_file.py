"""The file that `$DAGTUI_OUTPUT` names: the values that an attempt hands on, as lines `KEY=VALUE` and blocks.

    rows=1200
    note<<END
    several
    lines
    END

A later value of a key replaces an earlier one. What can't be read is left out and said. The content comes from a task,
so nothing about it is certain.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from typing import NamedTuple

from dagtui.execution.local.output_content import read_content
from dagtui.text import label, plural

MOST_NAMES = 10_000
"""Number of names in one file. All of them are recorded in one step, which must not delay a run."""
_SHOWN = 3
_ENTRY = rb"(?s)([A-Za-z_][A-Za-z0-9_.-]{0,199})(=|<<)(.*)"  # compiled with the first output, which most runs lack
_MARK = b"\xef\xbb\xbf"  # some programs write it at the beginning of a file in UTF-8


class OutputValues(NamedTuple):
    """What an attempt has written."""

    values: dict[str, str]
    remark: str = ""
    """What could not be read, safe to show. Empty: everything was."""


NOTHING_WRITTEN = OutputValues({})


def remove_values(path: str) -> None:
    """Remove a file for values, unless there is none, or a folder or a device in its place."""
    with contextlib.suppress(OSError):
        if not stat.S_ISCHR(os.lstat(path).st_mode):
            os.unlink(path)


def read_output(path: str) -> OutputValues:
    """Return what an attempt has written to its file. The file may be missing."""
    content, problem = read_content(path)
    if content is None:
        return unread(problem) if problem else NOTHING_WRITTEN
    return parse_output(content)


def unread(why: str) -> OutputValues:
    """Return that nothing is taken, and why."""
    return OutputValues({}, f"no value is taken from $DAGTUI_OUTPUT: {why}")


def parse_output(content: bytes) -> OutputValues:
    """Return the values in the content of a file. Each line is looked at once."""
    values: dict[str, str] = {}
    wrong: list[str] = []
    lines = content.removeprefix(_MARK).split(b"\n")
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].removesuffix(b"\r")
        at += 1
        if not line:
            continue
        entry = re.fullmatch(_ENTRY, line)
        if entry is None or (entry[2] == b"<<" and not entry[3]):
            wrong.append(f'line {number:,} is not KEY=VALUE: "{_shown(line)}"')
            continue
        key, text = entry[1].decode("ascii"), entry[3]
        if entry[2] == b"<<":
            end = _end_of_block(lines, at, text)
            if end is None:
                wrong.append(f'line {number:,} begins a block, but no line "{_shown(text)}" ends it')
                break
            text = b"\n".join([inside.removesuffix(b"\r") for inside in lines[at:end]])
            at = end + 1
        problem = _add(values, key, text)
        if problem:
            wrong.append(f'the value of "{label(key, 40)}" in line {number:,} {problem}')
    if len(values) > MOST_NAMES:
        return unread(f"it has {len(values):,} names, and at most {MOST_NAMES:,} are taken")
    return OutputValues(values, _remark(wrong))


def _end_of_block(lines: list[bytes], start: int, word: bytes) -> int | None:
    for at in range(start, len(lines)):
        if lines[at].removesuffix(b"\r") == word:
            return at
    return None


def _add(values: dict[str, str], key: str, text: bytes) -> str:
    """Add a value. Return why that is not possible, or an empty string."""
    if b"\0" in text:
        return "contains the character NUL"
    try:
        found = text.decode()
    except UnicodeDecodeError:
        return "is not valid UTF-8"
    values.pop(key, None)
    values[key] = found
    return ""


def _shown(text: bytes) -> str:
    return label(text[:200].decode(errors="replace"), 40)


def _remark(wrong: list[str]) -> str:
    if not wrong:
        return ""
    more = f"; and {plural(len(wrong) - _SHOWN, 'more problem')}" if len(wrong) > _SHOWN else ""
    return f"$DAGTUI_OUTPUT: {'; '.join(wrong[:_SHOWN])}{more}"
