"""Help: what the cursor's row shows, the keys of the focused pane, every sign, and all other keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.actions.action import Group, Pane
from dagtui.tui.lines.rows import Role, Row, Span, muted, row
from dagtui.tui.screens.dialog import Reader
from dagtui.tui.screens.help_entries import NOTHING_PRESENT, beside, column, matching, other_keys, pane_keys, signs

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from textual import events
    from textual.binding import BindingType

    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.screens.help_entries import Section

HEADING: Final = "Keys and signs"
_GAP: Final = 2
_MOST_INSIDE: Final = 156
_TWO_FROM, _THREE_FROM = 70, 140
"""Columns of text from which there are two, and three, columns of entries."""
_LONGEST_QUERY: Final = 40


class HelpScreen(Reader):
    """Every key and every sign. What is typed after a slash filters them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "filter", show=False)]

    def __init__(
        self,
        keymap: Keymap,
        look: Look = IN_UNICODE,
        *,
        pane: Pane = Pane.TREE,
        without: Collection[str] = (),
        about: Sequence[Row] = (),
        present: Mapping[str, str] = NOTHING_PRESENT,
    ) -> None:
        """`pane` has the focus. Actions in `without` would do nothing now. `about` says what the cursor's row shows.

        `present` has, by action id, what keys act on now.
        """
        super().__init__(look)
        self._about = about
        self._keymap = keymap
        self._here = [pane_keys(keymap, pane, without, look)]
        has_moments = any(action.group is Group.RECORDING for action in keymap.actions)
        self._signs = list(signs(look, has_moments=has_moments))
        self._others = list(other_keys(keymap, pane, look, present))
        self._query = ""
        self._typing = False

    @property
    def inside(self) -> CellWidth:
        """The columns of the box available for text: more than in a question, for columns beside each other."""
        return CellWidth(max(super().inside, min(self.size.width - 6, _MOST_INSIDE)))

    def head(self) -> list[Row]:
        """Return the title, and the filter with the number of its hits."""
        title = Span(HEADING, Role.HEADING)
        if not (self._typing or self._query):
            return [row(title)]
        sections = [*self._here, *self._signs, *self._others]
        total, found = _count(sections), _count(matching(sections, self._query))
        typed = [Span(f"   /{self._query}", Role.KEY), *([Span(" ", Role.HIT_CURRENT)] if self._typing else [])]
        return [row(title, *typed, Span(f"   {found} of {total}", Role.MUTED if found else Role.WARNING))]

    def body(self) -> list[Row]:
        """Return the entries, in as many columns as there is room for."""
        here, others = matching(self._here, self._query), matching(self._others, self._query)
        known = matching(self._signs, self._query)
        room = self.inside
        if room < _TWO_FROM:
            parts: list[list[Section]] = [[*here, *known, *others]]
        elif room < _THREE_FROM:
            parts = [[*here, *others], [*known]]
        else:
            parts = [[*here], [*known], [*others]]
        parts = [part for part in parts if part]
        count = max(1, len(parts))  # a filter may leave nothing for a column
        width = CellWidth((room - _GAP * (count - 1)) // count)
        rows = beside([column(part, width) for part in parts], width, _GAP)
        about = [] if self._query or not self._about else [*self._about, row()]
        return [*about, *(rows or [row(muted("nothing here has these words"))])]

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys of the dialog."""
        if self._typing:
            return [("Enter", "keep"), ("Esc", "all")]
        return [("/", "filter"), ("Enter", "manual"), ("Esc", "all" if self._query else "back")]

    # The filter

    def takes(self, key: events.Key) -> bool:
        """Take a key that edits the filter."""
        if not self._typing:
            return False
        if key.key in {"backspace", "ctrl+h"}:
            self._find(self._query[:-1])
        elif key.key == "ctrl+u":
            self._find("")
        elif key.is_printable and key.character:
            self._find(self._query + key.character)
        else:
            return False
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Take a pasted text into the filter."""
        if self._typing:
            event.stop()
            self._find(self._query + "".join(filter(str.isprintable, event.text)))

    def action_filter(self) -> None:
        """Begin to type a filter, or go on."""
        self._typing = True
        self.show()

    def action_accept(self) -> None:
        """End the typing, or open the manual. It is read only now, so that it does not slow the start."""
        if self._typing:
            self._typing = False
            self.show()
            return
        from dagtui.tui.screens.manual import ManualDialog

        self.app.push_screen(ManualDialog(self._keymap, self.look))

    def action_decline(self) -> None:
        """End the filter, or close."""
        if not (self._typing or self._query):
            super().action_decline()
            return
        self._typing = False
        self._find("")

    def _find(self, query: str) -> None:
        self._query = query[:_LONGEST_QUERY]
        self.action_top()
        self.show()


def _count(sections: Iterable[Section]) -> int:
    return sum(len(section.entries) for section in sections)
