"""The part that executors on other machines have in common on this side.

`runs/executors.py` makes the executors that a graph names. A class for a kind is made by

    SshExecutor(requests, folder, log_file)

    requests: Requests                  makes the request of an attempt, and knows `[executors.NAME]` and the run's id
    folder: Path                        `executors/NAME` in the run's directory, for what a resume must know
    log_file(node, attempt) -> str      the path of an attempt's log in the run's directory

and imports what it needs of other packages only in its own module.

A subclass is told of attempts by `_hand_over`, `_stop`, `_withdraw`, `_release` and `_look_for`, which return at once
and may be called before and between calls of `_serve`. All that talks to the engine belongs into `_serve`. It runs
until it is cancelled, and it may be called again then: a reload of the graph, for example, serves anew. `attempts` is
the truth about what is open, so that a link that is made anew repeats what it says: those that are HANDED are handed
over, and each with a `stop` is stopped again.
"""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING

from dagtui.engine.messages import NO_ATTEMPT, Ended, EndKind, Remark
from dagtui.engine.protocol import Surroundings
from dagtui.execution.local.command import CommandError
from dagtui.execution.remote.attempt import RemoteAttempt, RemoteState
from dagtui.execution.remote.gone import GoneAttempt, gone_attempts, note_gone
from dagtui.execution.remote.open_attempts import OpenAttempts
from dagtui.execution.requests import Request
from dagtui.graph.model import NO_NODE
from dagtui.graph.resolution import ResolutionError
from dagtui.text import label, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import anyio

    from dagtui.engine.messages import AttemptNumber, Result, Slots
    from dagtui.engine.protocol import Handed
    from dagtui.execution.requests import Requests
    from dagtui.graph.model import NodeIndex
    from dagtui.text.amounts import Seconds

_BOUND = 10.0
"""Seconds beyond the longest grace, after which `close` leaves what the engine has not ended."""


class RemoteExecutor(OpenAttempts, ABC):
    """Executes attempts on other machines, by an engine there (see `dagtui.engine.protocol.Executor`)."""

    def __init__(self, requests: Requests, folder: Path, log_file: Callable[[NodeIndex, AttemptNumber], str]) -> None:
        """See the docstring of the module."""
        super().__init__(requests.settings)
        self.keeps_going = requests.settings.outlives_run
        self.run_id = requests.run_id
        self.folder = folder
        self._requests = requests
        self._log_file = log_file
        self._unsent: list[RemoteAttempt] = []
        self._gone: dict[str, GoneAttempt] = {}
        """Attempts of nodes that are gone, whose ends are not on record."""
        self._longest: Seconds = 0.0
        self._closed = False
        """Whether nothing is submitted any more."""
        self._has_left = False
        """Whether the engine is not served any more."""
        self._serving: anyio.CancelScope | None = None

    # What a subclass does

    @abstractmethod
    async def _serve(self) -> None:
        """Talk to the engine until cancelled. A cancel may lose nothing that the engine won't tell again."""

    @abstractmethod
    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Hand attempts over as one batch, soon. Returns at once."""

    @abstractmethod
    def _stop(self, attempt: RemoteAttempt) -> None:
        """End an attempt, soon, with the grace in `attempt.stop`. It may not have begun, or not be sent yet."""

    def _withdraw(self, attempt: RemoteAttempt) -> None:
        """Take an attempt back, soon, if it has not begun. `attempt.unwanted` says so."""
        self._stop(attempt)

    @abstractmethod
    def _release(self, attempt: RemoteAttempt) -> None:
        """Forget an attempt on the far side, soon. Its end is on record here."""

    @abstractmethod
    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        """Ask the engine, soon, what became of attempts that an earlier process of the run handed over.

        Call `absent` with those that it does not know. Only then is it certain that they may be handed over again.
        Those with a `stop` are to be stopped.
        """

    # What a subclass tells, besides `OpenAttempts`

    def absent(self, attempts: Iterable[RemoteAttempt]) -> None:
        """Tell that the engine does not know attempts that `_look_for` got: they never arrived there.

        They are handed over, or withdrawn if they are to be stopped.
        """
        again = []
        for attempt in attempts:
            if attempt.key not in self.attempts:
                continue
            if attempt.stop is not None or attempt.unwanted:
                self.withdrawn(attempt.key)
            elif attempt.problem:
                self.refused(attempt.key, attempt.problem)
            else:
                again.append(attempt)
        if again:
            self._hand_over(again)

    # Requests of the engine

    def open(self, deliver: Callable[[Result], None], slots: Slots) -> None:
        """Prepare to execute attempts. Slots of this machine don't matter there."""
        del slots
        self._deliver = deliver
        os.makedirs(self.folder, 0o700, exist_ok=True)
        self._gone.update({each.key: each for each in gone_attempts(self.folder)})
        if self._gone:
            self._end_gone()

    def redirect(self, deliver: Callable[[Result], None]) -> None:
        """Pass results to another function."""
        self._deliver = deliver

    def reload(
        self,
        requests: Requests,
        log_file: Callable[[NodeIndex, AttemptNumber], str],
        number_of: Sequence[NodeIndex],
    ) -> None:
        """Make requests of another graph from now on, in which nodes have other numbers. Open attempts go on.

        Settings that say where the executor is are as before (see `runs/executors.py`).
        """
        self._requests, self._log_file, self.settings = requests, log_file, requests.settings
        self._keys.clear()
        for key, attempt in self.attempts.items():
            attempt.node = number_of[attempt.node] if attempt.node >= 0 else NO_NODE
            if attempt.end is not None and attempt.node >= 0:
                attempt.end = attempt.end._replace(node=attempt.node)
            self._keys[attempt.node, attempt.attempt] = key

    def start(self, node: NodeIndex, attempt: AttemptNumber, slots: Slots) -> None:
        """Submit an attempt."""
        del slots
        if self._closed:
            return
        try:
            request = self._requests.make(node, attempt)
        except ResolutionError as error:
            self._deliver(Ended(node, attempt, EndKind.COULD_NOT_START, text=str(error), lasting=True))
        except CommandError as error:
            self._deliver(Ended(node, attempt, EndKind.COULD_NOT_START, text=str(error), lasting=error.lasting))
        else:
            self._unsent.append(self._add(node, attempt, request, time.monotonic()))

    def stop(self, node: NodeIndex, attempt: AttemptNumber, grace: Seconds) -> None:
        """End an attempt. One that was not handed over is withdrawn."""
        found = self._find(node, attempt)
        if found is None or self._take_back(found):
            return
        found.stop = grace if found.stop is None else min(found.stop, grace)
        self._stop(found)

    def withdraw(self, node: NodeIndex, attempt: AttemptNumber) -> None:
        """Withdraw an attempt that still waits."""
        found = self._find(node, attempt)
        if found is None or found.state is RemoteState.RUNNING or self._take_back(found):
            return
        found.unwanted = True
        self._withdraw(found)

    def set_slots(self, slots: Slots) -> None:
        """Ignore the slots, which are those of this machine."""

    def acknowledge(self) -> None:
        """Forget, on the far side, what is on record."""
        released, self._unreleased = self._unreleased, []
        for attempt in released:
            self._release(attempt)
        ended = [attempt.key for attempt in released if attempt.key in self._gone] if self._gone else ()
        if ended:
            for key in ended:
                del self._gone[key]
            with suppress(OSError):  # they are stopped once more by the next process
                note_gone(self.folder, self._gone.values())

    def flush(self) -> None:
        """Hand over what was submitted since the last call."""
        unsent, self._unsent = self._unsent, []
        if unsent:
            self._hand_over(unsent)

    def collect(self) -> None:
        """Deliver nothing: all that is known is delivered."""

    def take_up(self, handed: Sequence[Handed]) -> None:
        """Take up attempts of an earlier process of the run."""
        found = []
        for node, attempt, stopping in handed:
            request, problem = self._made_again(node, attempt)
            added = self._add(node, attempt, request, 0.0)
            added.stop, added.problem = stopping, problem
            found.append(added)
        self._resume(found)

    def typical(self, node: NodeIndex) -> Seconds | None:
        """Return the seconds that an attempt of a node takes, or None if they are not known."""
        return self._requests.typical(node) if node >= 0 else None

    def surroundings(self, node: NodeIndex, attempt: AttemptNumber) -> Surroundings:
        """Return the surroundings that an attempt would get now, which are those of another machine."""
        try:
            request = self._requests.make(node, attempt)
        except CommandError as error:
            raise ResolutionError(str(error)) from error
        own = {**request.env, **request.secrets}
        return Surroundings(request.cwd, {}, own, self.settings.name, tuple(self._shell(request)))

    def _shell(self, request: Request) -> Sequence[str]:
        """Return the command that opens a shell where an attempt runs or would run. Empty: there is none."""
        del request
        return ()

    # Serving

    async def serve(self) -> None:
        """Serve the engine until `close` or `detach`, or until the caller cancels."""
        import anyio

        if self._serving is not None:
            raise RuntimeError("this executor is served already")
        if self._has_left:
            return
        try:
            async with anyio.create_task_group() as group:
                self._serving = group.cancel_scope
                group.start_soon(self._serve)
                group.start_soon(self._keep_logs)
        finally:
            self._serving = None

    async def detach(self) -> None:
        """Leave at once. What runs or waits there goes on, if this executor keeps going."""
        if self.keeps_going:
            self._leave()
        else:
            await self.close()

    async def close(self) -> None:
        """Stop everything, and wait until it has ended, but not for ever. What is left has a stop noted."""
        import anyio

        self.flush()
        self._closed = True
        # What waits first: it would begin in the slots of what is stopped before it.
        for attempt in sorted(self.attempts.values(), key=lambda each: each.state is RemoteState.RUNNING):
            attempt.stop = attempt.request.grace if attempt.stop is None else attempt.stop
            self._stop(attempt)
        with anyio.move_on_after(self._longest + _BOUND):
            async with anyio.create_task_group() as group:
                if self._serving is None:
                    group.start_soon(self.serve)
                while self.attempts:
                    self._over = anyio.Event()
                    await self._over.wait()
                self._leave()
        self._leave()
        if self.attempts:
            self._deliver(Remark(NO_NODE, NO_ATTEMPT, self._left_over()))

    def _leave(self) -> None:
        self._closed = self._has_left = True
        if self._serving is not None:
            self._serving.cancel()

    def _left_over(self) -> str:
        nodes, name = plural(len(self.attempts), "node"), label(self.settings.name)
        why = f"{name} does not answer" if self._silent_since is not None else f"{name} has not ended them"
        return f"{nodes}: {why}; the stop is noted"

    # Attempts

    def _add(self, node: NodeIndex, attempt: AttemptNumber, request: Request, handed_at: float) -> RemoteAttempt:
        path = self._log_file(node, attempt)
        added = RemoteAttempt(node, attempt, request.node_label, request, path, handed_at)
        self.attempts[added.key] = added
        self._keys[node, attempt] = added.key
        self._longest = max(self._longest, request.grace)
        return added

    def _find(self, node: NodeIndex, attempt: AttemptNumber) -> RemoteAttempt | None:
        return self.attempts.get(self._keys.get((node, attempt), ""))

    def _take_back(self, attempt: RemoteAttempt) -> bool:
        """Withdraw an attempt that was not handed over. Return False if it was."""
        if attempt not in self._unsent:
            return False
        self._unsent.remove(attempt)
        self.withdrawn(attempt.key)
        return True

    def _made_again(self, node: NodeIndex, attempt: AttemptNumber) -> tuple[Request, str]:
        """Return the request of an attempt of an earlier process, and why it is not complete."""
        try:
            return self._requests.make(node, attempt), ""
        except (ResolutionError, CommandError) as error:
            key, grace = self._requests.key(node, attempt), self._requests.grace(node)
            return _incomplete(key, self._requests.node_label(node), attempt, grace), str(error)

    def _end_gone(self) -> None:
        """Stop attempts of an earlier process of the run whose nodes the graph does not have any more."""
        found = []
        for name, key, grace in self._gone.values():
            request = _incomplete(key, name, NO_ATTEMPT, grace)
            attempt = self.attempts[key] = RemoteAttempt(NO_NODE, NO_ATTEMPT, name, request, os.devnull, 0.0)
            attempt.stop, attempt.problem = grace, "its node is gone"
            found.append(attempt)
        self._resume(found)

    def _resume(self, attempts: Sequence[RemoteAttempt]) -> None:
        for attempt in () if self.logs_are_shared else attempts:
            attempt.offset = attempt.copy.resume()
        if attempts:
            self._look_for(attempts)


def _incomplete(key: str, node_label: str, attempt: AttemptNumber, grace: Seconds) -> Request:
    """Return a request that identifies an attempt, and that can't be sent."""
    return Request(key, node_label, attempt, (), False, "", {}, {}, None, grace, {}, "", 0.0)
