"""A machine, and the hub of a run on it, which is connected to anew whenever the connection breaks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import anyio

from dagtui.execution.ssh import failures
from dagtui.execution.ssh.messages import known_attempts, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.ssh.command import SshHost
    from dagtui.execution.ssh.connection import Connection, Told
    from dagtui.execution.ssh.failures import Failure
    from dagtui.text.amounts import Seconds

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
"""Seconds between two tries to connect. They double from the first pause to the longest one."""
_REST = 5.0
"""Seconds from a failure to the next try that a new attempt causes."""
_MOMENT = 2.0
"""Seconds that it may take to connect again before it is said that the connection broke."""
_LATER = 1.0
"""Seconds until a log is asked for again that could not be written here."""
_LOOKS_APART = 0.1
"""Seconds between two looks at logs that grow slowly."""
_PINGS_APART = 5.0
"""Seconds between two questions whether the hub answers."""
_UNANSWERED = 3
"""Questions without an answer after which that is said. A machine may hang although its ssh does not."""


class HostListener(Protocol):
    """Is told what happens to a machine."""

    def on_greeting(self, host: FarHost, known: Mapping[str, str]) -> None:
        """Take note that the hub answers, and which attempts it knows, with their states."""

    def on_message(self, host: FarHost, told: Told) -> None:
        """Take a message of the hub."""

    def on_contact(self, host: FarHost) -> None:
        """Take note that a machine does not answer, or does again."""


class FarHost:
    """A machine with the attempts that were placed on it."""

    def __init__(self, host: SshHost, connect: Callable[[], Connection], listener: HostListener) -> None:
        """Create a machine that is not connected yet. `connect` makes each connection."""
        self.host = host
        self.attempts: dict[str, RemoteAttempt] = {}
        """The attempts that were placed here and whose ends are not acknowledged there, by key."""
        self.failure: Failure | None = None
        """Why it does not answer. None: it does, was not asked yet, or is being connected to again."""
        self.is_trying = True
        """Whether it is being connected to, or is about to be."""
        self.has_answered = False
        """Whether it has told, since this process began, which attempts it knows."""
        self.gpus = 0
        """The number of its GPUs, as it told when it answered last."""
        self._connect = connect
        self._listener = listener
        self._connection: Connection | None = None
        self._looks: dict[str, RemoteAttempt] = {}
        self._later_looks: dict[str, RemoteAttempt] = {}
        self._looking = anyio.Event()
        self._wanted = anyio.Event()
        self._pause_over = anyio.Event()
        self._broke: Failure | None = None
        """Why the last connection broke, if that was a moment ago."""
        self._failed_at = 0.0
        self._unanswered = 0
        self._heard_at = 0.0

    @property
    def silent_for(self) -> Seconds:
        """For how long nothing was heard of it, or for how long it has been tried in vain."""
        return time.monotonic() - self._heard_at

    @property
    def answers(self) -> bool:
        """Whether the hub is connected, and has greeted."""
        return self._connection is not None

    def want(self) -> None:
        """Connect if that was not needed so far. Try soon if it failed for a reason that a person may have mended."""
        self._wanted.set()
        if self.failure is not None and self.failure.lasting and self.rested:
            self.is_trying = True
            self._pause_over.set()

    @property
    def rested(self) -> bool:
        """Whether the last try was so long ago that another one makes sense."""
        return time.monotonic() - self._failed_at > _REST

    async def serve(self) -> None:
        """Keep the connection up until cancelled."""
        await self._wanted.wait()
        self._heard_at = time.monotonic()
        pause = _FIRST_PAUSE
        while True:
            if await self._talk():
                pause = _FIRST_PAUSE
            self._pause_over = anyio.Event()
            with anyio.move_on_after(pause):
                await self._pause_over.wait()
            pause = min(2 * pause, _LONGEST_PAUSE)

    def say(self, message: Mapping[str, object]) -> None:
        """Send a message. Without a connection it is dropped, because each connection begins with all that is open."""
        if self._connection is not None:
            self._connection.say(message)

    def look(self, attempt: RemoteAttempt) -> None:
        """Ask for the log of an attempt from where it is known, soon."""
        self._looks[attempt.key] = attempt
        self._looking.set()

    def look_later(self, attempt: RemoteAttempt) -> None:
        """Ask for a log again that could not be written here."""
        self._later_looks[attempt.key] = attempt
        self._looking.set()

    def look_now(self, attempt: RemoteAttempt) -> None:
        """Ask for more of a log that is long."""
        self._looks.pop(attempt.key, None)
        self.say({"look": {attempt.key: attempt.offset}})

    async def _talk(self) -> bool:
        """Connect, and pass messages on until the connection breaks. Return whether there was one."""
        connection = self._connect()
        self.is_trying = True

        def take(told: Told) -> None:
            self._unanswered, self._heard_at = 0, time.monotonic()
            if "hello" in told:
                self._greet(connection, told)
                return
            if self.failure is not None:  # it only hung
                self.failure = None
                self._listener.on_contact(self)
            self._listener.on_message(self, told)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._look_at_logs)
                group.start_soon(self._tell_if_it_takes_long)
                group.start_soon(self._ask_whether_it_answers)
                failure = await connection.serve(take)
                group.cancel_scope.cancel()
        finally:
            had_answered, self._connection = self.answers, None
            self._looks.clear()
        self.is_trying, self._failed_at = False, time.monotonic()
        if had_answered:  # it may be back in a moment
            self._broke = failure
        else:
            self._fail(failure)
        return had_answered

    def _greet(self, connection: Connection, told: Told) -> None:
        self._connection, self.has_answered = connection, True
        self.failure = self._broke = None
        self.is_trying = False
        self.gpus = whole_number(told.get("gpus"))
        self._listener.on_greeting(self, known_attempts(told))

    def _fail(self, failure: Failure) -> None:
        self.failure, self._broke = failure, None
        self._listener.on_contact(self)

    async def _tell_if_it_takes_long(self) -> None:
        await anyio.sleep(_MOMENT)
        if self._broke is not None:
            self._fail(self._broke)

    async def _ask_whether_it_answers(self) -> None:
        """Tell of a machine that says nothing while ssh keeps the connection."""
        self._unanswered = 0
        while True:
            self.say({"ping": True})
            await anyio.sleep(_PINGS_APART)
            self._unanswered += 1  # counted, as this process may have been stopped itself
            if self._unanswered >= _UNANSWERED and self.failure is None:
                self._fail(failures.of_silence(self.host, connected=self.answers))

    async def _look_at_logs(self) -> None:
        """Ask for what is new in logs, for all of them at once."""
        while True:
            self._looking = anyio.Event()
            if not self._looks:
                with anyio.move_on_after(_LATER if self._later_looks else None):
                    await self._looking.wait()
                    continue
            self._looks |= self._later_looks
            self._later_looks.clear()
            self.say({"look": {key: attempt.offset for key, attempt in self._looks.items()}})
            self._looks.clear()
            await anyio.sleep(_LOOKS_APART)
