"""Lines that tasks printed. Colours are kept. Everything else that could act on a terminal is dropped or shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, AnyStr, NamedTuple

from dagtui.text.amounts import NO_CELLS
from dagtui.text.cells import TAB_CELLS, CellRow
from dagtui.text.labels import visible
from dagtui.text.styles import DIM, PLAIN, Style, apply_sgr
from dagtui.text.tokens import MOVES, TOKEN, write_line
from dagtui.text.widths import cell_width, may_be_piled, thinned

if TYPE_CHECKING:
    import re

    from dagtui.text.amounts import CellWidth

LINE_LIMIT = 16_384
"""The largest part of a line that is examined, in bytes of `bytes` or characters of `str`."""
_BAR_END = 4_096
_BAR_STATES = 16
"""The number of carriage returns in the last `_BAR_END` of a line that mark a progress bar, whose start is lost."""


class StyledSpan(NamedTuple):
    """A run of characters of a line, from `start` to before `end`, that has a style."""

    start: int
    end: int
    style: Style


class StyledLine(NamedTuple):
    """A line of plain, safe text, and its styled runs in order. Characters in no run are plain."""

    text: str
    spans: tuple[StyledSpan, ...] = ()


def styled(line: bytes | str, more: int = 0, before: int = 0, style: Style = PLAIN) -> StyledLine:
    """Return a line of output as a terminal would show it, at most LINE_LIMIT of it.

    `more` is the length of the rest of the line that was not given, and `before` that of its start. Omissions are
    marked where they are: " …[+N chars]" (bytes, if bytes were given). The line begins in `style`. Colours (SGR) are
    kept and tabs are expanded to 8 columns. Carriage returns, backspaces and other cursor moves overwrite what is
    there, and the rest of a longer line stays. Other control sequences are dropped when they are complete. Any other
    control character, and excess combining marks, are shown as `label` shows them.
    """
    if isinstance(line, bytes):
        shown, left_out = _looked_at(line, b"\r", b"\n")
        text = shown.decode("utf-8", "replace")
    else:
        text, left_out = _looked_at(line, "\r", "\n")
    following = f" …[+{more + left_out:,} chars]" if more + left_out else ""
    preceding = f"[{before:,}+ chars]… " if before else ""
    if text.isascii() and text.isprintable() and style == PLAIN and not preceding:
        end = len(text)
        return StyledLine(text + following, (StyledSpan(end, end + len(following), DIM),) if following else ())
    pieces = _pieces(text, style)
    if preceding:
        pieces.insert(0, (preceding, DIM))
    if following:
        pieces.append((following, DIM))
    return _joined(pieces)


def plain_line(line: bytes | str, more: int = 0, before: int = 0, style: Style = PLAIN) -> str:
    """Return a line as `styled` does, without colours."""
    return styled(line, more, before, style).text


def copied_line(line: bytes) -> str | None:
    """Return all of a line of output, without its colours and with its tabs as they are.

    Return None if it moves the cursor: what a terminal shows then has no tabs any more, see `plain_line`.
    """
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return None if MOVES.search(text) else TOKEN.sub(_without_colours, text)


def printed(line: bytes) -> str:
    """Return all text of a line that was ever visible, with each overwritten piece on a line of its own."""
    text = line[:LINE_LIMIT].decode("utf-8", "replace")
    return "\n".join(plain_line(piece) for piece in MOVES.split(text) if piece)


def for_terminal(line: bytes | str, more: int = 0, before: int = 0, style: Style = PLAIN) -> str:
    """Return a line as `styled` does, for a terminal: colours in our own sequences, with a reset after each run."""
    return written(styled(line, more, before, style))


def written(line: StyledLine) -> str:
    """Return a line with its colours in our own sequences, and a reset after each run."""
    text, spans = line
    if not spans:
        return text
    parts: list[str] = []
    position = 0
    for start, end, style in spans:
        parts += (text[position:start], style.sgr, text[start:end], "\x1b[0m")
        position = end
    parts.append(text[position:])
    return "".join(parts)


def left_of(row: CellRow) -> StyledLine:
    """Return what a row of cells shows."""
    return _joined(row.pieces())


def _looked_at(line: AnyStr, carriage_return: AnyStr, newline: AnyStr) -> tuple[AnyStr, int]:
    """Return the part of a line that is examined, and how much is omitted after it.

    If the end of the line overwrites what precedes it, as in a progress bar, this is the end.
    """
    line = line.rstrip(carriage_return + newline)
    if len(line) <= _BAR_END:
        return line, 0
    if line.count(carriage_return, len(line) - _BAR_END) >= _BAR_STATES:
        return line[line.find(carriage_return, len(line) - _BAR_END) + 1 :], 0
    if len(line) <= LINE_LIMIT:
        return line, 0
    overwrites = line.find(carriage_return, len(line) - LINE_LIMIT)
    if overwrites >= 0:
        return line[overwrites + 1 :], 0
    line = line[line.rfind(carriage_return) + 1 :]
    return line[:LINE_LIMIT], max(0, len(line) - LINE_LIMIT)


def _pieces(text: str, style: Style) -> list[tuple[str, Style]]:
    """Split the line at its control characters into runs of one style."""
    if MOVES.search(text):
        row = CellRow()
        write_line(row, text, style)
        return row.pieces()
    pieces: list[tuple[str, Style]] = []
    column = NO_CELLS
    position = 0
    for match in TOKEN.finditer(text):
        if match.start() > position:
            run = text[position : match.start()]
            pieces.append((run, style))
            column += cell_width(run)
        position = match.end()
        kind = match.lastgroup
        if kind == "sgr":
            style = apply_sgr(style, match["sgr"])
        elif kind == "bad":
            shown = _visible(match[0], column)
            pieces.append((shown, style))
            column += len(shown)
    if position < len(text):
        pieces.append((text[position:], style))
    return pieces


def _without_colours(match: re.Match[str]) -> str:
    if match.lastgroup != "bad":
        return ""
    return match[0] if match[0] == "\t" else "".join(map(visible, match[0]))


def _visible(characters: str, column: CellWidth) -> str:
    """Return what is shown for control characters that do not move back."""
    if characters == "\t":
        return " " * (TAB_CELLS - column % TAB_CELLS)
    return "".join(map(visible, characters))


def _joined(pieces: list[tuple[str, Style]]) -> StyledLine:
    if may_be_piled("".join(run for run, _ in pieces)):
        pieces = _thinned(pieces)
    spans: list[StyledSpan] = []
    position = 0
    for run, style in pieces:
        end = position + len(run)
        if style != PLAIN and end > position:
            if spans and spans[-1].end == position and spans[-1].style == style:
                spans[-1] = StyledSpan(spans[-1].start, end, style)
            else:
                spans.append(StyledSpan(position, end, style))
        position = end
    return StyledLine("".join(run for run, _ in pieces), tuple(spans))


def _thinned(pieces: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    marks = 0
    found: list[tuple[str, Style]] = []
    for run, style in pieces:
        thin, marks = thinned(run, marks)
        found.append((thin, style))
    return found
