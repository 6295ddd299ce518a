"""Search line: a prompt and a field in the footer's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from dagtui.text import count
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.rows import Role, Span, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.strip import Strip

    from dagtui.text.amounts import CellWidth


class _Field(Input):
    """A field that ends the typing at once, not by a message: the next key is meant for what follows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "give_up", show=False),
    ]

    def __init__(self, on_closed: Callable[[bool], None]) -> None:
        # Pasted control codes could not be searched for anyway.
        allowed = r"[^\x00-\x1f\x7f-\x9f]*"
        super().__init__(id="find-field", compact=True, select_on_focus=False, restrict=allowed)
        self.cursor_blink = False  # nothing is sent when nothing happens
        self._on_closed = on_closed

    def watch_has_focus(self, has_focus: bool) -> None:
        """Keep the styles: they are the same with and without the focus."""

    def action_give_up(self) -> None:
        """Give up the search."""
        self._on_closed(False)

    async def action_submit(self) -> None:
        """Search for the typed text."""
        self._on_closed(True)


class _SearchText(PaintedRows, can_focus=False):
    """A few words, as wide as they are."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._runs: Sequence[Span] = ()

    def say(self, *runs: Span) -> None:
        """Show other words."""
        if runs != self._runs:
            self._runs = runs
            self.styles.width = width_of(runs)
            self.repaint()

    def draw(self, width: CellWidth, height: int) -> list[Strip]:  # noqa: ARG002 - the base's signature
        return [self.painter.strip(self._runs, width)]


class SearchLine(Horizontal):
    """A prompt and a field. It announces the text while it is typed, and the end of the typing.

    If the text stays in effect, as a filter does, the line remains visible and shows it.
    """

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    class Typed(Message):
        """The searched text has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, on_closed: Callable[[bool], None]) -> None:
        """Create the line. `on_closed` is called when the typing ends: with True after Enter, or False if given up."""
        super().__init__(id="find")
        self.typing = False
        """Whether a person is typing. Otherwise the line only shows what was typed."""
        self._on_closed = on_closed
        self._prompt = _SearchText(id="find-prompt")
        self._outcome = _SearchText(id="find-outcome")
        self._field = _Field(on_closed)

    def compose(self) -> ComposeResult:
        """Yield prompt and field."""
        yield self._prompt
        yield self._field
        yield self._outcome

    def open(self, words: str, text: str) -> None:
        """Open the field with a text."""
        self.typing = True
        self._show(words, text)
        self.screen.set_focus(self._field)  # at once: the next keys are meant for it

    def leave(self) -> None:
        """End the typing, if there is any, because something else gets the focus. The text stays in effect."""
        if self.typing:
            self._on_closed(True)

    def rest(self, words: str, text: str) -> None:
        """End the typing. Show the text as long as it is in effect, or hide the line without one."""
        self.typing = False
        if text:
            self._show(words, text)
        elif self.display:
            self.display = False

    def tell(self, *runs: Span) -> None:
        """Show the result at the end of the line."""
        self._outcome.say(*runs)

    def _show(self, words: str, text: str) -> None:
        self._prompt.say(Span(f" {words} /", Role.KEY))
        if self._field.value != text:
            with self.prevent(Input.Changed):
                self._field.value = text
        self._field.cursor_position = len(text)
        if not self.display:
            self.display = True

    @property
    def text(self) -> str:
        """The typed text."""
        return self._field.value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))


def filtered(found: int, total: int, keys: Sequence[str], room: CellWidth) -> list[Span]:
    """Return the result of a filter: the number of matches, and the keys for the next one and for all, if they fit."""
    runs = [Span(f" {count(found)} of {count(total)} ", Role.MUTED if found else Role.WARNING)]
    hints = zip(keys, ("next", "all nodes"), strict=False)
    runs += [run for key, words in hints for run in (Span(f" {key}", Role.KEY), Span(f" {words} ", Role.MUTED))]
    return runs if width_of(runs) <= room else runs[:1]
