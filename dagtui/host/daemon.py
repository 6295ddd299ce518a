"""The daemon of a live run: it drives the run, watched or not, and shows it on the terminal attached last."""

from __future__ import annotations

import contextlib
import signal
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from dagtui.control.commands import end_when_idle, serve_control
from dagtui.control.live import Screen
from dagtui.control.server import ClientHandler, failure
from dagtui.control.sockets import ControlError, peer_of
from dagtui.engine.messages import Command, CommandKind
from dagtui.host.attachment import Attachment, ExitReason
from dagtui.host.exit_message import after_a_crash, detached, elsewhere, ended, in_case_of_death
from dagtui.host.priority_loop import screen_work
from dagtui.report.headless import EXIT

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from anyio.abc import TaskStatus

    from dagtui.report.signal_inbox import SignalInbox
    from dagtui.runs.live import LiveRun

UNWATCHED_SECONDS = 600.0
"""Seconds that a settled run without a screen waits for someone to attach or retry."""
_EXIT_MESSAGE_SECONDS = 2.0
"""Seconds that clients may take to receive their exit message."""
_ENDING = frozenset({ExitReason.LEFT_SETTLED, ExitReason.CANCEL_ALL, ExitReason.TERMINATED})
_FAILED = 1

Show = Callable[[Attachment], Awaitable[ExitReason]]
"""Shows a run on an attached terminal until the screen is left."""
Screens = Callable[["LiveRun", Callable[[], Awaitable[None]]], Show]
"""Prepares screens for a run. The App awaits the given function in place of driving: it returns when the run fails.

Called at the first attach only, because of its many imports.
"""


class Daemon:
    """Drives one run, shows it to one client after another, and ends it."""

    def __init__(self, run: LiveRun, screens: Screens, crash_file: Path | None) -> None:
        """`crash_file` receives this process's standard error."""
        self._run = run
        self._screens = screens
        self._show: Show | None = None
        self._crash_file = crash_file
        self._attachment: Attachment | None = None
        """The client that has the screen or is about to get it."""
        self._turn = anyio.Lock()
        """Held by the client that has the screen, and by the end of the run."""
        self._waiting_clients: list[Attachment] = []
        """Clients that wait for the run's end."""
        self._deliveries: list[anyio.Event] = []
        """One event per client to notify, set when it has received everything: those waiting, and the one that started
        the run."""
        self._signal = 0
        self._failure: Exception | None = None
        self._driving = anyio.CancelScope()
        self._driven = anyio.Event()
        self._watching = anyio.CancelScope()
        self._ending = anyio.Event()
        self._end_why = ""
        self._leaves = False
        """Whether the run is left while attempts on other machines go on, in place of being ended."""
        self._closed = False
        """Whether the journal is closed or about to be. Then nothing can be cancelled any more."""
        self._ended = anyio.Event()

    async def live(self, first: socket.socket, on_listening: Callable[[], object], inbox: SignalInbox) -> int:
        """Serve until the run is left, ended by a signal, or settled and unwatched for long. Return an exit status.

        `first` is the connection of the client that started this process. `on_listening` is called when others may
        attach. `inbox` receives the signals.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(self._handle_signals, inbox)
            group.start_soon(self._drive)
            await group.start(self._serve_control_socket)
            on_listening()
            self._deliveries.append(anyio.Event())
            group.start_soon(self._attach_starter, first, self._deliveries[0])
            group.start_soon(self._end_when_unwatched)
            group.start_soon(self._watch_files)
            await self._ending.wait()
            try:
                async with self._turn:
                    await self._finish()
            finally:
                self._ended.set()
                with anyio.move_on_after(_EXIT_MESSAGE_SECONDS, shield=True):
                    for said in self._deliveries:
                        await said.wait()
                group.cancel_scope.cancel()
        return self._status()

    # The run

    async def _drive(self) -> None:
        try:
            with self._driving:
                await self._run.drive()
        except Exception as error:  # noqa: BLE001 - after any failure, the recorded state can still be read
            traceback.print_exc()
            self._failure = error
        finally:
            self._driven.set()

    async def _watch_files(self) -> None:
        with self._watching:
            await self._run.monitor.watch()

    async def _until_failure(self) -> None:
        await self._driven.wait()
        if self._failure is not None:
            raise self._failure

    @property
    def _idle(self) -> bool:
        """Whether nothing more happens by itself."""
        return self._run.settled or self._failure is not None

    async def _end_when_unwatched(self) -> None:
        """End a run that is settled and has had no screen for long."""
        patience = UNWATCHED_SECONDS
        since = anyio.current_time()
        while True:
            await anyio.sleep(min(5.0, patience / 4))
            if self._attachment is not None or not self._idle:
                since = anyio.current_time()
            elif anyio.current_time() - since >= patience:
                self._end("settled, and nobody watched")

    async def _handle_signals(self, inbox: SignalInbox) -> None:
        """Handle signals: INT cancels and ends the run, a second one kills, and HUP is ignored.

        TERM does as INT, but what goes on without this process is left to go on: that is what a machine sends that
        shuts down.
        """
        async for number in inbox.numbers():
            self._handle_signal(signal.Signals(number))

    def _handle_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            return
        if self._ending.is_set():
            self._cancel_all(f"signal {number.name}")
            return
        self._signal = number
        self._leaves = number is signal.SIGTERM and self._failure is None and bool(self._run.goes_on)
        self._end(f"signal {number.name}")
        if self._attachment is not None:
            self._attachment.end(ExitReason.TERMINATED)

    # The end

    def _end(self, why: str) -> None:
        if not self._ending.is_set():
            self._run.ending = True
            self._end_why = why
            self._ending.set()

    def _cancel_all(self, by: str) -> None:
        if self._closed:
            return
        self._run.give(Command(CommandKind.CANCEL_ALL, by=by))

    async def _finish(self) -> None:
        """Cancel what is left, close the journal, and leave no process behind."""
        self._driving.cancel()
        with anyio.CancelScope(shield=True):
            await self._driven.wait()
            try:
                if self._failure is None and not self._leaves:
                    await self._settle()
            finally:
                self._closed = True
                self._watching.cancel()
                await (self._run.detach if self._leaves else self._run.close)(self._end_why)

    async def _settle(self) -> None:
        if not self._run.settled:
            self._cancel_all(self._end_why)
        async with anyio.create_task_group() as group:
            for attachment in self._waiting_clients:
                group.start_soon(self._kill_when_interrupted, attachment)
            await self._run.drive_until_settled()
            group.cancel_scope.cancel()

    async def _kill_when_interrupted(self, attachment: Attachment) -> None:
        """Kill what is left when the user presses ^C while waiting for the end."""
        heard = 0
        while True:
            while heard < attachment.interruptions:
                heard += 1
                self._cancel_all("signal SIGINT")
            await attachment.interrupted.wait()

    def _status(self) -> int:
        if self._signal:
            return 128 + self._signal
        return EXIT.get(self._run.state.verdict(), _FAILED)

    # Clients

    async def _serve_control_socket(self, *, task_status: TaskStatus[None]) -> None:
        end = end_when_idle(lambda: self._idle, self._screen, self._end)
        handlers = {"attach": self._attach, "end": end}
        await serve_control(self._run, self._screen, handlers, task_status=task_status)

    def _screen(self) -> Screen:
        return Screen.DETACHED if self._attachment is None else Screen.ATTACHED

    async def _attach_starter(self, connection: socket.socket, over: anyio.Event) -> None:
        connection.setblocking(False)
        client = ClientHandler(connection, peer_of(connection))
        try:
            request = await client.receive_request()
            if request is not None:
                await self._show_until_left(client, request)
        except Exception as error:  # noqa: BLE001 - no error of one client may stop the run
            traceback.print_exc()
            with contextlib.suppress(ControlError):
                await client.send({"error": str(error) if isinstance(error, ControlError) else failure(error)})
        finally:
            client.end()
            over.set()

    async def _attach(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Show the run on another client's terminal. If the run is ending, the client waits for the end."""
        if not self._ending.is_set():
            await self._show_until_left(client, request)
            return
        await client.send({"do": "wait"})
        while await client.receive() is not None:
            pass

    async def _show_until_left(self, client: ClientHandler, request: Mapping[str, object]) -> None:
        """Show the run on a client's terminal until it is given back, then send the exit message."""
        attachment = Attachment(client, request)
        await attachment.tell(in_case_of_death(self._run, self._crash_file, attachment.cwd))
        async with anyio.create_task_group() as group:
            group.start_soon(attachment.listen)
            leaving = await self._show_on(attachment)
            await self._detach(attachment, leaving)
            group.cancel_scope.cancel()

    async def _show_on(self, attachment: Attachment) -> ExitReason:
        """Show the run on a terminal, after the previous client has given its own up."""
        if self._ending.is_set():
            self._waiting_clients.append(attachment)
            return ExitReason.TERMINATED
        previous, self._attachment = self._attachment, attachment
        if previous is not None:
            previous.end(ExitReason.ELSEWHERE, attachment.client)
        try:
            async with self._turn:
                if attachment.leaving is None and not self._ending.is_set():
                    leaving = await self._watch(attachment)
                else:
                    leaving = attachment.leaving or ExitReason.TERMINATED
                if leaving in _ENDING:
                    self._waiting_clients.append(attachment)
                    self._end(leaving.value)
        finally:
            if self._attachment is attachment:
                self._attachment = None
        return leaving

    async def _prepare_screens(self) -> Show:
        """Prepare the screens in a thread while the run continues: it takes half a second or more."""
        try:
            return await anyio.to_thread.run_sync(self._screens, self._run, self._until_failure)
        except RuntimeError:  # the user's limit of threads is reached
            return self._screens(self._run, self._until_failure)

    async def _watch(self, attachment: Attachment) -> ExitReason:
        self._run.announce("attached", attachment.client)
        leaving = ExitReason.CRASHED
        try:
            if self._show is None:
                self._show = await self._prepare_screens()
            with screen_work():
                leaving = await self._show(attachment)
        except Exception:  # noqa: BLE001 - no error of a screen may stop the run
            traceback.print_exc()
        if leaving is ExitReason.CRASHED:
            self._run.note("the screen failed; the run continues without it")
        self._run.announce("detached", attachment.why or leaving.value)
        return leaving

    async def _detach(self, attachment: Attachment, leaving: ExitReason) -> None:
        run = self._run
        if leaving in _ENDING:
            said = anyio.Event()
            self._deliveries.append(said)
            await self._ended.wait()
            await attachment.exit_message(ended(run, attachment), self._status())
            said.set()
        elif leaving is ExitReason.ELSEWHERE:
            await attachment.exit_message(elsewhere(run, attachment), 0)
        elif leaving is ExitReason.CRASHED:
            await attachment.exit_message(after_a_crash(run, self._crash_file, attachment.cwd), _FAILED)
        else:
            await attachment.exit_message(detached(run, UNWATCHED_SECONDS, attachment.cwd), 0)
