"""Supervision: the supervisor of a run and its successors, served by the event loop that drives the run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, TypeVar

from dagtui.execution.local import ownership
from dagtui.execution.local.requirements import start_supervisor

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from dagtui.execution.local.frames import Message
    from dagtui.execution.local.link import SupervisorLink
    from dagtui.text.amounts import Seconds

_Made = TypeVar("_Made")
_LOOK_AGAIN = 0.005  # seconds between looks at processes that are about to end
_LOSS_BOUND = 10.0  # maximum seconds to wait for the end of the processes that a dead supervisor left
_REAP_BOUND = 1.0  # maximum seconds to wait for a supervisor's exit after it has closed its socket


class Orphans:
    """The children of this process that have the mark of an attempt: what supervisor and reaper left, killed together.

    This process must be a child subreaper.
    """

    def __init__(self, session: int) -> None:
        """Create the set. `session` is the dead reaper's: it holds the log process, which ends by itself."""
        self._session = session
        self._marks = ownership.Marks()

    def end(self) -> bool:
        """Kill all orphans, and reap those that have ended. Return whether there were none."""
        found = []
        for pid in ownership.children(os.getpid()):
            if self._is_helper(pid):
                os.waitpid(pid, os.WNOHANG)  # a reaper that became our child when the supervisor died
            elif self._marks.read(pid):
                found.append(pid)
        ownership.kill_trees(found)
        for pid in found:
            os.waitpid(pid, os.WNOHANG)
        return not found

    def _is_helper(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self._session
        except OSError:
            return True


class Supervision:
    """At most one live supervisor. A dead one is reported as a loss once no process of its attempts is left."""

    def __init__(
        self,
        directory: Path,
        on_messages: Callable[[list[Message]], None],
        on_loss: Callable[[SupervisorLink], None],
        first: SupervisorLink | None = None,
    ) -> None:
        """Create the supervision. `first` is a supervisor that was started already.

        The callbacks run within `serve`, which raises their exceptions.
        """
        self._directory = directory
        self._first = first
        self._on_messages = on_messages
        self._on_loss = on_loss
        self.link: SupervisorLink | None = None
        """The supervisor that takes requests. None before the first, and after a loss."""
        self._lost: SupervisorLink | None = None
        self._orphans: Orphans | None = None
        self._lost_at = 0.0
        self._closing = False
        self._ended: list[SupervisorLink] = []  # links whose processes may have to be reaped
        self._loop: asyncio.AbstractEventLoop | None = None
        self._served: asyncio.Future[None] | None = None
        self._watched = -1
        self._watches_output = False
        self._again: asyncio.Handle | None = None

    @property
    def losing(self) -> bool:
        """Whether a supervisor has died and its processes are being ended."""
        return self._lost is not None

    def connect(self) -> SupervisorLink:
        """Start a supervisor. Raise OSError if it can't be started."""
        self.link, self._first = self._first or start_supervisor(), None
        self.link.start_table.directory = os.fspath(self._directory)
        self._attach()
        return self.link

    def send(self, messages: list[Message]) -> None:
        """Send requests to the supervisor. What the socket does not take now is sent later."""
        if self.link is not None:
            self.link.send(messages)
            self._watch_output(self.link)

    def expect(self, sequence: int) -> None:
        """Note that a request is about to be sent, and has not begun."""
        for link in (self.link, self._lost):
            if link is not None:
                link.start_table.expect(sequence)

    def collect(self) -> None:
        """Pass on the messages that have arrived. The end of the socket is left to `serve`."""
        if self.link is not None and self._loop is not None:
            self._on_messages(self.link.drain())

    def soon(self, step: Callable[[], None]) -> None:
        """Call a function in the next turn of the event loop, if there is a loop."""
        if self._loop is not None:
            self._loop.call_soon(self._take, step)

    def later(self, seconds: Seconds, step: Callable[[], None]) -> None:
        """Call a function after some seconds, if there is a loop."""
        if self._loop is not None:
            self._loop.call_later(seconds, self._take, step)

    def beside(self, work: Callable[[], _Made], take: Callable[[_Made], None]) -> None:
        """Do some work in a thread, and pass its result to a function in the event loop. Without a loop, do it now."""
        if self._loop is None:
            take(work())
            return
        try:
            done = self._loop.run_in_executor(None, work)
        except RuntimeError:  # no thread can be started
            take(work())
            return
        done.add_done_callback(lambda future: self._take(lambda: take(future.result())))

    async def serve(self) -> None:
        """Pass on the messages of supervisors until `close` is done or the caller cancels."""
        import asyncio

        if self._served is not None:
            if not self._closing:
                raise RuntimeError("this executor is served already")
            await asyncio.wait([self._served])
            return
        self._loop = asyncio.get_running_loop()
        self._served = served = self._loop.create_future()
        try:
            self._attach()
            if not self._is_over:
                await served
        finally:
            self._detach()
            self._loop = self._served = None

    async def close(self, bound: float) -> None:
        """Ask the supervisor to end everything, and wait for it, at most `bound` seconds."""
        import asyncio

        import anyio

        if self.link is not None:
            self.link.finish()
        self._closing = True
        try:
            with anyio.move_on_after(bound):
                while not self._is_over:
                    if self._served is None:
                        await self.serve()
                    else:
                        await asyncio.wait([self._served])
        finally:
            for link in (self.link, self._lost):
                if link is not None:
                    link.close()
            self.link = self._lost = None
        with anyio.move_on_after(_REAP_BOUND):
            while not self._all_reaped():  # noqa: ASYNC110 - there is no event for a child's end
                await anyio.sleep(_LOOK_AGAIN)

    @property
    def _is_over(self) -> bool:
        return self._closing and self.link is None and self._lost is None

    def _all_reaped(self) -> bool:
        self._ended = [link for link in self._ended if not link.reap()]
        return not self._ended

    # In the event loop

    def _take(self, step: Callable[[], None]) -> None:
        """Call a function. Pass its exception to `serve`, not to the event loop."""
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised in `serve`
            if self._served is not None and not self._served.done():
                self._served.set_exception(error)

    def _attach(self) -> None:
        if self._loop is None:
            return
        if self.link is not None:
            self._watched = self.link.fileno()
            self._loop.add_reader(self._watched, self._take, self._receive)
            self._watch_output(self.link)
        elif self._lost is not None:
            self._again = self._loop.call_soon(self._take, self._end_orphans)

    def _detach(self) -> None:
        if self._loop is None:
            return
        if self._watched >= 0:
            self._loop.remove_reader(self._watched)
            self._loop.remove_writer(self._watched)
            self._watched, self._watches_output = -1, False
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _watch_output(self, link: SupervisorLink) -> None:
        if self._loop is None or link.blocked == self._watches_output:
            return
        self._watches_output = link.blocked
        if link.blocked:
            self._loop.add_writer(self._watched, self._take, lambda: self.send([]))
        else:
            self._loop.remove_writer(self._watched)

    def _receive(self) -> None:
        link = self.link
        if link is None:
            return
        messages = link.receive()
        if messages is not None:
            self._on_messages(messages)
            return
        self._detach()
        self.link, self._lost, self._lost_at = None, link, time.monotonic()
        self._orphans = Orphans(link.session)
        self._ended.append(link)
        self._end_orphans()

    def _end_orphans(self) -> None:
        """Report the loss once supervisor, reaper and the orphans that they left are gone."""
        lost, orphans = self._lost, self._orphans
        if lost is None or orphans is None or self._loop is None:
            return
        in_time = time.monotonic() - self._lost_at < _LOSS_BOUND
        if in_time and not (lost.reap() and orphans.end()):
            self._again = self._loop.call_later(_LOOK_AGAIN, self._take, self._end_orphans)
            return
        self._lost = self._orphans = self._again = None
        try:
            self._on_loss(lost)
        finally:
            lost.close()
        if self._is_over and self._served is not None and not self._served.done():
            self._served.set_result(None)
