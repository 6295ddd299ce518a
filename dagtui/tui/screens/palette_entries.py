"""What the entries of the palette share: how something is found, and the rows that show it."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final, Protocol, cast

from rich.text import Text
from textual.command import Provider

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.action import AnyAction
    from dagtui.tui.actions.availability import Situation
    from dagtui.tui.actions.keymap import Keymap
    from dagtui.tui.screens.theme_choice import ThemeChoice

MARKED = "bold underline"
MOST_CELLS, _MARGIN, _CHROME = 80, 4, 6
"""The most columns of the palette, those beside it, and its columns that hold no words."""
_NAME_CELLS = 24
_WITH_SENTENCES = 70
"""Columns of the terminal from which there is room for sentences."""


class Match(enum.IntEnum):
    """How something is found, worst first: the score of its entry, together with less than one for how well."""

    SENTENCE = 1
    """A command, by words of its sentence."""
    LETTERS = 2
    """A command, by letters of its name that are not beside each other."""
    NAME = 3
    """A command, by a part of its name."""


NODE: Final = Match.NAME + 0.5
"""Nodes come after commands with such a name that would do something, before those that would do nothing."""


class PaletteMain(Protocol):
    """What the palette uses of the main screen."""

    @property
    def situation(self) -> Situation:
        """What keys act on now."""


class PalettePage(Protocol):
    """What the palette uses of a page that takes the whole screen."""

    keymap: Keymap

    def offered(self) -> Iterator[tuple[AnyAction, str]]:
        """Yield the actions of the page, each with the reason why it would do nothing now, or ""."""
        ...

    async def action_act(self, id_: str) -> None:
        """Perform an action of the page."""


class PalettePages(Protocol):
    """The pages that are open."""

    @property
    def top(self) -> PalettePage | None:
        """The page that is shown, if there is one."""


class PaletteApp(Protocol):
    """What the palette uses of the App."""

    view: RunView
    keymap: Keymap
    look: Look
    main: PaletteMain
    themes: ThemeChoice

    @property
    def pages(self) -> PalettePages:
        """The pages that take the place of the main screen."""

    async def action_act(self, id_: str) -> None:
        """Perform an action."""

    def jump(self, node: NodeIndex) -> None:
        """Put the cursor on a node."""


class Entries(Provider):
    """Base of our providers: the app, and prompts as `Text`, since Textual would read a bare string as markup."""

    @property
    def dagtui(self) -> PaletteApp:
        """The app."""
        return cast("PaletteApp", self.app)

    @property
    def cells(self) -> int:
        """The columns that hold the words of a prompt."""
        return max(1, min(MOST_CELLS, self.app.size.width - _MARGIN) - _CHROME)

    def line(self, left: Text, right: Text) -> Text:
        """Return a prompt with words at both ends of the row. Those on the left are cut."""
        cells = self.cells
        text = Text(no_wrap=True, overflow="ellipsis").append_text(left)
        text.truncate(max(1, cells - right.cell_len - 1), overflow="ellipsis")
        if self.dagtui.look.ascii:
            text.plain = text.plain.replace("…", self.dagtui.look.glyphs.cut)
        return text.append(" " * (cells - text.cell_len - right.cell_len)).append_text(right)

    def prompt(self, name: str, sentence: str, keys: str, *, marked: Sequence[int] = (), reason: str = "") -> Text:
        """Return name, sentence and keys. In place of the sentence, the reason why it would do nothing."""
        text = Text(name, "dim" if reason else "")
        for offset in marked:
            text.stylize(MARKED, offset, offset + 1)
        if words := reason or (sentence if self.app.size.width >= _WITH_SENTENCES else ""):
            text.append(" " * max(2, _NAME_CELLS - text.cell_len)).append(words, "dim")
        return self.line(text, Text(keys, "dim" if reason else "bold"))


def match_of(query: str, name: str, sentence: str, *, scattered: bool) -> Match | None:
    """Return how an entry is found, if it is. `scattered`: its name has all letters of the query, in their order."""
    if query.lower() in name.lower():
        return Match.NAME
    if scattered:
        return Match.LETTERS
    return Match.SENTENCE if all(_begins_word(sentence, word) for word in query.split()) else None


def _begins_word(text: str, word: str) -> bool:
    """Return whether a word of the text begins with `word`."""
    return re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) is not None
