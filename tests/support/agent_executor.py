"""An executor over the shipped agent as a worker behind a pipe: another machine without a way to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
from support.executor_harness import ExecutorHarness
from support.far_side import shipped_agent
from support.waiting import SECONDS

from dagtui.execution.remote.attempt import RemoteState
from dagtui.execution.remote.executor import RemoteExecutor
from dagtui.execution.requests import Requests
from dagtui.execution.ssh.messages import known_attempts, log_pieces, start_message
from dagtui.graph.executors import ExecutorKind, ExecutorSettings
from dagtui.graph.model import Graph
from dagtui.graph.resolution import Resolver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagtui.engine.messages import Result
    from dagtui.execution.remote.attempt import RemoteAttempt
    from dagtui.graph.model import Task


class AgentExecutor(RemoteExecutor):
    """Talks to a worker, and starts another one on the same spool when it dies."""

    command: list[str]
    slots: int
    process: subprocess.Popen[bytes] | None = None
    _rest = b""

    def say(self, **message: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def _send(self, attempt: RemoteAttempt) -> None:
        self.say(**start_message(attempt.request))
        if attempt.stop is not None:
            self._stop(attempt)

    def _hand_over(self, attempts: Sequence[RemoteAttempt]) -> None:
        for attempt in attempts:
            self._send(attempt)

    def _stop(self, attempt: RemoteAttempt) -> None:
        self.say(stop=attempt.key, grace=attempt.stop)

    def _withdraw(self, attempt: RemoteAttempt) -> None:
        self.say(withdraw=attempt.key)

    def _release(self, attempt: RemoteAttempt) -> None:
        self.say(ack=attempt.key)

    def _look_for(self, attempts: Sequence[RemoteAttempt]) -> None:
        self.absent(attempts)  # a worker has nothing that it was not sent

    def connect(self) -> None:
        """Start a worker."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.say(slots=self.slots)

    async def _serve(self) -> None:
        while True:
            if self.process is None:
                self.connect()
            await anyio.wait_readable(self.process.stdout)
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                self.leave()
                continue
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    def _take(self, told: dict[str, object]) -> None:
        assert "error" not in told, told
        attempt = self.attempts.get(told.get("began") or told.get("ended") or told.get("log") or told.get("refused"))
        if "hello" in told:
            self._greet(known_attempts(told))
        elif attempt is None:
            return
        elif "began" in told:
            self.began(attempt.key, told["at"], told["where"])
            self.say(look={attempt.key: attempt.offset})
        elif "ended" in told:
            self.ended(attempt.key, told)
            if attempt.lacks_log:
                self.say(look={attempt.key: attempt.offset})
        elif "log" in told:
            for piece in log_pieces(told):
                self.log(attempt.key, *piece)
            if attempt.end is None or attempt.lacks_log:
                self.say(look={attempt.key: attempt.offset})
        else:
            self.lost(attempt.key, "it was claimed before")

    def _greet(self, known: dict[str, str]) -> None:
        for key, attempt in list(self.attempts.items()):
            if key not in known:
                assert attempt.state is not RemoteState.RUNNING, "what has begun is known for ever"
                self._send(attempt)

    def leave(self) -> None:
        """Let the worker end, and wait for it."""
        process, self.process = self.process, None
        if process is not None:
            process.stdin.close()
            process.wait(SECONDS)
            process.stdout.close()

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            self.leave()


class AgentHarness(ExecutorHarness):
    """Attempts of one test behind a worker."""

    def __init__(self, folder: Path, *actions: str | Task, slots: int) -> None:
        self.folder, self.slots = folder, slots
        tasks = [self._task(number, action) for number, action in enumerate(actions)]
        self.graph = Graph([task.name for task in tasks], [], tasks=tasks, directory=folder)
        self.results: list[Result] = []
        settings = ExecutorSettings("agent", ExecutorKind.SSH)
        environment = dict(os.environ)
        self.requests = Requests(
            self.graph, settings, Resolver(self.graph, environment), environment, "run-1",
            lambda node, attempt: f"{node}.{attempt}", self.graph.labels, str,
        )  # fmt: skip
        self.executor = AgentExecutor(self.requests, folder / "notes", lambda *key: str(self.log_path(*key)))
        self.executor.command = [
            *(sys.executable, "-I", "-S", str(shipped_agent()), "worker", str(folder / "spool"), "0")
        ]
        self.executor.slots = slots
