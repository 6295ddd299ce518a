"""The lines of the tables of tasks in a document, and the syntax of strings and keys in TOML.

Source: TOML 1.0, String and Keys.
"""

from __future__ import annotations

import re
import tomllib

# Possessive groups fail only on the first character or the one behind a literal. CPython before 3.11.5 would not give
# back anything else that an attempt has consumed.
BASIC = r'"(?:[^"\\\n]++|\\.)*+"'
LITERAL = r"'[^'\n]*+'"
LONG_BASIC = r'"""(?:[^"\\]++|\\.|"[^"\\]|""[^"\\]|"\\.|""\\.)*+"{3,5}'
LONG_LITERAL = r"'''(?:[^']++|'[^']|''[^'])*+'{3,5}"
PART = rf"[A-Za-z0-9_-]++|{BASIC}|{LITERAL}"

_TASK_HEADER = (
    rf"#[^\n]*+|{LONG_BASIC}|{LONG_LITERAL}"
    rf"|^[ \t]*+\[[ \t]*+(?:tasks|\"tasks\"|'tasks')[ \t]*+\.[ \t]*+(?P<name>{PART})[ \t]*+[.\]]"
    rf"|{BASIC}|{LITERAL}"
)


def task_lines(text: str) -> dict[str, int]:
    """Return the line, from 1, of the first header of each `[tasks.NAME]` table."""
    lines: dict[str, int] = {}
    line, counted = 1, 0
    for match in re.finditer(_TASK_HEADER, text, re.DOTALL | re.MULTILINE):
        part = match["name"]
        if part is None:
            continue
        line += text.count("\n", counted, match.start())
        counted = match.start()
        lines.setdefault(part_name(part), line)
    return lines


def part_name(part: str) -> str:
    """Return a part of a key without its quotation marks and escapes."""
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    if "\\" not in part:
        return part[1:-1]
    try:
        return str(tomllib.loads(f"key = {part}")["key"])
    except ValueError:
        return part[1:-1]
