"""A run without a screen: plain lines, events as JSON, signals, and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from typing import IO, TYPE_CHECKING

from dagtui.engine.messages import Command, CommandKind
from dagtui.engine.status import Verdict
from dagtui.session.card import card
from dagtui.session.plain import PlainLines
from dagtui.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagtui.engine.events import Event
    from dagtui.graph.model import Graph

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT = {Verdict.COMPLETED: 0, Verdict.FAILED: 1, Verdict.CANCELLED: 130}


class Headless:
    """One run from its beginning to its exit status; it ends as soon as everything is settled."""

    def __init__(self, graph: Graph, *, jobs: int | None, events: str | None, ascii_only: bool) -> None:
        """`events` is a file for JSON lines, `-` for standard output (the plain lines then go to standard error)."""
        self._graph = graph
        self._jobs = jobs
        self._events = events
        self._out: IO[str] = sys.stderr if events == "-" else sys.stdout
        self._ascii = ascii_only or "utf" not in (self._out.encoding or "").lower()
        self._signal = 0
        self._early: list[int] = []
        self._pending: list[Event] = []
        self._lines: PlainLines | None = None

    def run(self) -> int:
        """Run, and return the exit status. Raises StoreError and OSError when it cannot begin."""
        # A signal may come before there is an event loop to take it.
        for number in SIGNALS:
            signal.signal(number, lambda number, _frame: self._early.append(number))
        session = Session.start(self._graph, jobs=self._jobs, listeners=[self._print], mirror=self._open_events())
        # The first nodes are running already; the event loop takes a while to import.
        import anyio

        self._lines = PlainLines(session, ascii_only=self._ascii, colours=self._wants_colours())
        self._say(self._lines.opening())
        self._print([])
        anyio.run(self._drive, session)
        self._say("")
        self._say(card(session, width=100, colours=self._wants_colours(), ascii_only=self._ascii))
        self._out.flush()
        if self._signal and self._signal != signal.SIGINT:
            return 128 + self._signal
        return EXIT.get(session.state.verdict(), 1)

    async def _drive(self, session: Session) -> None:
        import anyio

        async with anyio.create_task_group() as group:
            group.start_soon(self._obey_signals, session)
            await session.drive_until_settled()
            group.cancel_scope.cancel()
        await session.close()

    async def _obey_signals(self, session: Session) -> None:
        """The first signal cancels the run, the second kills what is left."""
        import anyio

        with anyio.open_signal_receiver(*SIGNALS) as received:
            for early in self._early:
                self._obey(session, early)
            async for number in received:
                self._obey(session, number)

    def _obey(self, session: Session, number: int) -> None:
        self._signal = self._signal or number
        session.give(Command(CommandKind.CANCEL_ALL, by=f"signal {signal.Signals(number).name}"))

    def _open_events(self) -> int | None:
        """The descriptor that gets the journal's lines as they are written."""
        if self._events is None:
            return None
        if self._events == "-":
            return os.dup(1)
        return os.open(self._events, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def _wants_colours(self) -> bool:
        if os.environ.get("NO_COLOR"):
            return False
        return self._out.isatty() or bool(os.environ.get("FORCE_COLOR"))

    def _print(self, events: Sequence[Event]) -> None:
        self._pending.extend(events)
        if self._lines is None:
            return
        text = "\n".join(self._lines.lines(self._pending))
        self._pending.clear()
        if text:
            self._say(text)

    def _say(self, text: str) -> None:
        """Print; when nobody reads any more, be quiet and let the run go on to its end."""
        try:
            print(text, file=self._out, flush=True)
        except BrokenPipeError:
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - stands in for the output to the end
        except UnicodeEncodeError:
            print(text.encode("ascii", "replace").decode(), file=self._out, flush=True)
