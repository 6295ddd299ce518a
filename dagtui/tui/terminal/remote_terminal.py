"""Screens of the run's process on attached terminals, one after another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from weakref import ref

import anyio.to_thread

from dagtui.host.attachment import ExitReason
from dagtui.host.terminal_client import SENT_VARIABLES
from dagtui.settings.loading import read_settings
from dagtui.tui.app import DagtuiApp
from dagtui.tui.graph.remembered import memory_view
from dagtui.tui.graph.views import first_view, prepare_layout
from dagtui.tui.screens.graph_memory import GraphMemory
from dagtui.tui.terminal import modes
from dagtui.tui.terminal.cleanup import forget_app, forget_codes, spare_what_is_loaded

if TYPE_CHECKING:
    import signal
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from dagtui.host.attachment import Attachment
    from dagtui.host.job_control import ProgramEnd
    from dagtui.runs.live import LiveRun
    from dagtui.runs.node_environment import NodeEnvironment
    from dagtui.settings.file import SettingsFile
    from dagtui.tui.screens.main import ScreenState
    from dagtui.tui.terminal.terminal_app import TerminalApp


class AttachedTerminal:
    """A client's terminal. The client does what needs a controlling terminal; the run's process drives the run."""

    signals: Sequence[signal.Signals] = ()
    detachable = True

    def __init__(self, attachment: Attachment, until_failure: Callable[[], Awaitable[None]]) -> None:
        """Use the attachment's terminal. `until_failure` raises the error that stops the run from working."""
        self._attachment = attachment
        self._until_failure = until_failure
        self.input, self.output = attachment.input, attachment.output
        own = {name: value for name, value in os.environ.items() if name not in SENT_VARIABLES}
        self.environment: Mapping[str, str] = {**own, **attachment.environment}

    async def drive(self) -> None:
        """Wait for the run to stop working. The run's process drives it."""
        await self._until_failure()

    async def run(self, command: Sequence[str], defaults: Mapping[str, str]) -> ProgramEnd:
        """Have the client run the program."""
        return await self._attachment.run(command, defaults)

    async def run_at(self, node_environment: NodeEnvironment, command: Sequence[str], heading: str) -> ProgramEnd:
        """Have the client run the program."""
        return await self._attachment.run_at(node_environment, command, heading)

    async def suspend(self, app: TerminalApp[ExitReason]) -> None:
        """Have the client stop itself. The run continues."""
        with app.terminal_lent():
            await self._attachment.stop()


class RemoteTerminal:
    """The App as seen by its terminal's client."""

    def __init__(self, app: DagtuiApp) -> None:
        self._app = app

    def end(self, leaving: ExitReason) -> None:
        """Give the terminal back and exit."""
        self._app.exit(leaving)

    def ask(self) -> None:
        """Act like the key that leaves the screen."""
        # In the App's own task, as for a key.
        self._app.call_later(self._press, "screen.leave")

    def suspend(self) -> None:
        """Act like the key that suspends the job."""
        self._app.call_later(self._press, "screen.suspend")

    async def _press(self, id_: str) -> None:
        if self._app.screen is self._app.main:
            await self._app.action_act(id_)

    def resized(self) -> None:
        """Read the terminal's size, unless another program has the terminal. The size is read again afterwards."""
        driver = self._app.terminal_driver
        if driver is not None and not self._app.lent:
            driver.resized()

    def continued(self) -> None:
        """Set the modes again and paint everything."""
        driver = self._app.terminal_driver
        if driver is not None:
            driver.continued()


class AttachedScreens:
    """Shows a run on one attached terminal after another, and keeps the screen's state between them."""

    def __init__(self, run: LiveRun, until_failure: Callable[[], Awaitable[None]]) -> None:
        self._run = run
        self._until_failure = until_failure
        self._state: ScreenState | None = None
        self._colours: tuple[str | None, ...] | None = None
        """The colour variables of the last terminal's environment."""
        self._memory = GraphMemory(run)
        self._recalled = self._memory.recalled()
        """What the first screen takes over from earlier runs."""
        # Computed here: this may be another thread than the run's.
        prepare_layout(run.graph, memory_view(self._recalled) or first_view(run.graph))
        spare_what_is_loaded()

    async def show(self, attachment: Attachment) -> ExitReason:
        """Show the run on a terminal until the screen is left."""
        colours = tuple(map(attachment.environment.get, ("TERM", "COLORTERM", "NO_COLOR")))
        if self._colours not in {None, colours}:
            await forget_codes()
        self._colours = colours
        settings = await self._settings(attachment)
        await attachment.tell({"do": "hold", "restore": modes.leaving()})
        if attachment.leaving is not None:  # the terminal was requested back meanwhile
            return attachment.leaving
        app = DagtuiApp(
            self._run,
            look=attachment.look,
            mouse=attachment.mouse,
            settings_file=settings,
            state=self._state,
            memory=self._recalled if self._state is None else None,
            place=AttachedTerminal(attachment, self._until_failure),
        )
        gone = ref(app)
        try:
            return await self._show(attachment, app)
        finally:
            del app
            forget_app(gone)

    async def _settings(self, attachment: Attachment) -> SettingsFile | None:
        """Read the client's settings beside the loop: a home directory may be slow."""
        if attachment.settings is None:
            return None
        return await anyio.to_thread.run_sync(read_settings, attachment.settings, abandon_on_cancel=True)

    async def _show(self, attachment: Attachment, app: DagtuiApp) -> ExitReason:
        attachment.screen = RemoteTerminal(app)
        try:
            leaving = await app.run_async(mouse=app.mouse) or ExitReason.CRASHED
        finally:
            attachment.screen = None
        # The state itself may have caused the crash.
        self._recalled = None
        self._state = None if leaving is ExitReason.CRASHED else app.last_state
        await self._memory.keep(self._state, leaving, app.settings)
        return leaving
