"""Command palette: every command, and every node by name."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Never, Protocol, cast

from rich.text import Text
from textual._callback import invoke
from textual.binding import Binding
from textual.command import Command, CommandList, CommandPalette, DiscoveryHit, Hit, Provider, SearchIcon
from textual.widgets import Input
from textual.worker import WorkerState

from dagtui.engine.messages import CommandKind
from dagtui.text import label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import shortened
from dagtui.tui.actions.action import AnyAction, Group
from dagtui.tui.actions.availability import pause_or_resume
from dagtui.tui.lines.compositor import TightCompositor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from textual.binding import BindingType
    from textual.command import Hits
    from textual.worker import Worker

    from dagtui.graph.model import NodeIndex
    from dagtui.runs.view import RunView
    from dagtui.text.look import Look
    from dagtui.tui.actions.keymap import Keymap

NODES_SHOWN = 50
_LABELS_AT_ONCE = 4096
"""Names to check before the event loop gets its turn."""
_ORDER = list(Group)
_NODE_SCORE = 0.3
"""Nodes come after commands."""
_PAUSE_HELP = {
    CommandKind.PAUSE: "Pause: no new attempt starts",
    CommandKind.RESUME: "Resume: attempts start again",
}
_WAITS, _WAIT_SECONDS = 1000, 0.002
"""How often, and for how long each, a key waits for the search."""


class PaletteApp(Protocol):
    """What the palette uses of the App."""

    view: RunView
    keymap: Keymap
    look: Look

    async def action_act(self, id_: str) -> None:
        """Perform an action."""

    def jump(self, node: NodeIndex) -> None:
        """Put the cursor on a node."""


class _Commands(Provider):
    """Base of our providers: the app, and prompts as `Text`, since Textual would read a bare string as markup."""

    @property
    def dagtui(self) -> PaletteApp:
        """The app."""
        return cast("PaletteApp", self.app)

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
        kind = pause_or_resume(self.dagtui.view)
        return replace(key, words=kind.value, help=_PAUSE_HELP[kind])

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


class _Nodes(_Commands):
    """Jumps to a node by a part of its name."""

    async def discover(self) -> Hits:
        """Yield nothing: there may be a million nodes."""
        nothing: tuple[DiscoveryHit, ...] = ()
        for hit in nothing:
            yield hit

    async def search(self, query: str) -> Hits:
        """Yield the first nodes whose names contain the query."""
        run = self.dagtui.view
        look = self.dagtui.look
        # A row is at most 80 wide, and Textual would wrap a longer name.
        cells = CellWidth(min(80, self.app.size.width - 4)) - 8
        async for node in self._matching(query.lower()):
            status = run.state.status_of(node)
            name = label(run.graph.labels[node], NAME_CHARACTERS)
            shown = shortened(name, cells, look)
            prompt = Text(f"{look.glyphs.statuses[status]} {shown}", no_wrap=True)
            yield Hit(_NODE_SCORE, prompt, partial(self.dagtui.jump, node), name)

    async def _matching(self, query: str) -> AsyncIterator[NodeIndex]:
        graph = self.dagtui.view.graph
        nodes, labels = graph.nodes, graph.labels
        found = 0
        for start in range(0, len(labels), _LABELS_AT_ONCE):
            part = slice(start, start + _LABELS_AT_ONCE)
            for node, name in zip(nodes[part], labels[part], strict=True):
                if query in name.lower():
                    yield node
                    found += 1
                    if found == NODES_SHOWN:
                        return
            await asyncio.sleep(0)


class Palette(CommandPalette):
    """Textual's palette, which runs what the typed text finds, with the key that also leaves everything else."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+p", "escape", show=False)]
    LIST_KEYS = frozenset({"enter", "down", "up", "pagedown", "pageup"})
    """Keys that act on the list. It has to be that of the typed text before they do."""

    def __init__(self, look: Look = IN_UNICODE) -> None:
        super().__init__([_Commands, _Nodes], placeholder="Command or node", id="--command-palette")
        self._compositor = TightCompositor()
        self._look = look
        self._sought: str | None = None
        """The text of the latest search."""
        self._search: Worker[Never] | None = None
        self.set_class(look.ascii, "-ascii")

    def on_mount(self) -> None:
        """Show a plain prompt and a cursor that does not blink: nothing is sent when nothing happens.

        The field gets the focus here, not only when the screen resumes: keys typed right after the one that opens the
        palette belong to it. The plain prompt replaces a magnifying glass, which takes two cells or none.
        """
        field = self.query_one(Input)
        field.cursor_blink = False
        self.query_one(SearchIcon).icon = self._look.glyphs.prompt
        self.set_focus(field)

    def _gather_commands(self, search_value: str) -> Worker[Never]:
        """Search, and remember what for."""
        self._sought = search_value
        self._search = super()._gather_commands(search_value)
        return self._search

    async def until_found(self) -> bool:
        """Let the search for the typed text end. Return whether the list is now its result.

        Textual searches beside the typing, and its list shows what was found for an earlier text until then.
        """
        for _ in range(_WAITS):
            if not self.is_attached or self._shows_found:
                break
            await asyncio.sleep(_WAIT_SECONDS)  # other tasks search
        return self._shows_found

    @property
    def _shows_found(self) -> bool:
        search = self._search
        typed = [field.value.strip() for field in self.query(Input)]
        return search is not None and search.state is WorkerState.SUCCESS and typed == [self._sought]

    def _refresh_command_list(self, command_list: CommandList, commands: list[Command], clear_current: bool) -> None:
        """Show what was found. Nothing is chosen until something is typed, or an arrow key moves to an entry."""
        super()._refresh_command_list(command_list, commands, clear_current)
        if not self._sought:
            command_list.highlighted = None

    async def take(self) -> None:
        """Run the command under the cursor, if there is one, before the next key acts."""
        options = self.query_one(CommandList)
        option = None if options.highlighted is None else options.get_option_at_index(options.highlighted)
        if not isinstance(option, Command) or not self.is_current:
            return
        self.dismiss()
        await invoke(option.hit.command)
