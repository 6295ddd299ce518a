"""Footer: the keys of the focused pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.action import Pane
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import Role, Span, spaces, width_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.strip import Strip

    from dagtui.text.amounts import CellWidth
    from dagtui.text.look import Look
    from dagtui.tui.actions.action import AnyAction
    from dagtui.tui.actions.keymap import Keymap

ALWAYS = frozenset({"screen.help", "screen.leave"})
"""Always at the right end."""
DETACH = "screen.detach"
"""Next to the key that leaves, if there is room."""


class Footer(PaintedRows, can_focus=False):
    """One line of keys."""

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, id_: str) -> None:
            super().__init__()
            self.id = id_

    def __init__(self, keymap: Keymap, look: Look = IN_UNICODE) -> None:
        super().__init__(look, id="footer")
        self._keymap = keymap
        self._pane = Pane.TREE
        self._unavailable: frozenset[str] = frozenset()
        """The keys that are unavailable now."""
        self._labels: Mapping[str, str] = {}
        """What keys do now, where it differs from the table."""
        self._places: list[tuple[int, int, str]] = []

    def show_keys(self, pane: Pane, unavailable: frozenset[str], labels: Mapping[str, str]) -> None:
        """Show the available keys of a pane. `labels` replaces the words of some of them."""
        if (pane, unavailable, labels) != (self._pane, self._unavailable, self._labels):
            self._pane, self._unavailable, self._labels = pane, unavailable, labels
            self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the keys that fit."""
        return [self.painter.strip(self._keys(width), width)][:height]

    def _keys(self, width: CellWidth) -> list[Span]:
        """Return the keys that fit, most useful first, with those that are always shown at the right end."""
        keys = self._keymap.footer(self._pane, self._labels)
        if "log.select" in self._labels:  # lines are selected to be copied
            keys.sort(key=lambda key: key.id != "screen.copy_line")
        at_left: list[AnyAction] = []
        at_right = [key for key in keys if key.id in ALWAYS]
        left = width - sum(width_of(self._entry(key)) for key in at_right)
        for key in keys:
            entry = self._entry(key)
            if key in at_right or key.id in self._unavailable or not entry[0].text.strip():
                continue
            if width_of(entry) > left:
                break
            left -= width_of(entry)
            if key.id == DETACH:
                at_right.insert(-1, key)
            else:
                at_left.append(key)
        self._places = []
        runs = [*self._placed(at_left, 0), spaces(left)]
        return [*runs, *self._placed(at_right, width_of(runs))]

    def _placed(self, keys: list[AnyAction], column: int) -> list[Span]:
        """Return the spans of keys from a column on, and record their positions for clicks."""
        runs: list[Span] = []
        for key in keys:
            entry = self._entry(key)
            self._places.append((column, column + width_of(entry), key.id))
            column += width_of(entry)
            runs += entry
        return runs

    def _entry(self, key: AnyAction) -> tuple[Span, Span]:
        return Span(f" {self._keymap.shown(key.id, self.look)}", Role.KEY), Span(
            f" {self._labels.get(key.id, key.words)} ", Role.MUTED
        )

    def on_click(self, event: events.Click) -> None:
        """Press the key under the pointer."""
        for start, end, id_ in self._places:
            if start <= event.x < end:
                self.post_message(self.Pressed(id_))
