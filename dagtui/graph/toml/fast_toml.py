"""Read the plain part of TOML, in which large files are written, in one pass: four times as fast as the library.

Headers, keys without dots, strings without escapes, small integers, true, false, lists of such strings and tables of
such values on one line are read here. Of other values only the end is found, and the library reads them one by one.
A document with anything else in it, or with an error, is not read here at all: the library decides about those.
"""

from __future__ import annotations

import re
import tomllib

_CONTROL = r"\x00-\x08\x0a-\x1f\x7f"
_TEXT = rf'"[^"\\{_CONTROL}]*+"'
_LITERAL = rf"'[^'{_CONTROL}]*+'"
_NAME = rf"(?:[A-Za-z0-9_-]++|{_TEXT})"
_SMALL = "(?:0|[1-9][0-9]{0,17}|true|false)"
_COMMENT = rf"\#[^{_CONTROL}]*+"

# Each turn of a repeated group takes memory until the match is done. A statement with more of them is not plain.
_STATEMENT = re.compile(
    rf"""
    [ \t\n]*+ (?: {_COMMENT} (?: \n | \Z ) [ \t\n]*+ ){{0,100}}
    (?:
        \[ ( (?: {_NAME} \. ){{0,15}} ) ( {_NAME} ) \] [ \t]*+ (?: {_COMMENT} )? (?: \n | \Z )
    |
        ( {_NAME} ) [ \t]*+ = [ \t]*+
        (?:
            (?:
                "( [^"\\{_CONTROL}]*+ )"
            |   '( [^'{_CONTROL}]*+ )'
            |   \[ [ \t\n]*+ ( (?: {_TEXT} [ \t\n]*+ (?: , [ \t\n]*+ | (?= \] ) ) ){{0,1000}} ) \]
            |   \[ [ \t\n]*+ ( (?: {_LITERAL} [ \t\n]*+ (?: , [ \t\n]*+ | (?= \] ) ) ){{0,1000}} ) \]
            |   ( {_SMALL} )
            )
            [ \t]*+ (?: {_COMMENT} )? (?: \n | \Z )
        |
            (
                ''' [^']*+ (?: '{{1,2}} [^']++ ){{0,1000}} ''' [^\n]*+
            |   \"\"\" [^"\\]*+ (?: (?: "{{1,2}} (?! " ) | \\. ) [^"\\]*+ ){{0,1000}} \"\"\" [^\n]*+
            |   \[ [ \t]*+ \n (?: [ \t]++ [^\n]*+ \n ){{0,1000}} \] [^\n]*+
            |   [^\n]*+
            )
        )
    |
        ( . )
    |
        \Z
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_AROUND, _HEADER, _KEY, _BASIC, _LITERAL_TEXT, _TEXTS, _LITERALS, _WORD, _OTHER, _STRANGE = range(1, 11)
_NAMES = re.compile(_NAME)
_PAIR = rf"[ \t]*+({_NAME})[ \t]*+=[ \t]*+({_TEXT}|{_LITERAL}|{_SMALL})[ \t]*+"
_PAIRS = re.compile(_PAIR)
_INLINE = re.compile(rf"\{{{_PAIR}(?:,{_PAIR}){{0,50}}\}}[ \t]*+(?:{_COMMENT})?")
_WORDS: dict[str, object] = {"true": True, "false": False}
LONGEST_VALUE = 4000
"""Characters of a value that is passed to the library directly. Longer values are examined first."""


def read_plain(text: str) -> tuple[dict[str, object], dict[str, int]] | None:
    """Read a document with Unix line ends. Return its tables, and the lines of the first headers of `[tasks.NAME]`.

    Return None if it is not plain, or not valid.
    """
    headers = _Headers(text)
    try:
        _read(text, headers)
    except _NotPlainError:
        return None
    return headers.root, headers.lines


class _NotPlainError(Exception):
    """The library has to read the document."""


def _read(text: str, headers: _Headers) -> None:
    table = headers.root
    for match in _STATEMENT.finditer(text):
        kind = match.lastindex
        if kind == _HEADER:
            table = headers.open(match[_AROUND], match[_HEADER], match.start(_AROUND))
            continue
        if kind is None:  # the end
            break
        key = match[_KEY]
        if kind == _STRANGE or key in table:
            raise _NotPlainError
        if key[0] == '"':
            key = key[1:-1]
            if key in table:
                raise _NotPlainError
        table[key] = match[_BASIC] if kind == _BASIC else _value(kind, match[kind])


def _value(kind: int, source: str) -> object:
    if kind == _LITERAL_TEXT:
        return source
    if kind == _TEXTS:
        return source.split('"')[1::2]
    if kind == _LITERALS:
        return source.split("'")[1::2]
    if kind == _WORD:
        return _word(source)
    if _INLINE.fullmatch(source):
        return _inline(source)
    if len(source) > LONGEST_VALUE:
        raise _NotPlainError
    try:
        document = tomllib.loads(f"value = {source}")
    except (ValueError, RecursionError):
        raise _NotPlainError from None
    if len(document) > 1:
        raise _NotPlainError
    return document["value"]


def _word(source: str) -> object:
    return _WORDS[source] if source in _WORDS else int(source)


def _inline(source: str) -> dict[str, object]:
    table: dict[str, object] = {}
    for name, value in _PAIRS.findall(source):
        key = name[1:-1] if name[0] == '"' else name
        if key in table:
            raise _NotPlainError
        table[key] = value[1:-1] if value[0] in "\"'" else _word(value)
    return table


class _Headers:
    """The tables that headers open."""

    def __init__(self, text: str) -> None:
        self.root: dict[str, object] = {}
        self.lines: dict[str, int] = {}
        self._text = text
        self._line = 1
        self._counted = 0
        self._around = {"": self.root}
        """Tables by the prefix of the headers of their inner tables, with the final dot."""
        self._tables: dict[int, dict[str, object]] = {}
        """Every table that is not a value, by its identity."""
        self._implied: dict[int, dict[str, object]] = {}
        """The tables without a header of their own so far."""

    def open(self, before: str, name: str, start: int) -> dict[str, object]:
        """Return the table of a header."""
        around = self._around.get(before)
        if around is None:
            around = self._find(before, start)
        if name[0] == '"':
            name = name[1:-1]
        if before == "tasks.":
            self._note(name, start)
        if name in around:
            return self._declared(around[name])
        made: dict[str, object] = {}
        around[name] = self._tables[id(made)] = made
        return made

    def _declared(self, value: object) -> dict[str, object]:
        """Return a table that already exists because of what is in it."""
        table = self._implied.pop(id(value), None)
        if table is None:
            raise _NotPlainError
        return table

    def _find(self, before: str, start: int) -> dict[str, object]:
        """Return the table around that of a header, created if its place is empty."""
        names = [name[1:-1] if name[0] == '"' else name for name in _NAMES.findall(before)]
        table = self.root
        for name in names:
            if name not in table:
                made: dict[str, object] = {}
                table[name] = self._tables[id(made)] = self._implied[id(made)] = made
            inner = self._tables.get(id(table[name]))
            if inner is None:
                raise _NotPlainError
            table = inner
        if before == "tasks.":
            self._around[before] = table
        elif names[0] == "tasks":
            if len(names) == 1:  # its quotation marks would hide the lines of tasks
                raise _NotPlainError
            self._note(names[1], start)
        return table

    def _note(self, task: str, start: int) -> None:
        self._line += self._text.count("\n", self._counted, start)
        self._counted = start
        self.lines.setdefault(task, self._line)
