"""Lay out a page of the manual for a terminal.

The pages use little Markdown: headings, paragraphs, lists of one level, tables, fenced blocks, `code`, **strong** and
links.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

from dagtui.text import block, cell_width
from dagtui.text.widths import total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.text.amounts import CellWidth


class Emphasis(enum.Enum):
    """How a span of a page looks."""

    PLAIN = enum.auto()
    HEADING = enum.auto()
    STRONG = enum.auto()
    CODE = enum.auto()
    QUIET = enum.auto()


Span = tuple[str, Emphasis]
Line = list[Span]

_FENCE = "```"
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[((?:[^]`]|`[^`]*`)+)\]\([^)]+\)")
_WORD = re.compile(r"[^ ]+")
_CELL_END = re.compile(r"(?<!\\)\|")
_LONGEST = 1_000_000
"""Characters of a page."""
_GAP = 2
"""Columns between those of a table."""
_LEAST = 8
"""Columns that a cell of a table is never narrower than."""


def page_lines(text: str, width: CellWidth) -> Iterator[Line]:
    """Lay out a page in Markdown in lines of a width; fenced blocks and what has no space are not broken."""
    source = block(text, _LONGEST).splitlines()
    at = 0
    while at < len(source):
        first = source[at]
        end = _block_end(source, at)
        lines = source[at:end]
        at = end
        if first.startswith(_FENCE):
            yield from ([("    " + line, Emphasis.CODE)] for line in lines[1:-1])
        elif first.startswith("#"):
            emphasis = Emphasis.STRONG if first.startswith("###") else Emphasis.HEADING
            yield [(first.lstrip("# ").replace("`", ""), emphasis)]
        elif first.startswith("|"):
            yield from _table(lines, width)
        elif first.startswith("- ") or first[:1].isdigit():
            mark, _, rest = " ".join(line.strip() for line in lines).partition(" ")
            yield from _hanging(_spans(rest), width, f"{mark} ")
        elif first:
            yield from _wrapped(_spans(" ".join(lines)), width)
        else:
            yield []


def _block_end(source: Sequence[str], start: int) -> int:
    """The index of the line after the block that begins at a line."""
    first = source[start]
    if not first or first.startswith("#"):
        return start + 1
    if first.startswith(_FENCE):
        return source.index(_FENCE, start + 1) + 1
    end = start + 1
    while end < len(source) and source[end] and not source[end].startswith((_FENCE, "- ")):
        if first[0].isdigit() and source[end][0].isdigit():
            break
        end += 1
    return end


def _spans(text: str) -> Line:
    """Cut a text at what is emphasised in it; of a link its text stays."""
    spans: Line = []
    end = 0
    for found in _INLINE.finditer(text):
        code, strong, slanted, link = found.groups()
        spans.append((text[end : found.start()], Emphasis.PLAIN))
        if link is not None:
            spans += _spans(link)
        else:
            spans.append((code or strong or slanted, Emphasis.CODE if code else Emphasis.STRONG))
        end = found.end()
    spans.append((text[end:], Emphasis.PLAIN))
    return [span for span in spans if span[0]]


def _wrapped(spans: Line, width: CellWidth) -> Iterator[Line]:
    """Break spans at spaces into lines of a width."""
    line: Line = []
    used = 0
    for word in _words(spans):
        cells = _cells(word)
        if line and used + 1 + cells > width:
            yield line
            line, used = [], 0
        if line:
            line.append((" ", Emphasis.PLAIN))
            used += 1
        line += word
        used += cells
    if line:
        yield line


def _words(spans: Line) -> Iterator[Line]:
    """The words, each of spans that no space parts."""
    word: Line = []
    for text, emphasis in spans:
        end = 0
        for found in _WORD.finditer(text):
            if found.start() > end:
                if word:
                    yield word
                word = []
            word.append((found[0], emphasis))
            end = found.end()
        if end < len(text) and word:
            yield word
            word = []
    if word:
        yield word


def _hanging(spans: Line, width: CellWidth, mark: str) -> Iterator[Line]:
    """An item of a list: its mark before the first line, the others indented."""
    for number, line in enumerate(_wrapped(spans, width - len(mark))):
        yield [(mark if not number else " " * len(mark), Emphasis.PLAIN), *line]


def _table(lines: Sequence[str], width: CellWidth) -> Iterator[Line]:
    """A table without borders; its widest columns give way where it is too wide, but no word is cut."""
    rows = [[_spans(cell.strip().replace("\\|", "|")) for cell in _CELL_END.split(line)[1:-1]] for line in lines]
    head, body = rows[0], rows[2:]
    head = [[(text, Emphasis.QUIET) for text, _ in cell] for cell in head]
    columns = range(len(head))
    widths = [max(_cells(row[column]) for row in (head, *body)) for column in columns]
    longest = [
        max((_cells(word) for row in (head, *body) for word in _words(row[column])), default=0) for column in columns
    ]
    while sum(widths) + _GAP * (len(widths) - 1) > width:
        wide = [column for column in columns if widths[column] > max(_LEAST, longest[column])]
        if not wide:
            break
        widths[max(wide, key=widths.__getitem__)] -= 1
    for row in (head, *body):
        yield from _table_row(row, widths)


def _table_row(row: Sequence[Line], widths: Sequence[CellWidth]) -> Iterator[Line]:
    cells = [list(_wrapped(cell, width)) for cell, width in zip(row, widths, strict=True)]
    for number in range(max(1, *map(len, cells))):
        line: Line = []
        for cell, width in zip(cells, widths, strict=True):
            part = cell[number] if number < len(cell) else []
            line += [*part, (" " * max(1, width - _cells(part) + _GAP), Emphasis.PLAIN)]
        while line and line[-1][0].isspace():
            line.pop()
        yield line


def _cells(spans: Line) -> CellWidth:
    return total(cell_width(text) for text, _ in spans)
