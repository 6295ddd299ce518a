"""Manual over the screen: the list of its pages, and one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagtui.manual.layout import Emphasis, page_lines
from dagtui.manual.pages import TOPICS, page_in_ascii, read_pages
from dagtui.text import label
from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.rows import Role, Row, Span, muted, row
from dagtui.tui.screens.dialog import Reader
from dagtui.tui.screens.manual_keys import with_own_keys

if TYPE_CHECKING:
    from dagtui.manual.pages import ManualPage
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.lines.page import JumpTo

_ROLES = {
    Emphasis.PLAIN: Role.PLAIN,
    Emphasis.HEADING: Role.HEADING,
    Emphasis.STRONG: Role.HEADING,
    Emphasis.CODE: Role.KEY,
    Emphasis.QUIET: Role.MUTED,
}


class ManualDialog(Reader):
    """The pages, with one line each. Enter opens the page under the cursor."""

    def __init__(self, keymap: Keymap, look: Look = IN_UNICODE) -> None:
        """`keymap` has the keys that pages name."""
        super().__init__(look)
        self._keymap = keymap
        self._pages = read_pages()

    def head(self) -> list[Row]:
        """Return the title."""
        return [row(Span("Manual", Role.HEADING))]

    def body(self) -> list[Row]:
        """Return a row for each page, linked to its number."""
        widest = max(map(len, TOPICS))
        return [
            row(
                Span(f"{page.topic:<{widest}}", Role.KEY),
                muted(f"  {label(page.summary)}"),
                jump=number,
                indent=widest + 2,
            )
            for number, page in enumerate(self._pages)
        ]

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys of the dialog."""
        return [("Enter", "open"), ("Esc", "back")]

    def action_accept(self) -> None:
        """Open the page under the cursor."""
        self._body.activate()

    def on_jump_to(self, message: JumpTo) -> None:
        """Open the page that was chosen by key or click."""
        message.stop()
        self.app.push_screen(PageDialog(self._pages[message.target], self._keymap, self.look))


class PageDialog(Reader):
    """One page of the manual, laid out for the width of the box."""

    def __init__(self, page: ManualPage, keymap: Keymap, look: Look = IN_UNICODE) -> None:
        """`keymap` has the keys that the page names."""
        super().__init__(look)
        self._title = page.title
        self._text = with_own_keys(page.topic, page.text, keymap)

    def head(self) -> list[Row]:
        """Return the title."""
        return [row(Span(label(self._title), Role.HEADING))]

    def body(self) -> list[Row]:
        """Return the page without its title."""
        text = self._text.split("\n\n", 1)[1]
        if self.look.ascii:
            text = page_in_ascii(text)
        return [
            Row(tuple(Span(text, _ROLES[emphasis]) for text, emphasis in line))
            for line in page_lines(text, self.inside)
        ]

    def keys(self) -> list[tuple[str, str]]:
        """Return the keys of the dialog."""
        return [("Esc", "back")]
