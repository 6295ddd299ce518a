"""Command palette: every command, and every node by name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, cast

from rich.text import Text
from textual.command import DiscoveryHit, Hit, Provider

from dagtui.text import label
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import shortened
from dagtui.tui.actions.action import AnyAction, Group
from dagtui.tui.screens.palette import PaletteScreen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from textual.command import Hits

    from dagtui.text.look import Look
    from dagtui.tui.screen_app import ScreenApp

NODES_SHOWN = 50
_LABELS_AT_ONCE = 4096
"""Names to check before the event loop gets its turn."""
_ORDER = list(Group)
_NODE_SCORE = 0.3
"""Nodes come after commands."""


class _Commands(Provider):
    """Base of our providers: the app, and prompts as `Text`, since Textual would read a bare string as markup."""

    @property
    def dagtui(self) -> ScreenApp:
        """The app."""
        return cast("ScreenApp", self.app)

    async def discover(self) -> Hits:
        """Yield all commands: first those for the run, then those that find, read and navigate."""
        for key in sorted(self._offered(), key=lambda key: _ORDER.index(key.group)):
            yield DiscoveryHit(self._prompt(key, ()), partial(self.dagtui.action_act, key.id), key.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands in which each typed word begins a word."""
        wanted = query.lower().split()
        for key in self._offered():
            starts = [_word_start(f"{key.help} {key.words}", word) for word in wanted]
            if min(starts, default=-1) >= 0:
                offsets = [
                    offset
                    for start, word in zip(starts, wanted, strict=True)
                    for offset in range(start, min(start + len(word), len(key.help)))
                ]
                score = 1.0 if starts[0] == 0 else 0.5
                yield Hit(score, self._prompt(key, offsets), partial(self.dagtui.action_act, key.id), key.help)

    def _offered(self) -> Iterator[AnyAction]:
        actions = self.dagtui.keymap.actions
        offered = (key for key in actions if not key.id.startswith("move.") and key.id != "screen.palette")
        return (self._in_present_words(key) for key in offered)

    def _in_present_words(self, key: AnyAction) -> AnyAction:
        """Return the action in the words of what it would do now: who types `resume` must not pause the run."""
        if key.id != "run.pause":
            return key
        if self.dagtui.session.state.paused:
            return replace(key, words="resume", help="Resume: attempts start again")
        return replace(key, help="Pause: no new attempt starts")

    def _prompt(self, key: AnyAction, marked: Sequence[int]) -> Text:
        text = Text(key.help, no_wrap=True, overflow="ellipsis")
        for offset in marked:
            text.stylize("bold underline", offset, offset + 1)
        keys = self.dagtui.keymap.all_shown(key.id, self.dagtui.look)
        return text.append(f"  {keys}" if keys else "", "dim")


def _word_start(text: str, word: str) -> int:
    """Return where a word of the text begins with `word`, or -1."""
    found = re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE)
    return found.start() if found else -1


def _name_cells(width: int) -> int:
    """Return the cells for a name in a row of the palette, at most 80 wide. Textual would wrap a longer one."""
    return min(80, width - 4) - 8


class _Nodes(_Commands):
    """Jumps to a node by a part of its name."""

    async def discover(self) -> Hits:
        """Yield nothing: there may be a million nodes."""
        nothing: tuple[DiscoveryHit, ...] = ()
        for hit in nothing:
            yield hit

    async def search(self, query: str) -> Hits:
        """Yield the first nodes whose names contain the query."""
        session = self.dagtui.session
        look = self.dagtui.look
        async for node in self._matching(query.lower()):
            status = session.state.status_of(node)
            name = label(session.graph.labels[node], NAME_CHARACTERS)
            shown = shortened(name, _name_cells(self.app.size.width), look)
            prompt = Text(f"{look.glyphs.statuses[status]} {shown}", no_wrap=True)
            yield Hit(_NODE_SCORE, prompt, partial(self.dagtui.jump, node), name)

    async def _matching(self, query: str) -> AsyncIterator[int]:
        labels = self.dagtui.session.graph.labels
        found = 0
        for start in range(0, len(labels), _LABELS_AT_ONCE):
            for offset, name in enumerate(labels[start : start + _LABELS_AT_ONCE]):
                if query in name.lower():
                    yield start + offset
                    found += 1
                    if found == NODES_SHOWN:
                        return
            await asyncio.sleep(0)


class Palette(PaletteScreen):
    """The palette with our commands and nodes."""

    def __init__(self, look: Look = IN_UNICODE) -> None:
        super().__init__([_Commands, _Nodes], look)
