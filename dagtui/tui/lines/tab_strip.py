"""Heading of a pane: one row with its tabs, of which one is open, and words about what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from dagtui.text import cell_width, fit
from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import SPACE, Role, Span, muted, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.text.look import Look


_LEAST_WORDS = 8
"""The least cells in which words at the right end are shown."""
_SIGN = 1
"""The cells of a sign for tabs that are not shown."""


class Tab(NamedTuple):
    """One tab of a pane."""

    name: str
    """In lower case."""
    key: str = ""
    """The key that opens it, shown before its name. Empty: none."""

    @property
    def width(self) -> int:
        """The cells that it takes, with its brackets."""
        return len(self.key) + bool(self.key) + len(self.name) + 2


class TabStrip(PaintedRows, can_focus=False):
    """One row with the tabs and their keys."""

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, strip: TabStrip, tab: str) -> None:
            super().__init__()
            self.strip = strip
            self.tab = tab

        @property
        def control(self) -> TabStrip:
            """The strip with the tab."""
            return self.strip

    def __init__(
        self,
        tabs: Sequence[Tab],
        look: Look = IN_UNICODE,
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(look, id=id)
        self._tabs = tabs
        self._tab = tabs[0].name
        self._words = ""
        self._focused = False

    @property
    def tab(self) -> str:
        """The highlighted tab. Empty: none."""
        return self._tab

    @tab.setter
    def tab(self, tab: str) -> None:
        if tab != self._tab:
            self._tab = tab
            self.repaint()

    @property
    def words(self) -> str:
        """Words at the right end, safe to show. They take the room of all tabs but the open one before they are cut."""
        return self._words

    @words.setter
    def words(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self.repaint()

    @property
    def focused(self) -> bool:
        """Whether keys act on what is below. The heading is filled then."""
        return self._focused

    @focused.setter
    def focused(self, focused: bool) -> None:
        if focused != self._focused:
            self._focused = focused
            self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the row."""
        runs = [run for placed in self._placed(width) for run in placed.runs]
        room = CellWidth(width - width_of(runs) - 1)
        if self._words and room >= _LEAST_WORDS:
            said = Span(fit(self._words, room, self.look), Role.KEY)
            runs += [spaces(width - width_of(runs) - said.width), said]
        if not self._focused:
            return [self.painter.strip(runs, width)][:height]
        return [self.painter.strip([Span(run.text) for run in runs], width, Role.BAR)][:height]

    def _placed(self, width: CellWidth) -> list[_Placed]:
        """Return the tabs that are shown, and signs for those that are not: all, or the open one and some beside it."""
        open_at = next((at for at, tab in enumerate(self._tabs) if tab.name == self._tab), 0)
        words = cell_width(self._words) + 1 if self._words else 0
        least = min(width - _LEAST_WORDS - 1, self._tabs[open_at].width + 2 * _SIGN)
        room = CellWidth(max(width - words, least))
        if sum(tab.width + 1 for tab in self._tabs) <= room:
            return [_Placed((*self._runs(tab), SPACE), tab) for tab in self._tabs]
        first, end = self._around(open_at, room)
        placed = [_Placed(tuple(self._runs(tab)), tab) for tab in self._tabs[first:end]]
        before, after = self.look.glyphs.tabs_before, self.look.glyphs.tabs_after
        if first:
            placed.insert(0, _Placed((muted(before),), self._tabs[first - 1]))
        if end < len(self._tabs):
            placed.append(_Placed((muted(after),), self._tabs[end]))
        return placed

    def _around(self, open_at: int, room: CellWidth) -> tuple[int, int]:
        """Return the first and the last but one of the tabs around the open one that fit, with signs at the ends."""
        tabs, first, end = self._tabs, open_at, open_at + 1

        def fits(first: int, end: int) -> bool:
            signs = _SIGN * ((first > 0) + (end < len(tabs)))
            return sum(tab.width for tab in tabs[first:end]) + signs <= room

        while True:
            if end < len(tabs) and fits(first, end + 1):
                end += 1
            elif first and fits(first - 1, end):
                first -= 1
            else:
                return first, end
            if first and fits(first - 1, end):
                first -= 1

    def _runs(self, tab: Tab) -> list[Span]:
        # Not by colour alone: the open tab stands in brackets.
        is_open = tab.name == self._tab
        before, after = ("[", "]") if is_open else (" ", " ")
        role = Role.TAB if is_open else Role.MUTED
        key = [Span(f"{tab.key} ", Role.KEY)] if tab.key else []
        return [Span(before, role), *key, Span(tab.name.capitalize(), role), Span(after, role)]

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer, or the next one that is not shown."""
        column = 0
        for runs, tab in self._placed(CellWidth(self.size.width)):
            column += width_of(runs)
            if event.x < column:
                self.post_message(self.Chosen(self, tab.name))
                return


class _Placed(NamedTuple):
    """A part of the row."""

    runs: tuple[Span, ...]
    tab: Tab
    """The tab that a click on it chooses."""
