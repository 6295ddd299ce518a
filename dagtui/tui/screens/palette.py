"""The screen of the command palette."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Never

from textual._callback import invoke
from textual.binding import Binding
from textual.command import Command, CommandList, CommandPalette, SearchIcon
from textual.widgets import Input
from textual.worker import WorkerState

from dagtui.text.look import IN_UNICODE
from dagtui.tui.lines.compositor import TightCompositor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.command import Provider
    from textual.worker import Worker

    from dagtui.text.look import Look

_WAITS, _WAIT_SECONDS = 1000, 0.002
"""How often, and for how long each, a key waits for the search."""


class PaletteScreen(CommandPalette):
    """Textual's palette, which runs what the typed text finds, with the key that also leaves everything else."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+p", "escape", show=False)]
    LIST_KEYS = frozenset({"enter", "down", "up", "pagedown", "pageup"})
    """Keys that act on the list. It has to be that of the typed text before they do."""

    def __init__(self, providers: Sequence[type[Provider]], look: Look = IN_UNICODE) -> None:
        super().__init__(providers, placeholder="Command or node", id="--command-palette")
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
