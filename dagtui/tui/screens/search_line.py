"""One line to type what is looked for; it takes the footer's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from dagtui.text import cell_width, count
from dagtui.tui.lines.rows import PaintedRows, Role, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.strip import Strip


class _Field(Input):
    """Ends the typing at once, not by a message: the next key is meant for what is there then."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "give_up", show=False),
    ]

    def __init__(self, on_closed: Callable[[bool], None]) -> None:
        # Control codes that were pasted could not be looked for anyway.
        allowed = r"[^\x00-\x1f\x7f-\x9f]*"
        super().__init__(id="find-field", compact=True, select_on_focus=False, restrict=allowed)
        self.cursor_blink = False  # nothing is sent when nothing happens
        self._on_closed = on_closed

    def action_give_up(self) -> None:
        """Look for nothing."""
        self._on_closed(False)

    async def action_submit(self) -> None:
        """Look for what was typed."""
        self._on_closed(True)


class _SearchText(PaintedRows, can_focus=False):
    """A few words, in as many cells as they take."""

    def __init__(self, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._runs: Sequence[Span] = ()

    def say(self, *runs: Span) -> None:
        """Show other words."""
        if runs != self._runs:
            self._runs = runs
            self.styles.width = sum(cell_width(run.text) for run in runs)
            self.repaint()

    def draw(self, width: int, height: int) -> list[Strip]:  # noqa: ARG002 - the base's signature
        return [self.strip(self._runs, width)]


class SearchLine(Horizontal):
    """A prompt and a field. It says what is typed as it is typed, and when the typing is over.

    Where what was typed goes on to count, as a filter does, the line stays in sight and says so.
    """

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")

    class Typed(Message):
        """What is looked for has changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, on_closed: Callable[[bool], None]) -> None:
        """`on_closed` is called when the typing is over: by Enter (True), or given up."""
        super().__init__(id="find")
        self.typing = False
        """Whether a person is typing; else it only tells what was typed."""
        self._prompt = _SearchText(id="find-prompt")
        self._outcome = _SearchText(id="find-outcome")
        self._field = _Field(on_closed)

    def compose(self) -> ComposeResult:
        """Prompt and field."""
        yield self._prompt
        yield self._field
        yield self._outcome

    def open(self, words: str, text: str) -> None:
        """Ask, beginning with a text."""
        self.typing = True
        self._show(words, text)
        self.screen.set_focus(self._field)  # at once: what is typed next is meant for it

    def rest(self, words: str, text: str) -> None:
        """Nobody types any more: show what was typed for as long as it counts; without a text, nothing."""
        self.typing = False
        if text:
            self._show(words, text)
        elif self.display:
            self.display = False

    def tell(self, *runs: Span) -> None:
        """Say at the end of the line what came of it."""
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
        """What was typed."""
        return self._field.value

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))


def filtered(found: int, total: int, keys: Sequence[str], room: int) -> list[Span]:
    """What came of a filter: how many nodes it lets through, and the keys for the next one and for all, if they fit."""
    runs = [Span(f" {count(found)} of {count(total)} ", Role.MUTED if found else Role.WARNING)]
    hints = zip(keys, ("next", "all nodes"), strict=False)
    runs += [run for key, words in hints for run in (Span(f" {key}", Role.KEY), Span(f" {words} ", Role.MUTED))]
    return runs if sum(cell_width(run.text) for run in runs) <= room else runs[:1]
