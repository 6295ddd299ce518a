"""What all dialogs share: a box over the screen, and an Enter that can't be pressed by accident."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from dagtui.tui.lines.page import Page, wrapped
from dagtui.tui.lines.rows import Role, Row, Span, row
from dagtui.tui.prompt_screen import PromptScreen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

AnswerT = TypeVar("AnswerT")
DEAF_SECONDS = 0.3
"""So long a new question takes no assent: the key may have been meant for what was there before."""
BOX_WIDTH = 76
SCROLLS = ("j k", "scroll")
"""Stands behind the other keys where there is more than can be seen."""
_CHROME = 4
"""Columns of a box that are no text: border and padding at both sides."""
_PRESSED = {"Enter": "enter", "Esc": "escape", "Tab": "tab"}
"""What keys are called by Textual, where it isn't what a dialog calls them."""

_MOVES: Iterable[tuple[str, str]] = (
    ("j,down", "move(1)"),
    ("k,up", "move(-1)"),
    ("pagedown,space", "page(1)"),
    ("pageup", "page(-1)"),
    ("ctrl+d", "half_page(1)"),
    ("ctrl+u", "half_page(-1)"),
    ("g,home", "top"),
    ("G,end", "bottom"),
)


class Part(Page):
    """A page in a box: as high as its rows, or as there is room for."""

    def rows_at(self, width: int) -> int:
        """How many rows of the screen it takes at a width."""
        return sum(len(wrapped(one, width)) for one in self.rows)


class Still(Part, can_focus=False):
    """A part of a box that is never scrolled."""


class Dialog(PromptScreen[AnswerT], ModalScreen[AnswerT], inherit_bindings=False):
    """A question or a page over the main screen: title, body, and the keys that answer it."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", show=False),
        Binding("escape,q,n,ctrl+c", "decline", show=False),
        *(Binding(keys, action, show=False) for keys, action in _MOVES),
    ]

    monotonic = staticmethod(time.monotonic)

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002 - the name of the option
        super().__init__(classes="-ascii" if ascii else None)
        self.ascii_only = ascii
        self._asked = self.monotonic()
        self._head = Still(ascii_only=ascii, id="head")
        self._body = Part(ascii_only=ascii, id="body")
        self._keys = Still(ascii_only=ascii, id="keys")

    # What a dialog says

    def head(self) -> Sequence[Row]:
        """Title and summary; stays in sight."""
        raise NotImplementedError

    def body(self) -> Sequence[Row]:
        """What may be long, and scrolls."""
        return ()

    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys that answer, each with what it does."""
        raise NotImplementedError

    def show(self) -> None:
        """Show what the dialog says now, in a box of the right size."""
        self._head.set_rows(list(self.head()))
        self._body.set_rows(list(self.body()))
        self._keys.set_rows([row(*_key_runs(self.keys()))])
        box = self.query_one("#box")
        inside = self.inside
        rows = self._body.rows_at(inside)
        if rows > self._room(inside):
            self._keys.set_rows([row(*_key_runs([*self.keys(), SCROLLS]))])
        box.styles.width = inside + _CHROME
        self._head.styles.height = self._head.rows_at(inside)
        self._keys.styles.height = self._keys.rows_at(inside)
        self._body.display = rows > 0
        self._body.styles.height = min(rows, self._room(inside))

    @property
    def inside(self) -> int:
        """The columns of the box that text can take."""
        return max(20, min(BOX_WIDTH, self.size.width - 2)) - _CHROME

    def _room(self, inside: int) -> int:
        """How many rows of the body there is room for."""
        return max(1, self.size.height - self._head.rows_at(inside) - self._keys.rows_at(inside) - _CHROME)

    # How it works

    def compose(self) -> ComposeResult:
        """One box."""
        with Vertical(id="box"):
            yield self._head
            yield self._body
            yield self._keys

    def on_mount(self) -> None:
        """Show what is asked."""
        self.show()

    def on_resize(self) -> None:
        """Fit the box."""
        self.show()

    def ask_again(self) -> None:
        """What is asked has changed: an Enter that is on its way was meant for what was asked before."""
        self._asked = self.monotonic()
        self.show()

    @property
    def deaf(self) -> bool:
        """Whether the question is too new to be assented to."""
        return self.monotonic() - self._asked < DEAF_SECONDS

    def action_accept(self) -> None:
        """Do what was asked."""
        self.dismiss(None)

    def action_decline(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Scroll by a row."""
        self._body.move(step)

    def action_page(self, direction: int) -> None:
        """Scroll by a page."""
        self._body.page(direction)

    def action_half_page(self, direction: int) -> None:
        """Scroll by half a page."""
        self._body.half_page(direction)

    def action_top(self) -> None:
        """To the beginning."""
        self._body.top()

    def action_bottom(self) -> None:
        """To the end."""
        self._body.bottom()


def _key_runs(keys: Sequence[tuple[str, str]]) -> list[Span]:
    runs: list[Span] = []
    for key, words in keys:
        first = key.split(" ")[0]
        pressed = "" if (key, words) == SCROLLS else _PRESSED.get(first, first)
        runs += [Span("   " if runs else ""), Span(key, Role.KEY, pressed), Span(f" {words}", Role.MUTED, pressed)]
    return runs
