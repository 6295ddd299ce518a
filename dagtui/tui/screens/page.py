"""Page that takes the whole screen: a heading, rows with a cursor, and the keys of its own table of actions."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from textual.binding import Binding, BindingsMap
from textual.screen import ModalScreen

from dagtui.text import fit, label
from dagtui.text.amounts import CellWidth
from dagtui.tui.actions.action import Group, PageAction, Pane
from dagtui.tui.lines.painter import PaintedRows
from dagtui.tui.lines.prompt_screen import OverScreen
from dagtui.tui.lines.rows import Role, Row, Span, first_that_fit, spaces, width_of
from dagtui.tui.screens.footer import Footer
from dagtui.tui.screens.search_line import SearchLine
from dagtui.tui.screens.top_bar import MESSAGE_SECONDS, MOST_SAID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Never

    from textual.app import ComposeResult
    from textual.strip import Strip
    from textual.timer import Timer
    from textual.widget import Widget

    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap


class PageApp(Protocol):
    """What a page uses of the App."""

    def request_frame(self) -> None:
        """Schedule the painting of changes."""

    def action_repaint(self) -> None:
        """Draw the whole screen again."""

    def perform(self, id_: str) -> object:
        """Perform an action of the main screen over the page that is open."""


class PageContent(Protocol):
    """What the keys of a page act on: a `RowList`, or a widget of the page's own with the same methods."""

    def move(self, step: int) -> None:
        """Go up or down one row."""

    def page(self, direction: int) -> None:
        """Go up or down one page."""

    def half_page(self, direction: int) -> None:
        """Go up or down half a page."""

    def top(self) -> None:
        """Go to the first row."""

    def bottom(self) -> None:
        """Go to the last row."""

    def activate(self) -> bool:
        """Open what is under the cursor. Return whether that leads somewhere."""
        ...

    def repaint(self) -> int:
        """Draw again. Return the number of rows that differ."""
        ...


class PageLines(PaintedRows, can_focus=False):
    """Lines of a page that never scroll: its heading, and words below its rows."""

    def __init__(self, look: Look, draw: Callable[[CellWidth], Sequence[Row]], *, id: str) -> None:  # noqa: A002
        super().__init__(look, id=id)
        self._rows = draw

    def draw(self, width: CellWidth, height: int) -> list[Strip]:
        """Return the lines."""
        return [self.painter.strip(one.runs, width) for one in self._rows(width)[:height]]


class PageScreen(OverScreen[None], ModalScreen[None], inherit_bindings=False):
    """Base of all pages. A subclass gives `content`, `heading` and `ACTIONS`."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    AUTO_FOCUS = "#rows"

    def __init__(self, keymap: Keymap, look: Look) -> None:
        """`keymap` is that of the App, of which the user's own keys apply here, too."""
        super().__init__(classes="-ascii" if look.ascii else None)
        self.look = look
        self.keymap = keymap.within(self.actions())
        self._bindings = BindingsMap(
            Binding(",".join(keys), f"screen.act('{action.id}')", show=False)
            for action in self.actions()
            if (keys := self.keymap.keys(action.id))
        )
        self._message: Span | None = None
        self._message_timer: Timer | None = None
        self._heading = PageLines(look, lambda width: [self._headline(width)], id="heading")
        self._notes = PageLines(look, self.notes, id="notes")
        self._footer = Footer(self.keymap, look)
        self._line = SearchLine(self._end_typing)
        self._typed: Callable[[str | None], None] = lambda _: None

    # What a subclass gives

    @classmethod
    def actions(cls) -> Sequence[PageAction[Never]]:
        """Return the table of actions, of which help, footer, palette and bindings are made. Each gets the page."""
        return PAGE_ACTIONS

    @property
    def content(self) -> PageContent:
        """The rows. Its widget has the id `rows`."""
        raise NotImplementedError

    def heading(self, width: CellWidth) -> tuple[Sequence[Span], Sequence[Span]]:
        """Return the spans at the left and at the right end of the first line."""
        raise NotImplementedError

    def notes(self, width: CellWidth) -> Sequence[Row]:  # noqa: ARG002 - for subclasses
        """Return lines between the rows and the keys. Call `refit` when their number changes."""
        return ()

    def labels(self) -> dict[str, str]:
        """Return the words of keys in the footer that differ from the table now, by action id."""
        return {}

    def about(self) -> Sequence[Row]:
        """Return what the row under the cursor shows, in words, for the help."""
        return ()

    def open(self) -> None:
        """Open what is under the cursor."""
        self.content.activate()

    def back(self) -> None:
        """Undo one thing, in the end close the page."""
        self.close()

    # Behaviour

    @property
    def shown_by(self) -> PageApp:
        """The App."""
        return cast("PageApp", self.app)

    def compose(self) -> ComposeResult:
        """Yield heading, rows, notes and keys."""
        yield self._heading
        yield cast("Widget", self.content)
        yield self._notes
        yield self._line
        yield self._footer

    def on_mount(self) -> None:
        """Show the keys."""
        self.refit()
        self.show_changes()

    def on_resize(self) -> None:
        """Fit the notes."""
        self.refit()

    def refit(self) -> None:
        """Give the notes as many rows as they have."""
        rows = len(self.notes(CellWidth(max(1, self.size.width))))
        self._notes.display = rows > 0
        self._notes.styles.height = max(1, rows)

    def show_changes(self) -> None:
        """Draw heading, rows, notes and keys again, as far as they differ."""
        self._heading.repaint()
        self.content.repaint()
        self._notes.repaint()
        self.show_keys()

    def show_keys(self) -> None:
        """Show the keys that would do something now, if they differ."""
        self._footer.show_keys(Pane.PAGE, self.unavailable(), self.labels())

    def close(self) -> None:
        """Return to what was open before."""
        self.dismiss(None)

    async def action_act(self, id_: str) -> None:
        """Perform the action of a key, or say why it would do nothing."""
        self._dismiss_message()
        action, reason = next(one for one in self.offered() if one[0].id == id_)
        if reason:
            self.say(reason)
            return
        done = action.run(self)
        if isinstance(done, Awaitable):
            await done
        if self.is_attached:
            self.show_changes()
        self.shown_by.request_frame()

    def unavailable(self) -> frozenset[str]:
        """Return the ids of the actions that would do nothing now."""
        return frozenset(action.id for action, reason in self.offered() if reason)

    def offered(self) -> Iterator[tuple[PageAction[PageScreen], str]]:
        """Yield the actions, each with the reason why it would do nothing now, or ""."""
        for action in cast("Sequence[PageAction[PageScreen]]", self.actions()):
            yield action, (action.refusal(self) if action.refusal else None) or ""

    def help(self) -> None:
        """Open the help with the keys of the page."""
        from dagtui.tui.screens.help import HelpScreen

        here = HelpScreen(self.keymap, self.look, pane=Pane.PAGE, without=self.unavailable(), about=self.about())
        self.app.push_screen(here)

    def palette(self) -> None:
        """Open the palette, with the commands of the page first."""
        from dagtui.tui.screens.palette import Palette

        self.app.push_screen(Palette(self.look))

    # The first line and its messages

    def say(self, text: str, role: Role = Role.PLAIN, *, lasting: bool = False) -> None:
        """Show a message at the right of the heading, until the next key press or for some seconds."""
        self._message = Span(label(text, cap=MOST_SAID), role)
        if self._message_timer is not None:
            self._message_timer.stop()
        self._message_timer = None if lasting else self.set_timer(MESSAGE_SECONDS, self._dismiss_message)
        self._heading.repaint()

    def _dismiss_message(self) -> None:
        if self._message is not None:
            self._message = None
            self._heading.repaint()

    def _headline(self, width: CellWidth) -> Row:
        left, right = self.heading(width)
        if self._message is not None:
            right = (self._message._replace(text=fit(self._message.text, CellWidth(width - 2), self.look)),)
            left = first_that_fit(left, CellWidth(width - width_of(right) - 2))
        shown = right if width_of(left) + width_of(right) + 1 <= width else ()
        return Row((*left, spaces(width - width_of(left) - width_of(shown) - 1), *shown))

    # Typing

    @property
    def typing(self) -> bool:
        """Whether a person types into the line at the bottom."""
        return self._line.typing

    def ask(self, words: str, text: str, done: Callable[[str | None], None]) -> None:
        """Let a person type a text after a prompt. `done` gets it, or None if the person gave up."""
        self._typed = done
        self._footer.display = False
        self._line.open(words, text)

    def _end_typing(self, found: bool) -> None:
        self._dismiss_message()
        text = self._line.text if found else None
        self._line.rest("", "")
        self._footer.display = True
        self.set_focus(cast("Widget", self.content))
        self._typed(text)
        self.show_changes()

    def on_descendant_focus(self) -> None:
        """End the typing if a click went elsewhere."""
        if self.typing and self.focused is cast("Widget", self.content):
            self._line.leave()

    async def on_footer_pressed(self, message: Footer.Pressed) -> None:
        """Perform the action of the key that was clicked."""
        message.stop()
        await self.action_act(message.id)


PAGE_ACTIONS: tuple[PageAction[PageScreen], ...] = (
    PageAction("pane.open", ("enter",), "open", "Open what is under the cursor",
               Group.PANES, lambda page: page.open(), rank=10),
    PageAction("pane.back", ("escape",), "back", "Back to what was open before",
               Group.PANES, lambda page: page.back(), rank=11),
    PageAction("screen.palette", ("colon", "ctrl+p"), "commands", "Every command and node by name",
               Group.SCREEN, lambda page: page.palette(), rank=88),
    PageAction("screen.help", ("question_mark", "f1"), "help", "This help",
               Group.SCREEN, lambda page: page.help(), rank=90),
    PageAction("screen.leave", ("q", "ctrl+c"), "close", "Close the page",
               Group.SCREEN, lambda page: page.close(), rank=91),
    PageAction("screen.repaint", ("ctrl+l",), "repaint", "Draw the whole screen again",
               Group.SCREEN, lambda page: page.shown_by.action_repaint()),
    PageAction("move.down", ("j", "down"), "down", "Down one line", Group.MOVE, lambda page: page.content.move(1)),
    PageAction("move.up", ("k", "up"), "up", "Up one line", Group.MOVE, lambda page: page.content.move(-1)),
    PageAction("move.top", ("g", "home"), "top", "To the top", Group.MOVE, lambda page: page.content.top()),
    PageAction("move.bottom", ("G", "end"), "bottom", "To the bottom", Group.MOVE, lambda page: page.content.bottom()),
    PageAction("move.page_down", ("pagedown", "space"), "page down", "Down one page",
               Group.MOVE, lambda page: page.content.page(1)),
    PageAction("move.page_up", ("pageup",), "page up", "Up one page", Group.MOVE, lambda page: page.content.page(-1)),
    PageAction("move.half_down", ("ctrl+d",), "half down", "Down half a page",
               Group.MOVE, lambda page: page.content.half_page(1)),
    PageAction("move.half_up", ("ctrl+u",), "half up", "Up half a page",
               Group.MOVE, lambda page: page.content.half_page(-1)),
)  # fmt: skip
"""The keys of every page. Their ids are those of the main screen, so that a user's own keys mean the same here."""
