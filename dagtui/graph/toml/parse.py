"""From the bytes of a file to the tables of its document, for any content."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well, which delays the first start
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.errors import GraphError, Problem
from dagtui.graph.toml.headers import task_lines
from dagtui.text import label

if TYPE_CHECKING:
    from pathlib import Path

    from dagtui.graph.toml.positions import SourceSpan

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of a file, enough for a million tasks."""
DIGEST_SIZE = 16
"""Size in bytes of the digest of a file's content."""
MOST_PARTS = 64
"""Parts of a dotted key, because the parser's time grows with their square."""

MOST_DIGITS = 4300
"""Digits of a number, the limit of Python itself. The parser takes a hundred bytes for each."""

LARGE = 100_000
"""Characters from which the fast reader pays off, because its patterns take a moment to compile."""

_LONG_LINE = re.compile(rf"^[^\n]{{{2 * MOST_PARTS}}}", re.MULTILINE)
"""Keys and numbers do not cross line ends. Without such a line, none of them is too long."""
_MANY_DOTS = re.compile(rf"^(?:[^.\n]*+\.){{{MOST_PARTS}}}", re.MULTILINE)
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_MANY_DIGITS = re.compile(rf"(?<![\w.+-])[\w.+-]{{{MOST_DIGITS + 1}}}", re.ASCII)
_TWICE = re.compile(r"Cannot declare \((.*)\) twice", re.DOTALL)


class TomlDocument(NamedTuple):
    """The content of a file."""

    tables: dict[str, object]
    lines: dict[str, int]
    """The line, from 1, of the first header of each `[tasks.NAME]` table."""


def read_bytes(path: Path, shown: str) -> bytes:
    """Return the content of a file. Raises GraphError if it can't be read or is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise GraphError([Problem(f"can't be read: {label(reason)}", shown)]) from None
    if len(content) > MOST_BYTES:
        raise GraphError([Problem(f"is larger than {MOST_BYTES // 1024**2} MB", shown)])
    return content


def read_bytes_again(path: Path, shown: str) -> bytes:
    """Return the content of a regular file. Raises GraphError for a pipe or device, too: reading it may never end."""
    try:
        kind = stat.S_IFMT(os.stat(path).st_mode)
    except (OSError, ValueError):
        return read_bytes(path, shown)  # says what is wrong
    if kind not in {stat.S_IFREG, stat.S_IFDIR}:
        raise GraphError([Problem("is a pipe or device, which can't be read again", shown)])
    return read_bytes(path, shown)


def digest_of(content: bytes) -> bytes:
    """Return the digest of a file's content."""
    return blake2b(content, digest_size=DIGEST_SIZE).digest()


def decode(content: bytes, shown: str) -> str:
    """Return the text of a file with Unix line ends. Raises GraphError where it is not valid UTF-8."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        around = before + content[error.start : error.start + 60].decode(errors="surrogateescape")
        hint = "save it as UTF-8"
        raise GraphError(
            [_problem("is not valid UTF-8", around, (len(before), len(before) + 1), shown, hint)]
        ) from None
    return text.replace("\r\n", "\n") if "\r\n" in text else text


def parse(text: str, shown: str) -> TomlDocument:
    """Parse a document. Raises GraphError with its first syntax error."""
    if len(text) >= LARGE:
        from dagtui.graph.toml.fast_toml import read_plain

        plain = read_plain(text)
        if plain is not None:
            return TomlDocument(*plain)
    return TomlDocument(_tables(text, shown), task_lines(text))


def _tables(text: str, shown: str) -> dict[str, object]:
    if _LONG_LINE.search(text) and (_MANY_DOTS.search(text) or _MANY_DIGITS.search(text)):
        _check_extremes(text, shown)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise GraphError([Problem("arrays and tables are nested too deeply", shown)]) from None
    except ValueError as error:  # TOMLDecodeError, and what int() says about too many digits
        raise GraphError([_syntax_problem(str(error), text, shown)]) from None


def _check_extremes(text: str, shown: str) -> None:
    """Refuse what would take the parser too much time or memory. Raises GraphError."""
    from dagtui.graph.toml.positions import extremes

    found = extremes(text)
    if found.parts > MOST_PARTS:
        message = f"a key has {found.parts:,} parts; at most {MOST_PARTS} are allowed"
        raise GraphError([_problem(message, text, found.key, shown, "put a name with dots in quotation marks")])
    if found.bare.end - found.bare.start > MOST_DIGITS:
        raise GraphError(
            [_problem("a number has too many digits", text, found.bare, shown, "put it in quotation marks")]
        )


def _syntax_problem(message: str, text: str, shown: str) -> Problem:
    place = _PLACE.search(message)
    if place is None:
        return Problem(label(message, 500), shown)
    start = _offset(text, int(place[1]), int(place[2])) if place[1] else max(0, len(text.rstrip()) - 1)
    own_message, hint = _message_and_hint(message[: place.start()], text[start : start + 10] if place[1] else "")
    if message.startswith(("Unescaped", "Invalid hex")):  # the library points behind the escape
        start = text.rfind("\\", 0, start)
    span = start, start + 1
    if hint.startswith(_REMOVE_OR_RENAME):  # the library points behind the value: show the key
        line = text.rfind("\n", 0, start) + 1
        span = line + len(text[line:start]) - len(text[line:start].lstrip()), start
    return _problem(own_message, text, span, shown, hint)


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1


def _message_and_hint(message: str, there: str) -> tuple[str, str]:
    """Return what the library says, and how to fix it. `there` is the text at the position it points to."""
    twice = _TWICE.match(message)
    if twice:
        names = re.findall(r"'((?:[^'\\]|\\.)*)'", twice[1])
        return f"the table [{'.'.join(names)}] is defined twice", _REMOVE_OR_RENAME
    word = re.match(r"\w+|.", there)
    if message.startswith("Invalid value") and word and word[0] in _NOT_VALUES:
        return "not a valid value", _NOT_VALUES[word[0]]
    for start, (own_message, hint) in _MESSAGES.items():
        if message.startswith(start):
            return own_message or message, hint
    return message, ""


_REMOVE_OR_RENAME = "remove or rename one of them"
_BACKSLASH = "write \\\\ for a backslash, or put the string in '…'"
_NOT_VALUES = {
    "True": 'write "true"',
    "False": 'write "false"',
    "yes": 'write true; strings need quotation marks: "…"',
    "no": 'write false; strings need quotation marks: "…"',
    "None": "leave the key out",
    "null": "leave the key out",
    "“": 'write straight quotation marks: "…"',
    "‘": "write straight quotation marks: '…'",
    "=": "one equals sign is enough",
}
"""What people write in place of a value, and how to fix it."""
_MESSAGES = {
    "Cannot overwrite a value": ("this key is defined twice", _REMOVE_OR_RENAME),
    "Duplicate inline table key": ("", "remove one of them"),
    "Invalid value": ("not a valid value", 'strings need quotation marks: "…"'),
    "Invalid initial character for a key part": (
        "expected a name here",
        "a table in braces must be one line without a comma at its end; write a longer one as a [table]",
    ),
    "Expected ']' at the end of a table declaration": (
        "the table name doesn't end here",
        'names with spaces or special characters need quotation marks: [tasks."my task"]',
    ),
    "Invalid hex value": ("not a valid escape sequence", _BACKSLASH),
    "Expected '=' after a key": ("", 'write key = value; names with dots or spaces need quotation marks: "a.b"'),
    "Illegal character '\\n'": (
        "a string must end on the line where it starts",
        'add the closing quotation mark, or for several lines write """…"""',
    ),
    "Unescaped '\\' in a string": ("not a valid escape sequence", _BACKSLASH),
    "Unclosed array": ("this array isn't closed", 'put a comma between its elements, and "]" at its end'),
    "Unclosed inline table": ("this table isn't closed", 'put a comma between its keys, and "}" at its end'),
    "Unterminated string": ("this string isn't closed", "add the closing quotation mark"),
    "Expected newline or end of document": ("unexpected text after the value", "write each key on a line of its own"),
    "Invalid statement": ("", "write key = value, or [table]"),
}


def _problem(message: str, text: str, span: tuple[int, int] | SourceSpan, shown: str, hint: str = "") -> Problem:
    from dagtui.graph.toml.positions import SourceSpan, excerpt

    where = excerpt(text, SourceSpan(*span))
    return Problem(label(message, 500), shown, where.line, where.column, where.text, hint, where.mark)
