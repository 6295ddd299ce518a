"""Painter: spans become strips, and only the cells that differ from the screen are refreshed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from weakref import proxy

from rich.segment import Segment
from textual.dom import DOMNode
from textual.events import DescendantBlur, DescendantFocus
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from dagtui.engine.status import NodeStatus
from dagtui.text import cell_width
from dagtui.text.amounts import CellWidth
from dagtui.text.look import ASCII, IN_UNICODE, UNICODE
from dagtui.tui.lines.doubtful import is_doubtful
from dagtui.tui.lines.rows import FILLED, NAME_ROLES, Role, spaces, width_of
from dagtui.tui.lines.ruler import measure_alike
from dagtui.tui.lines.theme import STATUS_CLASSES, THEME_CSS
from dagtui.tui.terminal.cleanup import divide_without_cycles, forget_component, take_apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.style import Style
    from textual import events
    from textual.css.styles import RenderStyles

    from dagtui.text.look import Look
    from dagtui.tui.lines.rows import Span

measure_alike()
divide_without_cycles()

ROLE_CLASSES: frozenset[str] = frozenset({*(role.value for role in Role), *STATUS_CLASSES.values(), *NAME_ROLES})
"""The classes of what a Painter paints. Its widget is styled by roles, and adds THEME_CSS to its DEFAULT_CSS."""
_DRAWING = frozenset(map(chr, range(0x2500, 0x25A0)))
"""Characters for lines and blocks."""
GRID_SIGNS = frozenset(
    "".join(" " + glyphs.statuses + glyphs.map_cells + glyphs.map_shares for glyphs in (UNICODE, ASCII))
)
"""The signs of cells. Each takes one cell, and changes none beside it."""
_NEAR = 8
"""To go to another place on the terminal takes as many bytes as to write this many signs."""
NOTHING = Strip([], 0)
"""Stands for a row that was not drawn."""


class Painter:
    """Makes strips of a widget's spans, in the styles of its current theme."""

    def __init__(self, widget: Widget) -> None:
        self._widget: Widget = proxy(widget)  # no reference cycle: see `take_apart`
        self._styles: dict[str, Style] = {}
        self._base: Style | None = None

    def forget(self) -> None:
        """Discard the styles: the colours have changed."""
        self._styles.clear()
        self._base = None

    @property
    def base(self) -> Style:
        """The style of the widget itself. Textual 8.2 computes it anew from all widgets around it."""
        if self._base is None:
            self._base = self._widget.rich_style
        return self._base

    def style(self, role: str) -> Style:
        """Return the style of a role in the current theme."""
        found = self._styles.get(role)
        if found is None:
            found = self._styles[role] = self.base + self._widget.get_component_rich_style(role, partial=True)
        return found

    def laid_over(self, role: str) -> Style:
        """Return what a role changes in the style of what it is laid over."""
        return self._widget.get_component_rich_style(role, partial=True)

    def strip(self, spans: Sequence[Span], width: CellWidth, over: str | None = None) -> Strip:
        """Return spans as a strip of at most `width` cells. The style of `over` covers and fills all of them."""
        if over is None:
            known = self._styles
            segments = [
                Segment(text, known[role] if role in known else self.style(role)) for text, role, _ in spans if text
            ]
        else:
            laid_over = self.laid_over(over)
            filled = [*spans, spaces(width - width_of(spans))]
            segments = [Segment(text, self.style_under(laid_over, role)) for text, role, _ in filled if text]
        return measured(segments).crop(0, width)

    def style_under(self, laid_over: Style, role: str) -> Style:
        """Return the style of a role below one that covers it."""
        if role not in FILLED:
            return self.style(role) + laid_over
        # In reversed colours, what is filled would look like the rest: it becomes a hole in them.
        return self.style(STATUS_CLASSES[NodeStatus.FAILED] if laid_over.reverse else role)


def measured(segments: list[Segment]) -> Strip:
    """Return segments as a strip of known width."""
    return Strip(segments, sum(cell_width(segment.text) for segment in segments))


def changed_cells(old: Strip, new: Strip, width: CellWidth) -> list[tuple[int, int]]:
    """Return the ranges of cells outside which two strips in a row of `width` cells look the same.

    Strips are compared segment by segment while their shapes agree, then to the end that they share.
    """
    if old == new:
        return []
    before, after = list(old), list(new)
    ranges: list[tuple[int, int]] = []
    x = at = 0
    for at, (one, other) in enumerate(zip(before, after, strict=False)):  # noqa: B007 - where the loop ends is read
        cells = cell_width(other.text)
        if one != other:
            if cell_width(one.text) != cells or is_doubtful(one.text):
                break
            ranges.append((x + _common(one, other, 1), x + cells - _common(one, other, -1)))
        x += cells
    else:
        at = min(len(before), len(after))
    if at < max(len(before), len(after)):
        ranges.append(_changed_rest(before[at:], after[at:], x, width))
    # Zero-width characters may differ where no cell does.
    if any(first >= end for first, end in ranges):
        return [(0, max(old.cell_length, new.cell_length))]
    return list(_joined(ranges))


def _changed_rest(before: Sequence[Segment], after: Sequence[Segment], x: int, width: CellWidth) -> tuple[int, int]:
    """Return the range of cells that differs between the ends of two strips, which begin at `x`."""
    if any(is_doubtful(segment.text) for segment in before):
        return x, width  # it may have taken more cells on the terminal
    first = x + (_common(before[0], after[0], 1) if before and after else 0)
    lengths = [sum(segment.cell_length for segment in segments) for segments in (before, after)]
    end = x + max(lengths)
    if lengths[0] == lengths[1]:
        for one, other in zip(reversed(before), reversed(after), strict=False):
            end -= _common(one, other, -1)
            if one != other:
                break
    return first, end


def _common(before: Segment, after: Segment, step: int) -> int:
    """Return how many cells two segments have in common at the start, or at the end for a step of -1."""
    if before == after:
        return after.cell_length
    one, other = before.text, after.text
    if before.style != after.style or not (_stands_alone(one) and _stands_alone(other)):
        return 0  # another character may change the one before it
    pairs = enumerate(zip(one[::step], other[::step], strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _stands_alone(text: str) -> bool:
    """Return whether each character of a text takes one cell and changes no other, as lines and blocks do."""
    return text.isascii() or _DRAWING.issuperset(text)


def _joined(ranges: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ranges, those that touch as one."""
    first, end = ranges[0]
    for start, stop in ranges[1:]:
        if start > end:
            yield first, end
            first = start
        end = stop
    yield first, end


def changed_regions(old: Strip, new: Strip, y: int, width: CellWidth) -> list[Region]:
    """Return the regions of row `y` to refresh for a new strip."""
    return [Region(first, y, end - first, 1) for first, end in changed_cells(old, new, width)]


def changed_grid_regions(old: Strip, new: Strip, y: int, width: CellWidth) -> list[Region]:
    """Return the regions of row `y` to refresh for a new strip of signs that take one cell each.

    Each cell is compared with the one that was there. Strips with other texts are compared as usual.
    """
    if old == new:
        return []
    before, after = _signs(old), _signs(new)
    if [len(text) for text, _ in before] != [len(text) for text, _ in after] or old.cell_length != new.cell_length:
        return changed_regions(old, new, y, width)
    regions: list[Region] = []
    x = 0
    for one, other in zip(before, after, strict=True):
        cells = cell_width(other[0])
        if one != other and regions and x - regions[-1].right < _NEAR:
            regions[-1] = Region(regions[-1].x, y, x + cells - regions[-1].x, 1)
        elif one != other:
            regions.append(Region(x, y, cells, 1))
        x += cells
    return regions


def _signs(strip: Strip) -> list[tuple[str, Style | None]]:
    """Return the cells of a strip one by one, but texts with other characters than our signs as a whole."""
    found: list[tuple[str, Style | None]] = []
    for text, style, _ in strip:
        if all(character in GRID_SIGNS for character in text):
            found += [(character, style) for character in text]
        else:
            found.append((text, style))
    return found


class StyledByRoles(Widget):
    """A widget with a Painter. The style of a role is computed when it is first painted with.

    As component classes, all two dozen of them would be computed for each widget at its start and at each change of
    the focus. They differ by theme, and by nothing else.
    """

    def get_component_styles(self, *names: str) -> RenderStyles:
        """Return the styles of roles and component classes."""
        for name in ROLE_CLASSES.intersection(names).difference(self._component_styles):
            node = DOMNode(classes=name)
            node._attach(self)  # as Textual does for component classes
            self.app.stylesheet.apply(node)
            self._component_styles[name] = node.styles
        return super().get_component_styles(*names)

    def notify_style_update(self) -> None:
        """Discard the styles of roles: the colours have changed."""
        super().notify_style_update()
        for name in ROLE_CLASSES.intersection(self._component_styles):
            forget_component(self._component_styles.pop(name))


class PaintedRows(StyledByRoles, can_focus=True):
    """A widget of whole rows: `draw` returns them, `repaint` sends only the changed cells to the terminal.

    It keeps only the strips on screen. It scrolls by itself: the height of a log in rows is unknown, and a growing
    virtual size would cause a new layout for every line.
    """

    ALLOW_SELECT = False  # rows move under the pointer; whole lines are selected instead
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8") + THEME_CSS

    def __init__(self, look: Look = IN_UNICODE, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.look = look
        self.painter = Painter(self)
        self._strips: list[Strip] = []

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the rows from the top, at most `height`, each at most `width` cells, without padding."""
        raise NotImplementedError

    def changed_rows(self) -> tuple[list[Strip], list[int]]:
        """Return the new rows and the indices of those that differ from the screen."""
        new = self.draw(CellWidth(self.size.width), self.size.height)
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
        width = CellWidth(self.size.width)
        regions: list[Region] = []
        for y in changed:
            before, after = (rows[y] if y < len(rows) else NOTHING for rows in (old, strips))
            regions += changed_regions(before, after, y, width)
        if regions:
            self.refresh(*regions)
        return regions

    def render_line(self, y: int) -> Strip:
        """Return one screen row, padded."""
        width = self.size.width
        if y >= len(self._strips):
            return Strip.blank(width, self.painter.base)
        return self._strips[y].adjust_cell_length(width, self.painter.base)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Draw what the focus changes. Textual 8.2 would apply all styles again, of which none depends on it."""

    def _on_focus(self, event: events.Focus) -> None:
        """Take the focus. Textual 8.2 would paint all cells again."""
        event.prevent_default()
        self.has_focus = True
        if isinstance(self.parent, Widget):
            self.parent.post_message(DescendantFocus(self))

    def _on_blur(self, event: events.Blur) -> None:
        """Lose the focus."""
        event.prevent_default()
        self.has_focus = False
        if isinstance(self.parent, Widget):
            self.parent.post_message(DescendantBlur(self))

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
        self.painter.forget()
        if self.is_mounted and self.size:
            self._strips = self.draw(CellWidth(self.size.width), self.size.height)
            self.refresh()
