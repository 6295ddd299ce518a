"""Lines that tasks printed: colours are kept, everything else that could act on a terminal is dropped or shown."""

from __future__ import annotations

import re
from typing import NamedTuple

from dagtui.text.labels import FORBIDDEN, visible
from dagtui.text.piles import may_be_piled, thinned
from dagtui.text.styles import DIM, PLAIN, Style, apply_sgr
from dagtui.text.widths import cell_width

LINE_LIMIT = 16_384
"""At most so much of a line is looked at: bytes of `bytes`, characters of `str`."""

_TAB = 8

_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufe0e\ufe0f\ufeff"
"""Dropped from output without a trace, as terminals do: they have no picture of their own and reorder nothing."""

# No part of it can be retried from many places: a string ends before the next control character, so that every
# character is looked at a bounded number of times, whatever the input.
_TOKEN = re.compile(
    r"\x1b\[(?P<sgr>[0-9;:]{0,64})m"
    r"|(?P<home>\x1b\[(?:[01]?G|2K))"
    r"|(?P<drop>\x1b\[[\x30-\x3f]{0,64}[\x20-\x2f]{0,8}[\x40-\x7e]"  # CSI
    r"|\x1b[\]PX^_][^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC with their end
    r"|\x1b[\x20-\x2f]{0,4}[\x30-\x4f\x51-\x57\x59\x5a\x5c\x60-\x7e]"  # the short ones, such as ESC ( B
    rf"|[{_UNSEEN}])"
    rf"|(?P<bad>(?:\x1b(?=\x1b)|(?![\x08\x09\x1b{_UNSEEN}])[{FORBIDDEN}])+|[\x08\x09\x1b])"
)


class Span(NamedTuple):
    """A run of characters of a line, from `start` to before `end`, that has a style."""

    start: int
    end: int
    style: Style


class StyledLine(NamedTuple):
    """A line of plain, safe text, and its styled runs in order; characters in no run are plain."""

    text: str
    spans: tuple[Span, ...] = ()


def styled(line: bytes | str, more: int = 0) -> StyledLine:
    """A line of output as it would have been left on a terminal, at most LINE_LIMIT of it.

    `more` is how much of the line follows that was not given; what is left out is said at the end: " …[+N chars]"
    (bytes, if bytes were given). Colours are kept (SGR); tabs are expanded to 8 columns; a carriage return, an erased
    line or a backspace lets the last state stand; other control sequences are dropped when they are complete;
    any other control character, and heaps of marks, are shown as `label` shows them. The style starts plain at each
    line.
    """
    shown = _last_state(line)
    left_out = more + max(0, len(shown) - LINE_LIMIT)
    shown = shown[:LINE_LIMIT]
    text = shown if isinstance(shown, str) else shown.decode("utf-8", "replace")
    note = f" …[+{left_out:,} chars]" if left_out else ""
    if text.isascii() and text.isprintable():
        return StyledLine(text + note, (Span(len(text), len(text) + len(note), DIM),) if note else ())
    pieces = _pieces(text)
    if note:
        pieces.append((note, DIM))
    return _joined(pieces)


def plain_line(line: bytes | str, more: int = 0) -> str:
    """As `styled`, without colours."""
    return styled(line, more).text


def for_terminal(line: bytes | str, more: int = 0) -> str:
    """As `styled`, written for a terminal: a line's colours in our own sequences, with a reset after each run."""
    text, spans = styled(line, more)
    if not spans:
        return text
    parts: list[str] = []
    position = 0
    for start, end, style in spans:
        parts += (text[position:start], style.sgr, text[start:end], "\x1b[0m")
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _last_state(line: bytes | str) -> bytes | str:
    """What follows the last carriage return that something follows."""
    if isinstance(line, bytes):
        line = line.rstrip(b"\r\n")
        return line[line.rfind(b"\r") + 1 :]
    line = line.rstrip("\r\n")
    return line[line.rfind("\r") + 1 :]


def _pieces(text: str) -> list[tuple[str, Style]]:
    """The line cut at its control characters into runs of one style; a backspace takes back what it stands behind."""
    pieces: list[tuple[str, Style]] = []
    style = PLAIN
    column = 0
    position = 0
    text = text.rstrip("\b")  # a spinner that waits for its next picture
    for match in _TOKEN.finditer(text):
        if match.start() > position:
            run = text[position : match.start()]
            pieces.append((run, style))
            column += cell_width(run)
        position = match.end()
        kind = match.lastgroup
        if kind == "sgr":
            style = apply_sgr(style, match["sgr"])
        elif kind == "home" and position < len(text):
            pieces.clear()
            column = 0
        elif kind == "bad":
            column += _add(pieces, match[0], style, column)
    if position < len(text):
        pieces.append((text[position:], style))
    return pieces


def _add(pieces: list[tuple[str, Style]], characters: str, style: Style, column: int) -> int:
    """Add what stands for control characters; returns by how many cells the line grew."""
    if characters == "\b":
        return -_take_back(pieces)
    shown = " " * (_TAB - column % _TAB) if characters == "\t" else "".join(map(visible, characters))
    pieces.append((shown, style))
    return len(shown)


def _take_back(pieces: list[tuple[str, Style]]) -> int:
    while pieces:
        run, style = pieces.pop()
        if len(run) > 1:
            pieces.append((run[:-1], style))
        width = cell_width(run[-1:])
        if width:
            return width
    return 0


def _joined(pieces: list[tuple[str, Style]]) -> StyledLine:
    if may_be_piled("".join(run for run, _ in pieces)):
        pieces = _thinned(pieces)
    spans: list[Span] = []
    position = 0
    for run, style in pieces:
        end = position + len(run)
        if style != PLAIN and end > position:
            if spans and spans[-1].end == position and spans[-1].style == style:
                spans[-1] = Span(spans[-1].start, end, style)
            else:
                spans.append(Span(position, end, style))
        position = end
    return StyledLine("".join(run for run, _ in pieces), tuple(spans))


def _thinned(pieces: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    marks = 0
    found: list[tuple[str, Style]] = []
    for run, style in pieces:
        thin, marks = thinned(run, marks)
        found.append((thin, style))
    return found
