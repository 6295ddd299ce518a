"""Rows of text in roles, and the widget that draws them and repaints only the rows that differ."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from dagtui.text import cell_width
from dagtui.text.labels import name_label
from dagtui.tui.lines.doubtful import is_doubtful
from dagtui.tui.lines.theme import STATUS_CLASSES, STATUS_CSS
from dagtui.tui.terminal.cleanup import take_apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.style import Style

    from dagtui.engine.status import NodeStatus


class Role(enum.StrEnum):
    """The role of a span. The value is the component class that styles it."""

    PLAIN = "rows--plain"
    MUTED = "look--quiet"
    GUIDE = "look--guide"
    HEADING = "rows--heading"
    KEY = "rows--key"
    LINK = "rows--link"
    CURSOR = "rows--cursor"
    BAD = "rows--bad"
    WARNING = "rows--warning"
    HIT = "rows--hit"
    HIT_CURRENT = "rows--hit-current"
    SELECTED = "rows--selected"
    TAB = "rows--tab"


class Span(NamedTuple):
    """Text in one role. It is safe to show: our own words, or text that the sanitiser in `dagtui.text` has passed."""

    text: str
    role: str = Role.PLAIN
    """A Role, or one of the STATUS_CLASSES."""
    press: str = ""
    """The key that a click on it presses. Empty: none."""


class Row(NamedTuple):
    """One row of spans, before it is fitted to a width."""

    runs: tuple[Span, ...] = ()
    jump: int = -1
    """The node that it links to. -1: none."""
    indent: int = 0
    """Indent in cells of the screen rows after the first."""
    lead: Span | None = None
    """Starts every screen row, before the indent: the bar beside a block."""
    whole: str | None = None
    """Text to copy instead, safe to paste: the full text of what is shown in part. Empty: nothing."""

    @property
    def text(self) -> str:
        """The text of the row, without roles and lead."""
        return "".join(run.text for run in self.runs)


def row(*runs: Span | str, jump: int = -1, indent: int = 0, lead: Span | None = None) -> Row:
    """Return a row of spans. A bare string becomes a plain span and must be our own words."""
    return Row(tuple(Span(run) if isinstance(run, str) else run for run in runs), jump, indent, lead)


def muted(text: str) -> Span:
    """Return a subdued span."""
    return Span(text, Role.MUTED)


def status_run(status: NodeStatus, *, ascii_only: bool, word: bool = False) -> Span:
    """Return the glyph of a status in its colour, followed by its word if requested."""
    glyph = status.ascii if ascii_only else status.glyph
    return Span(f"{glyph} {status.word}" if word else glyph, STATUS_CLASSES[status])


def name_run(name: str, role: str = Role.LINK) -> Span:
    """Return a span with a node's name, which comes from a file."""
    return Span(name_label(name, 200), role)


def node_row(name: str, status: NodeStatus, words: str = "", *, ascii_only: bool, jump: int = -1) -> Row:
    """Return an indented row with a node's status and name, and words about it."""
    said = (muted(f"  {words}"),) if words else ()
    return row("  ", status_run(status, ascii_only=ascii_only), " ", name_run(name), *said, jump=jump, indent=4)


NOTHING = Strip([], 0)
"""Stands for a row that was not drawn."""


def difference(old: Strip, new: Strip) -> tuple[int, int]:
    """Return the first cell and the end of the range outside which two padded strips look the same."""
    first, end = 0, max(old.cell_length, new.cell_length)
    for before, after in zip(old, new, strict=False):
        first += _common(before, after, 1)
        if before != after:
            break
    if old.cell_length == new.cell_length:
        for before, after in zip(reversed(list(old)), reversed(list(new)), strict=False):
            end -= _common(before, after, -1)
            if before != after:
                break
    # Zero-width characters may differ where no cell does.
    return (first, end) if first < end else (0, new.cell_length)


def _common(before: Segment, after: Segment, step: int) -> int:
    """Return how many cells two segments have in common at the start, or at the end for a step of -1."""
    if before == after:
        return after.cell_length
    one, other = before.text, after.text
    if before.style != after.style or not (one.isascii() and other.isascii()):
        return 0  # a character beyond ASCII may change the one before it
    pairs = enumerate(zip(one[::step], other[::step], strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


class PaintedRows(Widget, can_focus=True):
    """A widget of whole rows: `draw` returns them, `repaint` sends only the changed ones to the terminal.

    It keeps only the strips on screen. It scrolls by itself: the height of a log in rows is unknown, and a growing
    virtual size would cause a new layout for every line.
    """

    ALLOW_SELECT = False  # rows move under the pointer; whole lines are selected instead
    COMPONENT_CLASSES: ClassVar[set[str]] = {*(role.value for role in Role), *STATUS_CLASSES.values()}
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + STATUS_CSS

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.ascii_only = ascii_only
        self._strips: list[Strip] = []
        self._looks: dict[str, Style] = {}

    def draw(self, width: int, height: int) -> list[Strip]:
        """Return the rows from the top, at most `height`, each at most `width` cells, without padding."""
        raise NotImplementedError

    def changed_rows(self) -> tuple[list[Strip], list[int]]:
        """Return the new rows and the indices of those that differ from the screen."""
        new = self.draw(self.size.width, self.size.height)
        old = self._strips
        both = min(len(new), len(old))
        different = [y for y in range(both) if new[y] is not old[y] and new[y] != old[y]]
        return new, [*different, *range(both, max(len(new), len(old)))]

    def repaint(self) -> int:
        """Draw, and refresh only the cells that differ. Return the number of rows refreshed."""
        if not self.is_mounted or not self.size:
            return 0
        new, changed = self.changed_rows()
        self.paint(new, changed)
        return len(changed)

    def paint(self, strips: list[Strip], changed: Sequence[int]) -> list[Region]:
        """Adopt new rows, of which `changed` differ. Return the refreshed regions."""
        old, self._strips = self._strips, strips
        regions = []
        for y in changed:
            before = old[y] if y < len(old) else NOTHING
            first, end = difference(before, strips[y] if y < len(strips) else NOTHING)
            if end > first and is_doubtful(before.text):
                end = self.size.width  # it may have taken more cells on the terminal
            if end > first:
                regions.append(Region(first, y, end - first, 1))
        if regions:
            self.refresh(*regions)
        return regions

    def render_line(self, y: int) -> Strip:
        """Return one screen row, padded."""
        width = self.size.width
        if y >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[y].adjust_cell_length(width, self.rich_style)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.repaint()

    def on_mount(self) -> None:
        """Draw for the first time."""
        self.repaint()

    def on_unmount(self) -> None:
        """Drop the strips and break reference cycles."""
        self._strips = []
        take_apart(self)

    def notify_style_update(self) -> None:
        """Draw everything again: the colours have changed."""
        super().notify_style_update()
        self._looks.clear()
        if self.is_mounted and self.size:
            self._strips = self.draw(*self.size)
            self.refresh()

    def look(self, role: str) -> Style:
        """Return the style of a role in the current theme."""
        found = self._looks.get(role)
        if found is None:
            found = self._looks[role] = self.rich_style + self.get_component_rich_style(role, partial=True)
        return found

    def strip(self, runs: Sequence[Span], width: int, over: Role | None = None) -> Strip:
        """Return the spans as a strip of at most `width` cells. A style in `over` covers and fills all of them."""
        if over is not None:
            free = width - sum(cell_width(run.text) for run in runs)
            runs = [*runs, Span(" " * free)]
        laid_over = None if over is None else self.get_component_rich_style(over, partial=True)
        segments = [Segment(run.text, self.look(run.role) + laid_over) for run in runs if run.text]
        length = sum(cell_width(segment.text) for segment in segments)
        return Strip(segments, length).crop(0, width)
