"""Draw screens of a terminal as SVG: one screen for a still, many for a moving picture.

Each word has a position of its own, lines and blocks are drawn as shapes: what comes out does not depend on the fonts
of whoever looks, nor on what a renderer knows of SVG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyte

CELL = 8.4
"""The width of a cell; a font of 14 has it."""
ROW = 18
SIZE = 14
MARGIN = 10
BAR = 30
"""The height of the title bar."""
FRAME, TITLE = "#24282f", "#c5c8c6"
FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
SANS = "system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif"

_NAMED = {
    "black": "#000000",
    "red": "#cc6666",
    "green": "#7fb97f",
    "brown": "#d7a65f",
    "blue": "#6f9bd1",
    "magenta": "#b294bb",
    "cyan": "#8abeb7",
    "white": "#c5c8c6",
}
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    "─": _LEFT | _RIGHT, "━": _LEFT | _RIGHT, "│": _UP | _DOWN, "┃": _UP | _DOWN,
    "┌": _DOWN | _RIGHT, "┐": _DOWN | _LEFT, "└": _UP | _RIGHT, "┘": _UP | _LEFT,
    "╭": _DOWN | _RIGHT, "╮": _DOWN | _LEFT, "╰": _UP | _RIGHT, "╯": _UP | _LEFT,
    "├": _UP | _DOWN | _RIGHT, "┤": _UP | _DOWN | _LEFT, "┬": _DOWN | _LEFT | _RIGHT, "┴": _UP | _LEFT | _RIGHT,
    "┼": _UP | _DOWN | _LEFT | _RIGHT,
}  # fmt: skip
_HEAVY = "━┃"
_BLOCKS = {
    "█": (0, 0, 1, 1), "▌": (0, 0, 0.5, 1), "▐": (0.5, 0, 0.5, 1), "▎": (0, 0, 0.25, 1), "▏": (0, 0, 0.125, 1),
    "▊": (0, 0, 0.75, 1), "▉": (0, 0, 0.875, 1), "▋": (0, 0, 0.625, 1), "▍": (0, 0, 0.375, 1), "▀": (0, 0, 1, 0.5),
    "▄": (0, 0.5, 1, 0.5), "▁": (0, 0.875, 1, 0.125), "▂": (0, 0.75, 1, 0.25), "▃": (0, 0.625, 1, 0.375),
    "▅": (0, 0.375, 1, 0.625), "▆": (0, 0.25, 1, 0.75), "▇": (0, 0.125, 1, 0.875), "▔": (0, 0, 1, 0.125),
}  # fmt: skip
"""Left, top, width and height, as parts of a cell."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a terminal."""

    text: str
    colour: str
    background: str
    bold: bool = False
    italic: bool = False
    underlined: bool = False


Row = tuple[Cell, ...]


def rows_of(screen: pyte.Screen, colour: str, background: str) -> tuple[Row, ...]:
    """What is on a screen; the colours are those of the terminal where a program names none."""

    def cell(char: pyte.screens.Char) -> Cell:
        front, back = _colour(char.fg, colour), _colour(char.bg, background)
        if char.reverse:
            front, back = back, front
        return Cell(char.data, front, back, char.bold, char.italics, char.underscore)

    return tuple(
        tuple(cell(screen.buffer[line][column]) for column in range(screen.columns)) for line in range(screen.lines)
    )


def still(rows: Sequence[Row], title: str) -> str:
    """The picture of one screen."""
    return _picture(len(rows[0]), len(rows), _title(title), "".join(map(_moved, map(paint, rows), range(len(rows)))))


@dataclass(frozen=True, slots=True)
class Frame:
    """A screen that is shown for some time, and what is said of it."""

    rows: tuple[Row, ...]
    title: str
    seconds: float


def moving(frames: Sequence[Frame]) -> str:
    """A picture that plays the frames for ever, from the first one.

    The frames lie one below the other, each as references to rows that are drawn once; steps of an animation move the
    one that is due into view. What knows no animation shows the first.
    """
    columns, lines = len(frames[0].rows[0]), len(frames[0].rows)
    height = BAR + lines * ROW + MARGIN
    drawn: dict[str, str] = {}
    strip, steps, begin = [], [], 0.0
    whole = sum(frame.seconds for frame in frames)
    for number, frame in enumerate(frames):
        uses = (_use(drawn.setdefault(paint(row), f"r{len(drawn)}"), line) for line, row in enumerate(frame.rows))
        strip.append(f'<g transform="translate(0 {number * height})">{_title(frame.title, columns)}{"".join(uses)}</g>')
        steps.append(f"{100 * begin / whole:.3f}%{{transform:translateY({-number * height}px)}}")
        begin += frame.seconds
    style = (
        f"@keyframes play{{{''.join(steps)}}}.strip{{animation:play {whole:.2f}s steps(1,end) infinite}}"
        "@media(prefers-reduced-motion:reduce){.strip{animation-play-state:paused}}"
    )
    rows = "".join(f'<g id="{name}">{row}</g>' for row, name in drawn.items())
    width = columns * CELL + 2 * MARGIN
    inside = (
        f"<style>{style}</style><defs>{rows}</defs>"
        f'<svg width="{width:g}" height="{height}" overflow="hidden"><g class="strip">{"".join(strip)}</g></svg>'
    )
    return _picture(columns, lines, "", inside)


def paint(row: Row) -> str:
    """One row, at the left end of the picture."""
    return "".join((*_backgrounds(row), *_shapes(row), _words(row)))


def _picture(columns: int, lines: int, title: str, inside: str) -> str:
    width, height = columns * CELL + 2 * MARGIN, BAR + lines * ROW + MARGIN
    dots = "".join(
        f'<circle cx="{18 + 18 * at}" cy="{BAR / 2:g}" r="5" fill="{colour}"/>'
        for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}" font-family="{FONTS}" '
        f'font-size="{SIZE}" text-rendering="geometricPrecision">'
        f'<rect width="{width:g}" height="{height}" rx="8" fill="{FRAME}"/>{dots}{title}{inside}</svg>\n'
    )


def _title(text: str, columns: int = 0) -> str:
    at = (columns * CELL + 2 * MARGIN) / 2 if columns else 0
    place = f'x="{at:g}"' if columns else 'x="50%"'
    return (
        f'<text {place} y="20" text-anchor="middle" font-family="{SANS}" font-size="14" font-weight="bold" '
        f'fill="{TITLE}">{escape(text)}</text>'
    )


def _moved(row: str, line: int) -> str:
    return f'<g transform="translate({MARGIN} {BAR + line * ROW})">{row}</g>'


def _use(name: str, line: int) -> str:
    return f'<use xlink:href="#{name}" x="{MARGIN}" y="{BAR + line * ROW}"/>'


def _colour(name: str, default: str) -> str:
    if name == "default":
        return default
    return _NAMED.get(name.removeprefix("bright"), f"#{name}")


def _backgrounds(row: Row) -> Iterator[str]:
    begin = 0
    for column in range(1, len(row) + 1):
        if column == len(row) or row[column].background != row[begin].background:
            # A little wider than it is: no seam shows between two of them.
            wide = (column - begin) * CELL + (0.3 if column < len(row) else 0)
            yield f'<rect x="{begin * CELL:g}" width="{wide:.4g}" height="{ROW}.3" fill="{row[begin].background}"/>'
            begin = column


def _shapes(row: Row) -> Iterator[str]:
    for column, cell in enumerate(row):
        left = column * CELL
        if cell.text in _BLOCKS:
            x, y, width, height = _BLOCKS[cell.text]
            yield (
                f'<rect x="{left + x * CELL:.5g}" y="{y * ROW:g}" width="{width * CELL:.4g}" '
                f'height="{height * ROW:g}" fill="{cell.colour}"/>'
            )
        elif cell.text in _LINES:
            yield _line(_LINES[cell.text], left, cell.colour, 2.4 if cell.text in _HEAVY else 1)


def _line(ends: int, left: float, colour: str, width: float) -> str:
    x, y = left + CELL / 2, ROW / 2
    parts = [
        (ends & _UP, f"M{x:.5g} 0V{y:g}"),
        (ends & _DOWN, f"M{x:.5g} {y:g}V{ROW}"),
        (ends & _LEFT, f"M{left:.5g} {y:g}H{x:.5g}"),
        (ends & _RIGHT, f"M{x:.5g} {y:g}H{left + CELL:.5g}"),
    ]
    path = "".join(text for wanted, text in parts if wanted)
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width:g}"/>'


def _words(row: Row) -> str:
    """The text of a row: a tspan for each word of one style, and for each sign that is not ASCII."""
    spans = []
    for begin, end in _runs(row):
        cell = row[begin]
        text = "".join(it.text for it in row[begin:end])
        style = f' fill="{cell.colour}"'
        style += ' font-weight="bold"' if cell.bold else ""
        style += ' font-style="italic"' if cell.italic else ""
        style += ' text-decoration="underline"' if cell.underlined else ""
        length = f' textLength="{(end - begin) * CELL:.4g}"' if end - begin > 1 else ""
        spans.append(f'<tspan x="{begin * CELL:.5g}"{length}{style}>{escape(text)}</tspan>')
    return f'<text y="13.5">{"".join(spans)}</text>' if spans else ""


def _runs(row: Row) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for column, cell in enumerate(row):
        drawn = cell.text.strip() and cell.text not in _BLOCKS and cell.text not in _LINES
        alone = not cell.text.isascii()
        if begin is not None and (not drawn or alone or _style(cell) != _style(row[begin])):
            yield begin, column
            begin = None
        if drawn and alone:
            yield column, column + 1
        elif drawn and begin is None:
            begin = column
    if begin is not None:
        yield begin, len(row)


def _style(cell: Cell) -> tuple[object, ...]:
    return cell.colour, cell.bold, cell.italic, cell.underlined
