"""Heading of a pane: one row with its tabs, of which one is open, and words about what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

from dagtui.text import fit
from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import Role, Span, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip

    from dagtui.text.look import Look


_LEAST_WORDS = 8
"""The least cells in which words at the right end are shown."""


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
        """Words at the right end, safe to show. They are cut where the tabs leave too little room."""
        return self._words

    @words.setter
    def words(self, words: str) -> None:
        if words != self._words:
            self._words = words
            self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the row."""
        gap = self._gap(width)
        runs = [run for tab in self._shown(width) for run in (*_runs(tab, is_open=tab.name == self._tab), spaces(gap))]
        room = CellWidth(width - width_of(runs) - 1)
        if self._words and room >= _LEAST_WORDS:
            said = Span(fit(self._words, room, self.look), Role.KEY)
            runs += [spaces(width - width_of(runs) - said.width), said]
        return [self.painter.strip(runs, width)][:height]

    def _gap(self, width: CellWidth) -> int:
        """Return the cells between two tabs."""
        return 1 if sum(tab.width + 1 for tab in self._tabs) <= width else 0

    def _shown(self, width: CellWidth) -> Sequence[Tab]:
        """Return the tabs that are shown: all, or the open one if they do not fit."""
        if sum(tab.width for tab in self._tabs) <= width:
            return self._tabs
        return [tab for tab in self._tabs if tab.name == self._tab]

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        column, width = 0, CellWidth(self.size.width)
        for tab in self._shown(width):
            column += tab.width + self._gap(width)
            if event.x < column:
                self.post_message(self.Chosen(self, tab.name))
                return


def _runs(tab: Tab, *, is_open: bool) -> list[Span]:
    # Not by colour alone: the open tab stands in brackets.
    before, after = ("[", "]") if is_open else (" ", " ")
    role = Role.TAB if is_open else Role.MUTED
    key = [Span(f"{tab.key} ", Role.KEY)] if tab.key else []
    return [Span(before, role), *key, Span(tab.name.capitalize(), role), Span(after, role)]
