"""One line to type what is looked for; it takes the footer's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from dagtui.tui.rows import PaintedRows, Role, Run

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.strip import Strip


class _Field(Input):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "give_up", show=False),
    ]

    def action_give_up(self) -> None:
        """Look for nothing."""
        self.post_message(SearchLine.Closed(found=False))


class _Prompt(PaintedRows, can_focus=False):
    words = ""

    def draw(self, width: int, height: int) -> list[Strip]:  # noqa: ARG002 - the base's signature
        return [self.strip([Run(self.words, Role.KEY)], width)]


class SearchLine(Horizontal):
    """A prompt and a field. It says what is typed as it is typed, and when the typing is over."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    class Typed(Message):
        """What is looked for has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """The typing is over: by Enter, or given up."""

        def __init__(self, *, found: bool) -> None:
            super().__init__()
            self.found = found

    def __init__(self) -> None:
        super().__init__(id="find")
        self._prompt = _Prompt(id="find-prompt")
        # Control codes that were pasted could not be looked for anyway.
        self._field = _Field(id="find-field", compact=True, select_on_focus=False, restrict=r"[^\x00-\x1f\x7f-\x9f]*")

    def compose(self) -> ComposeResult:
        """Prompt and field."""
        yield self._prompt
        yield self._field

    def open(self, words: str, text: str) -> None:
        """Ask, beginning with a text."""
        self._prompt.words = f" {words} /"
        self._prompt.styles.width = len(self._prompt.words)
        with self.prevent(Input.Changed):
            self._field.value = text
        self._field.cursor_position = len(text)
        self.display = True
        self._prompt.repaint()
        self.screen.set_focus(self._field)  # at once: what is typed next is meant for it

    @property
    def text(self) -> str:
        """What was typed."""
        return self._field.value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Closed(found=True))
