"""Run without a screen: plain lines, events as JSON, signals, and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from dagtui.engine.events import NoteEvent
from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Verdict
from dagtui.report.plain import PlainLines
from dagtui.report.signal_inbox import SignalInbox
from dagtui.runs.events_copy import copy_at, copy_to
from dagtui.store.line_writer import LineWriter
from dagtui.text.amounts import NO_TIME, CellWidth
from dagtui.text.look import ASCII, Look
from dagtui.text.terminals import is_utf8, wants_colours

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import anyio

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph
    from dagtui.runs.events_copy import EventsCopy
    from dagtui.runs.launch import LaunchOptions
    from dagtui.runs.live import LiveRun

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CONTROL_AFTER = 0.05
"""Seconds from the first nodes to the control socket. Its imports must not delay the nodes that follow."""
_SUMMARY_CELLS = CellWidth(100)
SILENCE = 60.0
"""Seconds without a line after which one says what is still running, because CI services end silent jobs."""
LOOK_EVERY = 1.0
"""Seconds between two checks for notes that could not be recorded."""
EXIT = {Verdict.COMPLETED: 0, Verdict.FAILED: 1, Verdict.CANCELLED: 130}


class Headless:
    """One run from its start to its exit status. It ends as soon as all nodes are settled."""

    def __init__(
        self,
        graph: Graph,
        begin: Callable[[Graph, LaunchOptions], LiveRun],
        options: LaunchOptions,
        on_begun: Callable[[LiveRun], None],
        *,
        events: str | None,
        look: Look,
    ) -> None:
        """`begin` is start_run or resume_run. A run that starts paused waits for `dagtui resume`.

        `on_begun` is called with the run when its first nodes have been started.

        `events` is a file for JSON lines, `-` for standard output (the plain lines then go to standard error). `look`
        is what the user asked for.
        """
        self._graph = graph
        self._begin = begin
        self._on_begun = on_begun
        self._events = events
        self._options = options
        stream = sys.stderr if events == "-" else sys.stdout
        encoding = (stream.encoding if stream is not None else None) or "ascii"  # None: it was closed from the start
        self._writer = LineWriter(2 if events == "-" else 1, encoding)
        glyphs = look.glyphs if is_utf8(os.environ, encoding) else ASCII
        self._look = Look(glyphs, wants_colours(os.environ, is_terminal=stream is not None and stream.isatty()))
        self._signal = 0
        self._driving: anyio.CancelScope | None = None
        self._leaves = False
        """Whether the run is left while attempts on other machines go on."""
        self._over = False
        """Nothing more happens in the run. At most its journal is still to be closed."""
        self._pending: list[Event] = []
        self._lines: PlainLines | None = None
        self._noted: set[NoteEvent] = set()
        """Notes printed since the last check for other ones."""
        self._said = NO_TIME
        """When the last line was printed, on the run's clock."""

    def run(self) -> int:
        """Run, and return the exit status. Raises StoreError, EventsError and OSError if it can't start."""
        inbox = SignalInbox(SIGNALS)
        copy = self._open_events()
        run = self._begin(self._graph, self._options._replace(listeners=(self._print,), mirror=copy))
        self._on_begun(run)
        # The first nodes are already running. The event loop takes a while to import.
        import anyio

        from dagtui.report.summary import exit_summary

        self._lines = PlainLines(run, self._look)
        self._writer.say(self._lines.opening())
        self._print([])
        anyio.run(self._drive, run, inbox)
        inbox.close()  # the program may wait for a reader that has stopped
        self._writer.say("")
        self._writer.say(exit_summary(run, self._look, width=_SUMMARY_CELLS))
        self._writer.close()
        if copy is not None:
            copy.close()
        if self._signal and self._signal != signal.SIGINT:
            return 128 + self._signal
        return EXIT.get(run.state.verdict(), 1)

    async def _drive(self, run: LiveRun, inbox: SignalInbox) -> None:
        import anyio

        self._driving = anyio.CancelScope()

        async with anyio.create_task_group() as signals:
            signals.start_soon(self._handle_signals, run, inbox)
            async with anyio.create_task_group() as group:
                group.start_soon(self._open_control_socket, run)
                group.start_soon(self._break_silence, run)
                group.start_soon(self._print_troubles, run)
                group.start_soon(run.monitor.watch)
                with self._driving:
                    await run.drive_until_settled()
                run.monitor.look()
                group.cancel_scope.cancel()
            # A signal must not end the program before the end is recorded.
            self._over = True
            if self._leaves:
                await run.detach(f"signal {signal.Signals(self._signal).name}")
            else:
                await run.close()
            signals.cancel_scope.cancel()

    async def _open_control_socket(self, run: LiveRun) -> None:
        """Let other terminals control the run, unless it is over at once."""
        import anyio

        if not self._options.paused:
            await anyio.sleep(CONTROL_AFTER)
        from dagtui.control.commands import serve_control

        async with anyio.create_task_group() as group:
            await group.start(serve_control, run)
            if self._options.paused and self._lines is not None:
                self._writer.say(self._lines.paused())

    async def _print_troubles(self, run: LiveRun) -> None:
        """Print the notes that could not be recorded, such as that the journal can't be written."""
        import anyio

        watch = run.state.watch()
        while True:
            await anyio.sleep(LOOK_EVERY)
            untold = [note for note in watch.notes if note not in self._noted]
            watch.notes.clear()
            watch.nodes.clear()
            self._noted.clear()
            self._tell(untold)

    async def _break_silence(self, run: LiveRun) -> None:
        """Say what is still running after a long silence."""
        import anyio

        while True:
            await anyio.sleep(max(0.1, self._said + SILENCE - run.clock()))
            if self._lines is not None and run.clock() - self._said >= SILENCE:
                self._said = run.clock()
                self._writer.say(self._lines.still(run.clock()))

    async def _handle_signals(self, run: LiveRun, inbox: SignalInbox) -> None:
        """Cancel the run at the first signal, kill what is left at the second.

        TERM and HUP leave a run of which something goes on without this process: the machine shuts down, or the
        terminal is gone.
        """
        async for number in inbox.numbers():
            if self._over or self._leaves:
                run.hurry()
            elif number != signal.SIGINT and not self._signal and run.goes_on:
                self._signal, self._leaves, run.ending = number, True, True
                if self._driving is not None:
                    self._driving.cancel()
            else:
                self._signal = self._signal or number
                run.ending = True
                run.give(Command(CommandKind.CANCEL_ALL, by=f"signal {signal.Signals(number).name}"))

    def _open_events(self) -> EventsCopy | None:
        """Return the copy of the journal's lines for `--events`."""
        if self._events is None:
            return None
        if self._events == "-":
            return copy_to(os.dup(1))
        return copy_at(self._events)

    def _print(self, events: Sequence[Event]) -> None:
        self._pending.extend(events)
        if self._lines is None:
            return
        self._noted.update(event for event in self._pending if isinstance(event, NoteEvent))
        self._tell(self._pending)
        self._pending.clear()

    def _tell(self, events: Sequence[Event]) -> None:
        if self._lines is None:
            return
        text = "\n".join(self._lines.lines(events))
        if text:
            self._said = events[-1].at if events else self._said
            self._writer.say(text)
