"""Find keys and values in the text of a TOML document, because the library's parser does not report positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dagtui.graph.toml.headers import BASIC, LITERAL, LONG_BASIC, LONG_LITERAL, PART, part_name
from dagtui.text import cell_width, label

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

KeyPath = tuple[str | int, ...]
"""The keys that lead to a value. Integers are positions in arrays."""

_SPACE = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_KEY_PART = re.compile(PART)
_DOT = re.compile(r"[ \t]*+\.[ \t]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_SCALAR = re.compile(rf"{LONG_BASIC}|{LONG_LITERAL}|{BASIC}|{LITERAL}|[^\s,\]}}#]++(?:[ ]\d[^\s,\]}}#]*+)?", re.DOTALL)


class SourceSpan(NamedTuple):
    """Offsets in the text, from the first character to behind the last one."""

    start: int
    end: int


class Located(NamedTuple):
    """The spans of a key and its value. The value of a table with a header is its header."""

    key: SourceSpan
    value: SourceSpan


def locate(text: str, wanted: Collection[KeyPath]) -> dict[KeyPath, Located]:
    """Find key paths in a valid document in one pass. Those that are not found are missing in the result."""
    scan = _PositionScan(text, frozenset(wanted))
    scan.run()
    return scan.found


class Statement(NamedTuple):
    """A header, or a key with its value, that is not inside another value."""

    path: KeyPath
    """The keys that lead to it, those of the table included, cut behind the first few."""
    span: SourceSpan
    is_header: bool


def statements(text: str, parts: int) -> Iterator[Statement]:
    """Yield the statements of a valid document, with at least the first `parts` keys of each path."""
    return _PositionScan(text, frozenset({("",) * parts})).statements()


class Extremes(NamedTuple):
    """The extremes of a document."""

    parts: int
    """Number of dotted parts of the longest key."""
    key: SourceSpan
    """The span of that key."""
    bare: SourceSpan
    """The span of the longest value without quotation marks."""


def extremes(text: str) -> Extremes:
    """Return the longest key and bare value of a document, as far as it is well formed."""
    scan = _PositionScan(text, frozenset())
    scan.run()
    return Extremes(*scan.longest_key, scan.longest_bare)


class Excerpt(NamedTuple):
    """A place as people see it: line and column from 1, the line's text, and the part to mark in cells."""

    line: int
    column: int
    text: str
    mark: tuple[int, int]


def excerpt(text: str, span: SourceSpan) -> Excerpt:
    """Return the line on which a span starts, safe to show, cut around the span if it is long."""
    start = min(span.start, len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    shown_from = first + len(text[first:start]) - len(text[first:start].lstrip(" \t"))
    cut = start - shown_from > 60
    if cut:
        shown_from = start - 40
    before = ("…" if cut else "") + _shown(text[shown_from:start])
    end = min(max(span.end, start + 1), last, start + 100)
    marked = _shown(text[start:end])
    after = _shown(text[end : min(last, end + 60)]) + ("…" if last > end + 60 else "")
    line = text.count("\n", 0, start) + 1
    mark = (cell_width(before), max(1, cell_width(marked)))
    return Excerpt(line, start - first + 1, before + marked + after, mark)


def _shown(text: str) -> str:
    return label(text.replace("\t", " ").replace("\r", ""), 1000)


class _Open(NamedTuple):
    """An array or inline table that is not closed yet."""

    path: KeyPath
    key: SourceSpan
    start: int
    element: int
    """The position of the current element, -1 in inline tables."""


class _MalformedError(Exception):
    """The text is not TOML from here on. What was found before is kept."""


class _PositionScan:
    """One pass over a document, without recursion."""

    def __init__(self, text: str, wanted: frozenset[KeyPath]) -> None:
        self.found: dict[KeyPath, Located] = {}
        self.longest_key = (0, SourceSpan(0, 0))
        self.longest_bare = SourceSpan(0, 0)
        self._text = text
        self._wanted = wanted
        self._deepest = max(map(len, wanted), default=0)
        """Keys of the longest wanted path. Deeper keys get no path of their own, which would grow with the depth."""
        self._arrays: dict[KeyPath, int] = {}
        """The current element of each array of tables."""

    def run(self) -> None:
        for _ in self.statements():
            pass

    def statements(self) -> Iterator[Statement]:
        """Yield the statements as far as the document is well formed."""
        position = self._skip(0)
        table: KeyPath = ()
        while position < len(self._text):
            start = position
            try:
                if self._text[position] == "[":
                    position, table = self._header(position)
                    statement = Statement(table, SourceSpan(start, position), is_header=True)
                else:
                    position, path, key = self._key(position, table)
                    position = self._value(position, path, key)
                    statement = Statement(path, SourceSpan(start, position), is_header=False)
            except (_MalformedError, IndexError):
                return
            yield statement
            position = self._skip(position)

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _header(self, position: int) -> tuple[int, KeyPath]:
        several = self._text.startswith("[[", position)
        parts, position = self._parts(self._skip(position + 1 + several))
        path: KeyPath = ()
        for number, (name, span) in enumerate(parts):
            path = self._below(path, name)
            last = number == len(parts) - 1
            if last and several:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            self._note(path, span, span)
            if path in self._arrays:
                path = self._below(path, self._arrays[path])
                self._note(path, span, span)
        close = self._text.find("]", position)
        if close < 0:
            raise _MalformedError
        return close + 1 + several, path

    def _parts(self, position: int) -> tuple[list[tuple[str, SourceSpan]], int]:
        parts: list[tuple[str, SourceSpan]] = []
        while True:
            match = _KEY_PART.match(self._text, position)
            if match is None:
                self._measure(parts)  # a parser has already processed what is well formed
                raise _MalformedError
            parts.append((part_name(match[0]), SourceSpan(*match.span())))
            dot = _DOT.match(self._text, match.end())
            if dot is None:
                break
            position = dot.end()
        self._measure(parts)
        return parts, match.end()

    def _measure(self, parts: list[tuple[str, SourceSpan]]) -> None:
        if len(parts) > self.longest_key[0]:
            self.longest_key = len(parts), SourceSpan(parts[0][1].start, parts[-1][1].end)

    def _key(self, position: int, table: KeyPath) -> tuple[int, KeyPath, SourceSpan]:
        """Read a key and its equals sign. Return the value's start, its path, and the span of the key's last part."""
        parts, position = self._parts(position)
        path = table
        for name, span in parts:
            path = self._below(path, name)
            self._note(path, span, span)
        match = _EQUALS.match(self._text, position)
        if match is None:
            raise _MalformedError
        return match.end(), path, parts[-1][1]

    def _value(self, position: int, path: KeyPath, key: SourceSpan) -> int:
        """Read a value with its content. Return the offset behind it."""
        opened: list[_Open] = []
        while True:
            character = self._text[position]
            if character in "[{":
                opened.append(_Open(path, key, position, 0 if character == "[" else -1))
                position = self._skip(position + 1)
                if self._text[position] not in "]}":
                    position, path, key = self._inside(position, opened[-1])
                    continue
            else:
                match = _SCALAR.match(self._text, position)
                if match is None:
                    raise _MalformedError
                position = match.end()
                span = SourceSpan(*match.span())
                if character not in "\"'" and span.end - span.start > self.longest_bare.end - self.longest_bare.start:
                    self.longest_bare = span
                self._note(path, key, span)
            step = self._close(position, opened)
            if not opened:
                return step
            position, path, key = self._inside(step, opened[-1])

    def _close(self, position: int, opened: list[_Open]) -> int:
        """Close what ends behind a value. Return where the next value or key in the innermost open one starts."""
        while opened:
            position = self._skip(position)
            if self._text[position] == ",":
                position = self._skip(position + 1)
                if self._text[position] not in "]}":
                    top = opened[-1]
                    if top.element >= 0:
                        opened[-1] = top._replace(element=top.element + 1)
                    return position
            if self._text[position] not in "]}":
                raise _MalformedError
            position += 1
            top = opened.pop()
            self._note(top.path, top.key, SourceSpan(top.start, position))
        return position

    def _inside(self, position: int, top: _Open) -> tuple[int, KeyPath, SourceSpan]:
        if top.element < 0:
            return self._key(position, top.path)
        return position, self._below(top.path, top.element), SourceSpan(position, position)

    def _below(self, path: KeyPath, key: str | int) -> KeyPath:
        """Return the path of an inner value. A path longer than all wanted ones stands for all of those."""
        return path if len(path) > self._deepest else (*path, key)

    def _note(self, path: KeyPath, key: SourceSpan, value: SourceSpan) -> None:
        if path not in self._wanted:
            return
        known = self.found.get(path)
        if known is None or (known.key == known.value and key != value and known.key == key):
            self.found[path] = Located(key, value)


def lines_of_tasks(text: str, names: Iterable[str]) -> dict[str, int]:
    """Return the lines, from 1, on which the tables of tasks begin."""
    places = locate(text, [("tasks", name) for name in names])
    lines: dict[str, int] = {}
    line, counted = 1, 0
    for start, name in sorted((place.key.start, str(path[1])) for path, place in places.items()):
        line += text.count("\n", counted, start)
        counted = start
        lines[name] = line
    return lines
