"""Textual App that its terminal cannot block."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, cast

from rich.segment import Segment, Segments
from textual.app import App

from dagtui.host.priority_loop import is_slice_over
from dagtui.text import block
from dagtui.tui.terminal.driver import TerminalDriver
from dagtui.tui.terminal.throttle import Reflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from textual import events
    from textual.driver import Driver
    from textual.screen import Screen

ResultT = TypeVar("ResultT")
_TRACEBACK_CHARACTERS = 20_000


class TerminalApp(App[ResultT]):
    """An App that renders nothing while its terminal is behind."""

    returns_to = ""
    """The screen that has opened this one, and to which Esc goes back in the end. Empty: there is none."""

    def __init__(self, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class)
        self._reflow = Reflow(cast("App[object]", self))
        self.lent = False
        """Whether another program has the terminal temporarily."""

    @property
    def reflowing(self) -> bool:
        """Whether the widgets are still adapting to a new size. Everything is painted once when they have."""
        return self._reflow.pending

    async def on_event(self, event: events.Event) -> None:
        """Let the run have its turn between styles, widgets and the first frame at the start."""
        if is_slice_over():
            await asyncio.sleep(0)
        await super().on_event(event)

    async def _on_resize(self, event: events.Resize) -> None:
        # Textual calls its own handler after this one.
        if self._size not in {None, event.size} and self.terminal_driver is not None:
            self._reflow.begin()

    async def _on_unmount(self) -> None:
        self._reflow.end()

    @property
    def terminal_driver(self) -> TerminalDriver | None:
        """The driver if it is one of ours, or None in a test without a terminal."""
        return self._driver if isinstance(self._driver, TerminalDriver) else None

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Show a frame, unless the terminal is behind or the next frame supersedes this one.

        While the terminal is behind, the driver holds painting with a batch. A changed layout renders all the same and
        forgets what it painted, so a frame that is refused here has to be painted again.
        """
        driver = self.terminal_driver
        if driver is None:
            super()._display(screen, renderable)
        elif driver.stalled:
            driver.pacing.refuse()
        elif not screen._repaint_required and not self.reflowing:
            # A required repaint paints everything within one tick. At the start, Textual would send the same frame
            # three times.
            super()._display(screen, renderable)

    @contextmanager
    def terminal_lent(self) -> Iterator[None]:
        """Give the terminal to another program temporarily. Raises SuspendNotSupported."""
        self.lent = True
        try:
            with self.suspend():
                yield
        finally:
            self.lent = False

    def _fatal_error(self) -> None:
        """Exit after an error and show its sanitised traceback, which may quote a file or a task.

        The local variables that Textual would show beside it are left out: they hold far more of such text.
        """
        self.bell()
        text = block(traceback.format_exc()[-_TRACEBACK_CHARACTERS:], 4 * _TRACEBACK_CHARACTERS)
        self._exit_renderables.append(Segments([Segment(text)]))
        self._close_messages_no_wait()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text to Textual's own clipboard and, if the terminal supports it, to the terminal's."""
        self.put_on_clipboard(text)

    def put_on_clipboard(self, text: str) -> bool:
        """Copy text and return whether it was sent to the terminal, which longer texts are not."""
        driver = self.terminal_driver
        if driver is None:
            super().copy_to_clipboard(text)
            return True
        self._clipboard = text
        return driver.copy(text)

    def action_suspend_process(self) -> None:
        """Stop this job and give the terminal to the shell."""
        driver = self.terminal_driver
        if driver is not None:
            self._suspend_signal()
            driver.suspend_process()

    def action_repaint(self) -> None:
        """Paint everything again after another program has written to the terminal."""
        driver = self.terminal_driver
        if driver is not None:
            driver.repaint()


def single_error(error: BaseException | None) -> BaseException | None:
    """Return the only exception of a group: task groups wrap every error."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
