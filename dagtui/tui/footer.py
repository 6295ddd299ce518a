"""The last line: the keys of the focused pane, or what was just done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from dagtui.text import cell_width, fit, label
from dagtui.tui.actions.keymap import KEYS, Keymap, Pane, footer_keys
from dagtui.tui.lines.rows import PaintedRows, Role, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.strip import Strip
    from textual.timer import Timer

    from dagtui.tui.actions.keymap import Key

NOTICE_SECONDS = 8.0
ALWAYS = tuple(key for key in KEYS if key.id in {"screen.help", "screen.leave"})
"""Stay at the right end, however narrow it gets."""
DETACH = "screen.detach"
"""Stands beside leaving, where there is room; only offered where the run goes on without its screen."""


class Footer(PaintedRows, can_focus=False):
    """One line of keys; a notice takes its place until the next key press or for some seconds."""

    class Pressed(Message):
        """A person clicked on a key."""

        def __init__(self, id_: str) -> None:
            super().__init__()
            self.id = id_

    def __init__(self, keymap: Keymap, *, detachable: bool = False, ascii: bool = False) -> None:  # noqa: A002 - the name of the option
        super().__init__(ascii_only=ascii, id="footer")
        self._keymap = keymap
        self._detachable = detachable
        self._pane = Pane.TREE
        self._idle: frozenset[str] = frozenset()
        """The keys that would do nothing now."""
        self._told: Mapping[str, str] = {}
        """What keys do now, where that is not what the table says."""
        self._notice: Span | None = None
        self._lasting = False
        self._timer: Timer | None = None
        self._places: list[tuple[int, int, str]] = []

    def show_keys(self, pane: Pane, idle: frozenset[str], told: Mapping[str, str]) -> None:
        """Show the keys of a pane, but for those that would do nothing; `told` are other words for some of them."""
        if (pane, idle, told) != (self._pane, self._idle, self._told):
            self._pane, self._idle, self._told = pane, idle, told
            self.repaint()

    def say(self, text: str, role: Role = Role.PLAIN, *, lasting: bool = False) -> None:
        """Show one line in place of the keys; a lasting one stays until another comes."""
        self._notice, self._lasting = Span(label(text, cap=500), role), lasting
        if self._timer is not None:
            self._timer.stop()
        self._timer = None if lasting else self.set_timer(NOTICE_SECONDS, self.dismiss)
        self.repaint()

    @property
    def said(self) -> str:
        """What is shown in place of the keys; empty when the keys are."""
        return self._notice.text if self._notice else ""

    def dismiss(self) -> None:
        """Show the keys again, unless what is said is to last."""
        if self._notice is None or self._lasting:
            return
        self._notice = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.repaint()

    def draw(self, width: int, height: int) -> list[Strip]:
        """The notice, or the keys that fit."""
        if height < 1:
            return []
        if self._notice is not None:
            self._places = []
            text = fit(f" {self._notice.text}", width, ascii=self.ascii_only)
            return [self.strip([Span(text, self._notice.role)], width)]
        return [self.strip(self._keys(width), width)]

    def _keys(self, width: int) -> list[Span]:
        """As many keys as fit, the most useful first, and at the right end those that must never be missing."""
        left = width - sum(_cells(self._entry(key)) for key in ALWAYS)
        at_left: list[Key] = []
        at_right = list(ALWAYS)
        for key in footer_keys(self._pane, self._told):
            entry = self._entry(key)
            if key in ALWAYS or key.id in self._idle or not entry[0].text.strip():
                continue
            if key.id == DETACH and not self._detachable:
                continue
            if _cells(entry) > left:
                break
            left -= _cells(entry)
            if key.id == DETACH:
                at_right.insert(-1, key)
            else:
                at_left.append(key)
        gap = max(0, left)
        self._places = []
        runs = [*self._placed(at_left, 0), Span(" " * gap)]
        return [*runs, *self._placed(at_right, sum(cell_width(run.text) for run in runs))]

    def _placed(self, keys: list[Key], column: int) -> list[Span]:
        """The runs of keys from a column on; what a click there means is noted."""
        runs: list[Span] = []
        for key in keys:
            entry = self._entry(key)
            self._places.append((column, column + _cells(entry), key.id))
            column += _cells(entry)
            runs += entry
        return runs

    def _entry(self, key: Key) -> tuple[Span, Span]:
        return Span(f" {self._keymap.shown(key.id, ascii=self.ascii_only)}", Role.KEY), Span(
            f" {self._told.get(key.id, key.words)} ", Role.MUTED
        )

    def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        for start, end, id_ in self._places:
            if start <= event.x < end:
                self.post_message(self.Pressed(id_))


def _cells(entry: tuple[Span, Span]) -> int:
    return sum(cell_width(run.text) for run in entry)
