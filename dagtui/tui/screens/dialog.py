"""Base of all dialogs: a box over the screen, and an Enter that cannot be pressed by accident."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from dagtui.text.amounts import CellWidth
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.page import Page, wrapped
from dagtui.tui.lines.prompt_screen import OverScreen
from dagtui.tui.lines.rows import Role, Row, Span, row, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from dagtui.text.look import Look

AnswerT = TypeVar("AnswerT")
DEAF_SECONDS = 0.3
"""How long a new question ignores assent: the key may have been meant for the previous one."""
BOX_WIDTH = 76
SCROLLS = ("j k", "scroll")
"""Follows the other keys if the body does not fit."""
_SPARE_ROWS = 2
"""Rows of a body that a row of keys about scrolling leaves at least."""
_CHROME = 4
"""Columns of a box without text: border and padding on both sides."""
_PRESSED = {"Enter": "enter", "Esc": "escape", "Tab": "tab"}
"""Textual's names of keys, where they differ from the dialog's."""

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

    def rows_at(self, width: CellWidth) -> int:
        """Return the number of screen rows at a width."""
        return sum(len(wrapped(one, width)) for one in self.rows)


class Still(Part, can_focus=False):
    """A part of a box that never scrolls."""


class Dialog(OverScreen[AnswerT], ModalScreen[AnswerT], inherit_bindings=False):
    """A question or a page over the main screen: title, body, and the keys that answer."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    AUTO_FOCUS = "#body"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "accept", show=False),
        Binding("escape,q,ctrl+c", "decline", show=False),
        *(Binding(keys, action, show=False) for keys, action in _MOVES),
    ]

    monotonic = staticmethod(time.monotonic)

    def __init__(self, look: Look = IN_UNICODE) -> None:
        super().__init__(classes="-ascii" if look.ascii else None)
        self.look = look
        self._asked = self.monotonic()
        self._head = Still(look, id="head")
        self._body = Part(look, id="body")
        self._keys = Still(look, id="keys")

    # Content of a dialog

    def head(self) -> Sequence[Row]:
        """Return title and summary, which stay in sight."""
        raise NotImplementedError

    def body(self) -> Sequence[Row]:
        """Return the part that may be long and scrolls."""
        return ()

    def keys(self) -> Sequence[tuple[str, str]]:
        """Return the keys that answer, each with what it does."""
        raise NotImplementedError

    def show(self) -> None:
        """Show the present content in a box of the right size, once there is a box."""
        if not self._keys.is_attached:
            return
        self._head.set_rows(list(self.head()))
        self._body.set_rows(list(self.body()))
        inside = self.inside
        self._keys.set_rows(_key_rows(self.keys(), inside))
        box = self.query_one("#box")
        rows = self._body.rows_at(inside)
        if rows > self._room(inside):
            longer = _key_rows([*self.keys(), SCROLLS], inside)
            if len(longer) == len(self._keys.rows) or self._room(inside) > _SPARE_ROWS:
                self._keys.set_rows(longer)
        box.styles.width = inside + _CHROME
        self._head.styles.height = self._head.rows_at(inside)
        self._keys.styles.height = self._keys.rows_at(inside)
        self._body.display = rows > 0
        self._body.styles.height = min(rows, self._room(inside))

    @property
    def inside(self) -> CellWidth:
        """The columns of the box available for text."""
        return CellWidth(max(20, min(BOX_WIDTH, self.size.width - 2))) - _CHROME

    def _room(self, inside: CellWidth) -> int:
        """Return how many rows of the body fit."""
        return max(1, self.size.height - self._head.rows_at(inside) - self._keys.rows_at(inside) - _CHROME)

    # Behaviour

    def compose(self) -> ComposeResult:
        """Yield the box."""
        with Vertical(id="box"):
            yield self._head
            yield self._body
            yield self._keys

    def on_mount(self) -> None:
        """Show the question."""
        self.show()

    def on_resize(self) -> None:
        """Fit the box."""
        self.show()

    def ask_again(self) -> None:
        """Show a changed question. An Enter on its way was meant for the previous one."""
        self._asked = self.monotonic()
        self.show()

    @property
    def deaf(self) -> bool:
        """Whether the question is too new for assent."""
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
        """Scroll to the beginning."""
        self._body.top()

    def action_bottom(self) -> None:
        """Scroll to the end."""
        self._body.bottom()


class Reader(Dialog[None]):
    """A page that asks nothing. No letter answers it, and what it does not know has no effect."""

    outlives_reload = True


def choice(words: str, pressed: str, look: Look) -> tuple[Span, Span]:
    """Return an answer beside others, chosen if no key has to be pressed for that."""
    mark, role = (look.glyphs.choice, Role.MUTED) if pressed else (look.glyphs.chosen, Role.KEY)
    return Span(f"{mark} {words}", role, pressed), Span("   ")


def _key_rows(keys: Sequence[tuple[str, str]], width: CellWidth) -> list[Row]:
    """Return keys with their words, in as few rows as they fit in. No key is parted from its words."""
    lines: list[list[Span]] = [[]]
    for key, words in keys:
        first = key.split(" ")[0]
        pressed = "" if (key, words) == SCROLLS else _PRESSED.get(first, first)
        entry = [Span(key, Role.KEY, pressed), Span(f" {words}", Role.MUTED, pressed)]
        if lines[-1] and width_of(lines[-1]) + 3 + width_of(entry) > width:
            lines.append([])
        lines[-1] += [*([Span("   ")] if lines[-1] else []), *entry]
    return [row(*line) for line in lines]
