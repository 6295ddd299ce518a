"""The themes in the palette: one entry each, previewed while it is under the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from textual.command import DiscoveryHit, Hit
from textual.fuzzy import FuzzySearch

from dagtui.text.look import AFTER_THE_TERMINAL, THEMES
from dagtui.tui.screens.palette_entries import match_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from dagtui.tui.screens.palette_entries import Entries
    from dagtui.tui.screens.theme_choice import ThemeChoice

_WORDS: Final = {
    AFTER_THE_TERMINAL: "Light or dark, after the terminal's background",
    "dark": "Colours of the screen: light text on dark",
    "light": "Colours of the screen: dark text on light",
    "ansi": "Colours of the screen: the terminal's own 16",
    "contrast": "Colours of the screen: the strongest contrast",
}


@dataclass(frozen=True, slots=True)
class ChooseTheme:
    """What an entry does. While it is under the cursor, the screen shows its theme."""

    themes: ThemeChoice
    name: str

    def __call__(self) -> None:
        """Draw in the theme from now on, and remember it."""
        self.themes.choose(self.name)

    def preview(self) -> None:
        """Draw in the theme for now."""
        self.themes.show(self.name)


def all_themes(entries: Entries) -> Iterator[DiscoveryHit]:
    """Yield an entry for each theme."""
    for name in (AFTER_THE_TERMINAL, *THEMES):
        yield DiscoveryHit(_entry(entries, name), ChooseTheme(entries.dagtui.themes, name), _title(name))


def themes_found(entries: Entries, query: str) -> Iterator[Hit]:
    """Yield the themes whose names match, or whose sentences have words that begin with what is typed."""
    matcher = FuzzySearch()
    for name in (AFTER_THE_TERMINAL, *THEMES):
        strength, marked = matcher.match(query, _title(name))
        match = match_of(query, _title(name), _WORDS[name], scattered=strength > 0)
        if match is not None:
            score = match.value + strength / (1 + strength) / 2  # below commands that would do something, and nodes
            choose = ChooseTheme(entries.dagtui.themes, name)
            yield Hit(score, _entry(entries, name, marked), choose, _title(name))


def _entry(entries: Entries, name: str, marked: Sequence[int] = ()) -> Text:
    now = "now" if name == entries.dagtui.themes.name else ""
    return entries.prompt(_title(name), _WORDS[name], now, marked=marked)


def _title(name: str) -> str:
    return f"Theme: {name}"
