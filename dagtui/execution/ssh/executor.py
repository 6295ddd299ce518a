"""The SSH executor: attempts on one or several machines that the user's own ssh reaches.

Each machine has a hub for the run (`execution/agent/hub.py`), which outlives the connection. Each connection begins
with what the hub knows, so that what is open is repeated and nothing is sent twice.
"""

from __future__ import annotations

import math
import zlib
from _blake2 import blake2b  # hashlib's own; hashlib would load OpenSSL as well
from typing import TYPE_CHECKING

from dagtui.execution import shipped
from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.execution.ssh.command import SshHost, shell_command
from dagtui.execution.ssh.connection import Agent, Connection
from dagtui.execution.ssh.host import FarHost
from dagtui.execution.ssh.messages import cpus, gpus, log_pieces, start_message, wall_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from dagtui.engine.messages import AttemptNumber
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.execution.remote.open_attempts import _Piece
    from dagtui.execution.requests import Request, Requests
    from dagtui.execution.ssh.connection import Told
    from dagtui.graph.model import NodeIndex

_LARGE = 1 << 17
"""Bytes of a piece of a log after which the next one is asked for at once."""
_NO_CONNECTION = "no connection"
_DIED = "the agent of the run on its machine died, and ended its processes with it"


class SshExecutor(RemoteExecutor):
    """Executes attempts on machines that ssh reaches (see `dagtui.execution.remote.executor`)."""

    def __init__(self, requests: Requests, folder: Path, log_file: Callable[[NodeIndex, AttemptNumber], str]) -> None:
        """Create an executor. It connects as soon as there is something to execute."""
        super().__init__(requests, folder, log_file)
        settings = self.settings
        agent = Agent(zlib.compress(shipped.agent()), shipped.digest())
        python = settings.python or "python3"
        self._hosts = [self._host(SshHost(name, settings.options, python), agent) for name in settings.hosts]
        self._placed: dict[str, FarHost] = {}
        """Where attempts are that a machine has, or is to have, by key."""
        self._unplaced: dict[str, RemoteAttempt] = {}
        """Attempts that no machine can take now, by key."""
        self._sought: dict[str, RemoteAttempt] = {}
        """Attempts of an earlier process that a machine may have that has not answered yet, by key."""

    def _host(self, host: SshHost, agent: Agent) -> FarHost:
        orphans, run = self.settings.orphans or 0.0, run_folder(self.run_id, host)
        return FarHost(host, lambda: Connection(host, agent, run, orphans), self)

    def _shell(self, request: Request) -> list[str]:
        host = self._placed.get(request.key, self._hosts[0])
        return shell_command(host.host, request.cwd, request.env, request.setup)

    # What the base asks for

    async def _serve(self) -> None:
        import anyio

        async with anyio.create_task_group() as group:
            for host in self._hosts:
                group.start_soon(host.serve)

    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        for attempt in attempts:
            self._unplaced[attempt.key] = attempt
        for host in self._hosts:
            host.want()
        self._place()
        self._tell_of_failures()

    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        for attempt in attempts:
            self._sought[attempt.key] = attempt
        for host in self._hosts:
            host.want()
        self._give_up_seeking()

    def _stop(self, attempt: RemoteAttempt) -> None:
        if attempt.key in self._unplaced:
            self._take_from_unplaced(attempt)
        elif attempt.key in self._placed:
            self._placed[attempt.key].say({"stop": attempt.key, "grace": attempt.stop})

    def _withdraw(self, attempt: RemoteAttempt) -> None:
        if attempt.key in self._unplaced:
            self._take_from_unplaced(attempt)
        elif attempt.key in self._placed:
            self._placed[attempt.key].say({"withdraw": attempt.key})

    def _take_from_unplaced(self, attempt: RemoteAttempt) -> None:
        del self._unplaced[attempt.key]
        self.withdrawn(attempt.key)

    def _release(self, attempt: RemoteAttempt) -> None:
        host = self._placed.pop(attempt.key, None)
        if host is not None:
            host.attempts.pop(attempt.key, None)
            host.say({"ack": attempt.key})

    # Places

    def _place(self) -> None:
        """Send attempts to machines that have room for them."""
        for attempt in tuple(self._unplaced.values()):
            host = self._host_for(attempt)
            if host is not None:
                del self._unplaced[attempt.key]
                self._put(attempt, host)
                self._send(attempt, host)

    def _host_for(self, attempt: RemoteAttempt) -> FarHost | None:
        """Return the machine with the most free slots, or None if an attempt has to wait."""
        if len(self._hosts) == 1:
            return self._hosts[0] if self._hosts[0].answers else None
        used = {host: self._used(host) for host in self._hosts if host.answers}
        able = [host for host in used if host.gpus >= gpus(attempt.request)] or list(used)
        if not able:
            return None
        host = min(able, key=used.__getitem__)
        return host if not used[host] or used[host] + cpus(attempt.request) <= self._share() else None

    def _used(self, host: FarHost) -> int:
        return sum(cpus(attempt.request) for key, attempt in host.attempts.items() if key in self.attempts)

    def _share(self) -> float:
        """Return how many slots each machine has. The engine may have raised those of all of them."""
        if self.settings.jobs is None:
            return math.inf
        wanted = sum(cpus(attempt.request) for attempt in self.attempts.values())
        return math.ceil(max(self.settings.jobs, wanted) / len(self._hosts))

    def _put(self, attempt: RemoteAttempt, host: FarHost) -> None:
        self._placed[attempt.key] = host
        host.attempts[attempt.key] = attempt

    def _send(self, attempt: RemoteAttempt, host: FarHost) -> None:
        host.say(start_message(attempt.request))
        if attempt.stop is not None:
            self._stop(attempt)

    # What happens to machines

    def on_greeting(self, host: FarHost, known: Mapping[str, str]) -> None:
        """Take note of which attempts a machine knows. Repeat what is open, and forget what is over."""
        unreleased = {attempt.key for attempt in self._unreleased}
        for key, state in known.items():
            attempt = self.attempts.get(key)
            if attempt is not None:
                self._sought.pop(key, None)
                self._unplaced.pop(key, None)
                self._put(attempt, host)
                if attempt.stop is not None and state != "ended":
                    self._stop(attempt)
            elif key not in unreleased:
                host.say({"ack": key} if state == "ended" else {"stop": key, "grace": 0})
        for attempt in [attempt for key, attempt in host.attempts.items() if key not in known]:
            self._miss(attempt, host)
        self._give_up_seeking()
        self._place()
        self._tell_of_failures()

    def _miss(self, attempt: RemoteAttempt, host: FarHost) -> None:
        """Send an attempt again that a machine does not know, unless it had begun there."""
        if attempt.key not in self.attempts:  # its end is being recorded
            return
        if attempt.state is not RemoteState.RUNNING:
            if attempt.stop is None and not attempt.unwanted:
                self._send(attempt, host)
                return
            self._forget(attempt.key)
            self.withdrawn(attempt.key)
        else:
            self.lost(attempt.key, _DIED)

    def _forget(self, key: str) -> None:
        host = self._placed.pop(key, None)
        if host is not None:
            host.attempts.pop(key, None)

    def _give_up_seeking(self) -> None:
        """Hand attempts of an earlier process over again that no machine knows, once each of them has answered."""
        if self._sought and all(host.has_answered for host in self._hosts):
            absent, self._sought = list(self._sought.values()), {}
            self.absent(absent)

    def on_contact(self, host: FarHost) -> None:
        """Take note that a machine does not answer, or does again. What runs there goes on."""
        del host
        self._tell_of_failures()

    def _tell_of_failures(self) -> None:
        failures = [host.failure for host in self._hosts if host.failure is not None]
        if not failures:
            self.heard()
            return
        why = "; ".join(failure.text for failure in failures)
        if self._is_hopeless():
            for key in tuple(self._unplaced):
                del self._unplaced[key]
                self.refused(key, why, lasting=True)
            return
        for key in (*self._unplaced, *self._sought):
            self.queued(key, _NO_CONNECTION)  # why, is said of the executor
        self.silent(why, max(host.silent_for for host in self._hosts if host.failure is not None))

    def _is_hopeless(self) -> bool:
        """Return whether no machine has ever answered, for reasons that stay until a person does something."""
        return not self._sought and all(
            not host.has_answered and host.failure is not None and host.failure.lasting and not host.is_trying
            for host in self._hosts
        )

    # Messages of hubs

    def on_message(self, host: FarHost, told: Told) -> None:
        """Take a message of a hub."""
        for word, handle in _HANDLERS.items():
            if word in told:
                handle(self, host, told)
                return

    def _on_began(self, host: FarHost, told: Told) -> None:
        key = str(told["began"])
        self.began(key, wall_time(told.get("at")), host.host.name)
        if key in self.attempts:
            host.look(self.attempts[key])

    def _on_ended(self, host: FarHost, told: Told) -> None:
        key = str(told["ended"])
        self.ended(key, told, host.host.name)
        attempt = self.attempts.get(key)
        if attempt is not None and attempt.lacks_log:
            host.look_now(attempt)
        if self._unplaced:
            self._place()

    def _on_refused(self, _host: FarHost, told: Told) -> None:
        self.lost(str(told["refused"]), _DIED)

    def _on_waits(self, _host: FarHost, told: Told) -> None:
        self.queued(str(told["waits"]), str(told.get("why", "")))

    def _on_log(self, host: FarHost, told: Told) -> None:
        key = str(told["log"])
        attempt = self.attempts.get(key)
        if attempt is None:
            return
        before = attempt.offset
        for at, piece, wall in log_pieces(told):
            self.log(key, at, piece, wall)
        if attempt.copy.trouble:
            host.look_later(attempt)
        elif attempt.lacks_log or attempt.offset - before >= _LARGE:
            host.look_now(attempt)
        elif attempt.end is None:
            host.look(attempt)

    def _wrote(self, pieces: list[_Piece]) -> None:
        """Ask again for what could not be written here."""
        super()._wrote(pieces)
        for attempt in {piece.attempt for piece in pieces}:
            if attempt.copy.trouble and attempt.key in self.attempts and attempt.key in self._placed:
                self._placed[attempt.key].look_later(attempt)


_HANDLERS: Mapping[str, Callable[[SshExecutor, FarHost, Told], None]] = {
    "began": SshExecutor._on_began,
    "ended": SshExecutor._on_ended,
    "log": SshExecutor._on_log,
    "refused": SshExecutor._on_refused,
    "waits": SshExecutor._on_waits,
}
"""What each message of a hub does, by the word that distinguishes it."""


def run_folder(run_id: str, host: SshHost) -> str:
    """Return the name of a run's folder on a machine. Several machines may share a home directory."""
    return f"{run_id}-{blake2b(host.name.encode(), digest_size=4).hexdigest()}"
