"""Command palette: every command, and every node by name."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Never, cast

from rich.text import Text
from textual import on
from textual._callback import invoke
from textual.binding import Binding
from textual.command import Command, CommandList, CommandPalette, DiscoveryHit, Hit, SearchIcon
from textual.fuzzy import FuzzySearch
from textual.widgets import Input, OptionList
from textual.worker import WorkerState

from dagtui.engine.messages import CommandKind
from dagtui.engine.status import NodeStatus
from dagtui.text import label
from dagtui.text.amounts import CellWidth
from dagtui.text.labels import NAME_CHARACTERS
from dagtui.text.look import IN_UNICODE
from dagtui.text.shortening import shortened
from dagtui.tui.actions.action import AnyAction, Group, Pane
from dagtui.tui.actions.availability import hold_or_release, pause_or_resume
from dagtui.tui.actions.present_words import EXECUTOR_CHARACTERS, jobs_words
from dagtui.tui.lines.compositor import TightCompositor
from dagtui.tui.lines.rows import node_sign
from dagtui.tui.screens.palette_entries import MARKED, NODE, Entries, match_of
from dagtui.tui.screens.palette_themes import ChooseTheme, all_themes, themes_found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from textual.binding import BindingType
    from textual.command import Hits
    from textual.worker import Worker

    from dagtui.engine.state import RunState
    from dagtui.graph.model import NodeIndex
    from dagtui.text.look import Look
    from dagtui.tui.actions.availability import Situation
    from dagtui.tui.screens.palette_entries import PaletteApp, PalettePage

NODES_SHOWN = 50
_LABELS_AT_ONCE = 4096
"""Names to check before the event loop gets its turn."""
_ORDER = list(Group)
_UNRANKED = 1000
"""The rank of actions that the footer does not show."""
_ROWS = 4
"""Rows above and below the list: a margin, and the field with its border."""
_PAUSE_HELP = {
    CommandKind.PAUSE: "Pause: no new attempt starts",
    CommandKind.RESUME: "Resume: attempts start again",
}
_RELEASE_HELP = "Release a held node: it starts as soon as it can"
_WAITS, _WAIT_SECONDS = 1000, 0.002
"""How often, and for how long each, a key waits for the search."""


class _Commands(Entries):
    """Every action: those that fit what the cursor is on first, those that would do nothing last, with the reason."""

    async def discover(self) -> Hits:
        """Yield all commands: first those for the run, then those that find, read and navigate."""
        for action, reason in [*_of(self.dagtui.pages.top), *sorted(self._offered(), key=_usefulness)]:
            yield DiscoveryHit(self._prompt(action, reason), self._performs(action), action.short_name)
        for hit in all_themes(self):
            yield hit

    async def search(self, query: str) -> Hits:
        """Yield the commands whose names match, or whose sentences have words that begin with what is typed."""
        matcher = FuzzySearch()
        for action, reason in [*_of(self.dagtui.pages.top), *self._offered()]:
            strength, marked = matcher.match(query, action.short_name)
            sentence = f"{action.help} {action.words}"
            match = match_of(query, action.short_name, sentence, scattered=strength > 0)
            if match is None:
                continue
            score = match.value + (0.0 if reason else 0.5) + strength / (1 + strength) / 2
            yield Hit(score, self._prompt(action, reason, marked), self._performs(action), action.short_name)
        for hit in themes_found(self, query):
            yield hit

    def _offered(self) -> Iterator[tuple[AnyAction, str]]:
        """Yield the actions in the words of now, each with the reason why it would do nothing, or ""."""
        run, here = self.dagtui.view, self.dagtui.main.situation
        left_out = {"screen.palette", *(action.id for action, _ in _of(self.dagtui.pages.top))}
        for action in self.dagtui.keymap.actions:
            if not action.id.startswith("move.") and action.id not in left_out:
                reason = action.available(run, here) if action.available else None
                yield self._in_present_words(action, here), label(reason or "")

    def _performs(self, action: AnyAction) -> Callable[[], Awaitable[None]]:
        """Return what performs an action: on the page that is open, or after it has closed, on the main screen."""
        page = self.dagtui.pages.top if action.panes is Pane.PAGE else None
        return partial((page or self.dagtui).action_act, action.id)

    def _in_present_words(self, action: AnyAction, here: Situation) -> AnyAction:
        """Return the action in the words of what it would do now: who types `resume` must not pause the run."""
        run = self.dagtui.view
        if action.id == "node.hold" and hold_or_release(run, here.examples) is CommandKind.RELEASE:
            return replace(action, words="release", help=_RELEASE_HELP, name="Release node")
        if action.id != "run.pause":
            words = jobs_words(run, here, self.dagtui.look).get(action.id)
            return replace(action, help=words) if words else action
        kind = pause_or_resume(run)
        return replace(action, words=kind.value, help=_PAUSE_HELP[kind], name=f"{kind.value.capitalize()} run")

    def _prompt(self, action: AnyAction, reason: str, marked: Sequence[int] = ()) -> Text:
        page = self.dagtui.pages.top if action.panes is Pane.PAGE else None
        keys = (page or self.dagtui).keymap.all_shown(action.id, self.dagtui.look)
        return self.prompt(action.short_name, action.help, keys, marked=marked, reason=reason)


def _of(page: PalettePage | None) -> Iterator[tuple[AnyAction, str]]:
    """Yield the actions of a page, if there is one, each with the reason why it would do nothing now, or ""."""
    for action, reason in page.offered() if page is not None else ():
        if not action.id.startswith("move.") and action.id != "screen.palette":
            yield action, label(reason)


def _usefulness(offered: tuple[AnyAction, str]) -> tuple[bool, int, int]:
    """Return what entries are sorted by: what does something first, then by group, then as in the footer."""
    action, reason = offered
    return bool(reason), _ORDER.index(action.group), (action.rank if action.panes else 0) or _UNRANKED


class _Nodes(Entries):
    """Jumps to a node by a part of its name."""

    async def discover(self) -> Hits:
        """Yield nothing: there may be a million nodes."""
        nothing: tuple[DiscoveryHit, ...] = ()
        for hit in nothing:
            yield hit

    async def search(self, query: str) -> Hits:
        """Yield the first nodes whose names contain the query."""
        run, look = self.dagtui.view, self.dagtui.look
        wanted = query.lower()
        async for node in self._matching(wanted):
            word = Text("" if run.state.is_outside(node) else _word(run.state, node), "dim")
            cells = max(1, self.cells - 3 - word.cell_len)
            name = label(run.graph.labels[node], NAME_CHARACTERS)
            shown = shortened(name, CellWidth(cells), look)
            text = Text(f"{node_sign(run.state, node, look).text} {shown}")
            if (found := text.plain.lower().find(wanted, 2)) >= 0:
                text.stylize(MARKED, found, found + len(wanted))
            yield Hit(NODE, self.line(text, word), partial(self.dagtui.jump, node), name)

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


def _word(state: RunState, node: NodeIndex) -> str:
    """Return the word for a node's status, and where it waits."""
    word = state.status_of(node).word
    is_there = state.status[node] == NodeStatus.READY and node in state.queued_since
    return f"{word} on {label(state.executor_of[node], EXECUTOR_CHARACTERS)}" if is_there else word


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
        self.on_resize()
        # Textual restyles all screens for a theme, but not this one.
        self.app.theme_changed_signal.subscribe(self, lambda _: self.app.stylesheet.update(self))

    def on_resize(self) -> None:
        """Let the list be as high as there is room for."""
        self.query_one(CommandList).styles.max_height = max(2, self.app.size.height - _ROWS)

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
        self._preview(command_list)

    @on(OptionList.OptionHighlighted)
    def _preview_highlighted(self) -> None:
        self._preview(self.query_one(CommandList))

    def _preview(self, options: CommandList) -> None:
        """Show the theme under the cursor, else the chosen one."""
        chosen = _chosen(options)
        command = None if chosen is None else chosen.hit.command
        self.set_class(isinstance(command, ChooseTheme), "-previews")  # in colours that are not dimmed
        if isinstance(command, ChooseTheme):
            command.preview()
        else:
            self.dagtui.themes.show()

    def on_unmount(self) -> None:
        """Show the chosen theme again."""
        self.dagtui.themes.show()

    @property
    def dagtui(self) -> PaletteApp:
        """The app."""
        return cast("PaletteApp", self.app)

    async def take(self) -> None:
        """Run the command under the cursor, if there is one, before the next key acts."""
        chosen = _chosen(self.query_one(CommandList))
        if chosen is None or not self.is_current:
            return
        self.dismiss()
        await invoke(chosen.hit.command)


def _chosen(options: CommandList) -> Command | None:
    """Return the entry under the cursor, if there is one."""
    option = None if options.highlighted is None else options.get_option_at_index(options.highlighted)
    return option if isinstance(option, Command) else None
